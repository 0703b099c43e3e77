"""The lines of a figure's context menu that copy it or write it to a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import cast

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QFont, QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from planetview.core.errors import UserError
from planetview.gui import plot_export
from planetview.gui.marking import marked
from planetview.gui.plot_export import Figure
from planetview.gui.plots.figure_choices import FIGURES, IMAGE_SCALES, TEXT_SCALES


class ExportMenu(QObject):
    """Adds its lines to the context menu of `widget`, which is a `Figure`, and does what they say."""

    notice = Signal(str)  # what was copied or written, or why not

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._figure = cast(Figure, widget)
        widget.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._add(self.tr("&Copy image"), self._on_copy, QKeySequence(QKeySequence.StandardKey.Copy))
        png = self.tr("PNG image (*.png)")
        for scale in IMAGE_SCALES:
            write = partial(plot_export.export_png, scale=float(scale))
            self._add_file(self.tr("Export PNG (&{0}×)…").format(scale), write, ".png", png)
        self._add_file(self.tr("Export PNG for p&rint (300 dpi)…"), plot_export.export_print_png, ".png", png)
        self._add_file(self.tr("Export &SVG…"), plot_export.export_svg, ".svg", self.tr("SVG drawing (*.svg)"))
        self._add_file(self.tr("Export P&DF…"), plot_export.export_pdf, ".pdf", self.tr("PDF document (*.pdf)"))
        data = self.tr("Comma-separated values (*.csv)")
        self._add_file(self.tr("Export data (CS&V)…"), plot_export.export_data, ".csv", data)
        texts = {f"{scale:.0%}".replace("%", " %"): scale for scale in TEXT_SCALES}
        self._add_choice(
            self.tr("&Text in figures"), texts, lambda: FIGURES.text_scale,
            lambda scale: FIGURES.use(scale, FIGURES.image_scale),
        )  # fmt: skip
        images = {f"{scale}×": float(scale) for scale in IMAGE_SCALES}
        self._add_choice(
            self.tr("Copied i&mages"), images, lambda: float(FIGURES.image_scale),
            lambda scale: FIGURES.use(FIGURES.text_scale, int(scale)),
        )  # fmt: skip

    def button(self, what: str) -> QPushButton:
        """Return a button that opens the same lines; `what` names the figure for people who do not see it."""
        button = QPushButton(self.tr("Export"))
        button.setAccessibleName(self.tr("Export {}").format(what))
        button.setToolTip(self.tr("Copy the figure, or write it or its data to a file. Figures are always light."))
        menu = QMenu(button)
        menu.addActions([action for action in self._widget.actions() if action.parent() is self])
        button.setMenu(menu)
        return button

    def add_file(self, text: str, write: Callable[[Path], None], suffix: str, kinds: str) -> None:
        """Add a line that writes something else than the figure; `write` may raise UserError."""
        self._add_file(text, lambda _figure, path: write(path), suffix, kinds)

    def _add_choice(
        self, title: str, entries: Mapping[str, float], chosen: Callable[[], float], use: Callable[[float], None]
    ) -> None:
        """Add a menu of one choice among scales, which is kept between starts."""
        menu = QMenu(title, self._widget)
        menu.menuAction().setParent(self)
        group = QActionGroup(menu)
        shown = {}
        for text, scale in entries.items():
            action = shown[scale] = menu.addAction(text)
            action.setCheckable(True)
            action.triggered.connect(partial(self._on_choice, use, scale))
            group.addAction(action)
        menu.aboutToShow.connect(lambda: shown[chosen()].setChecked(True))
        self._widget.addAction(menu.menuAction())

    def _on_choice(self, use: Callable[[float], None], scale: float, _checked: bool = False) -> None:
        use(scale)

    @contextmanager
    def _with_text(self) -> Iterator[None]:
        """Let the figure have its text in the size for figures for a moment."""
        before = QFont(self._widget.font())
        size = before.pointSizeF()
        if FIGURES.text_scale == 1.0 or size <= 0:
            yield
            return
        larger = QFont(before)
        larger.setPointSizeF(size * FIGURES.text_scale)
        self._widget.setFont(larger)
        try:
            yield
        finally:
            self._widget.setFont(before)

    def _add(self, text: str, slot: Callable[[], object], keys: QKeySequence | None = None) -> None:
        action = QAction(text, self)
        if keys is not None:
            action.setShortcut(keys)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(slot)
        self._widget.addAction(action)

    def _add_file(self, text: str, write: Callable[[Figure, Path], None], suffix: str, kinds: str) -> None:
        self._add(text, partial(self._export, write, suffix, kinds))

    def _on_copy(self) -> None:
        with self._with_text():
            plot_export.copy_image(marked(self._figure))
        self.notice.emit(self.tr("The plot is on the clipboard."))

    def _export(self, write: Callable[[Figure, Path], None], suffix: str, kinds: str, _checked: bool = False) -> None:
        proposal = self._widget.accessibleName().lower().replace(" ", "-") + suffix
        name, _ = QFileDialog.getSaveFileName(self._widget, self.tr("Export plot"), proposal, kinds)
        if not name:
            return
        path = Path(name) if Path(name).suffix else Path(name + suffix)
        try:
            with self._with_text():
                write(marked(self._figure), path)
        except UserError as error:
            self.notice.emit(f"{error.message} {error.hint}".strip())
        else:
            self.notice.emit(self.tr("Saved {}.").format(path))
