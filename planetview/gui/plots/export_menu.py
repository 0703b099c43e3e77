"""The lines of a plot's context menu that copy it or write it to a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QFileDialog

from planetview.core.errors import UserError
from planetview.gui import plot_export

if TYPE_CHECKING:
    from planetview.gui.plots.base import PlotBase

PNG_SCALES = (1, 2, 4)


class ExportMenu(QObject):
    """Adds its lines to the context menu of `plot` and does what they say; belongs to the plot."""

    def __init__(self, plot: PlotBase) -> None:
        super().__init__(plot)
        self._plot = plot
        plot.add_menu_action(self.tr("&Copy image"), self._on_copy, QKeySequence(QKeySequence.StandardKey.Copy))
        png = self.tr("PNG image (*.png)")
        for scale in PNG_SCALES:
            write = partial(plot_export.export_png, scale=float(scale))
            self._add(self.tr("Export PNG (&{0}×)…").format(scale), write, ".png", png)
        self._add(self.tr("Export &SVG…"), plot_export.export_svg, ".svg", self.tr("SVG drawing (*.svg)"))
        self._add(self.tr("Export P&DF…"), plot_export.export_pdf, ".pdf", self.tr("PDF document (*.pdf)"))
        data = self.tr("Comma-separated values (*.csv)")
        self._add(self.tr("Export data (CS&V)…"), plot_export.export_data, ".csv", data)

    def _add(self, text: str, write: Callable[[PlotBase, Path], None], suffix: str, kinds: str) -> None:
        self._plot.add_menu_action(text, partial(self._export, write, suffix, kinds), QKeySequence())

    def _on_copy(self) -> None:
        plot_export.copy_image(self._plot)
        self._plot.notice.emit(self.tr("The plot is on the clipboard."))

    def _export(self, write: Callable[[PlotBase, Path], None], suffix: str, kinds: str, _checked: bool = False) -> None:
        plot = self._plot
        proposal = plot.accessibleName().lower().replace(" ", "-") + suffix
        name, _ = QFileDialog.getSaveFileName(plot, self.tr("Export plot"), proposal, kinds)
        if not name:
            return
        path = Path(name) if Path(name).suffix else Path(name + suffix)
        try:
            write(plot, path)
        except UserError as error:
            plot.notice.emit(f"{error.message} {error.hint}".strip())
        else:
            plot.notice.emit(self.tr("Saved {}.").format(path))
