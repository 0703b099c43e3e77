"""The overview page: every number of a study in one table, with what each means."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from planetview import __version__
from planetview.core.catalogue import Family
from planetview.core.datasets import Role
from planetview.core.formatting import format_count
from planetview.core.generation import PathLengthResult
from planetview.core.results import MetricValue, Results
from planetview.core.selection import SelectionState
from planetview.core.settings import RunSettings
from planetview.gui.models.literature_words import literature_html
from planetview.gui.models.metric_details import cell_html, floor_html, metric_html
from planetview.gui.models.metric_table import MetricRow, MetricTableModel, family_help, family_title
from planetview.gui.models.missing_weights import lacking_weights
from planetview.gui.models.wording import finding, tr
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.metric_view import MetricTableView
from planetview.gui.views.panels import GAP, empty_state, side_by_side
from planetview.gui.views.path_length_block import PathLengthBlock
from planetview.gui.views.table_export import TableExport

_FINDINGS_LINES = 6
_DETAILS_WIDTH = 240


class OverviewPage(QWidget):
    """One table of all metrics and candidates, a finding per candidate above, the current cell explained beside."""

    notice = Signal(str)  # what was copied or written, for the status bar
    weights_wanted = Signal(str)  # weights id that the current cell lacks
    literature_toggled = Signal(bool)

    def __init__(
        self,
        selection: SelectionState,
        theme: Theme,
        thumbs: ThumbnailCache,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._results: Results | None = None
        self._is_running = False
        self._model = MetricTableModel(self)
        self._empty = empty_state(self.tr("No numbers yet. Choose a reference and a candidate, then press Run."))
        self._content = QWidget()
        self._path_lengths = PathLengthBlock(theme, is_brief=True)
        numbers = QWidget(self)
        self._stack = QStackedLayout(numbers)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(numbers, 1)
        column.addWidget(self._path_lengths)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._content)
        self._details_html = self._wanted_html = ""
        self._lacking: str | None = None
        # Several signals at once change the current cell, and laying its text out takes 10 ms: a turn of its own.
        self._explaining = QTimer(self, singleShot=True, interval=0)
        self._explaining.timeout.connect(self._explain)
        # So does the strip of warnings, which moves everything below it when it appears.
        self._warning = QTimer(self, singleShot=True, interval=0)
        self._warning.timeout.connect(self._warn)
        self._build_content()
        theme.changed.connect(self._on_theme_changed)

    def prepare(self) -> Iterator[None]:
        """Nothing is left for later: this page is whole from the beginning."""
        return iter(())

    def show_results(self, results: Results | None) -> None:
        """Show a finished run; None empties the page."""
        self._results, self._is_running = results, False
        self._model.show(results.values if results is not None else ())
        self._refresh()

    def expect(self, candidates: tuple[str, ...], settings: RunSettings) -> None:
        """Show which numbers a run that begins now will give; its values arrive by `show_partial`."""
        self._results, self._is_running = None, True
        self._model.expect(candidates, settings)
        self._refresh()

    def show_partial(self, values: tuple[MetricValue, ...]) -> None:
        """Add values of a run that goes on; the first of them replace an earlier run's."""
        if not self._is_running:
            self._results, self._is_running = None, True
            self._model.show(())
        self._model.add(values)
        self._refresh()

    def show_path_lengths(self, found: tuple[PathLengthResult, ...]) -> None:
        """Show what was measured on generators, beside what was measured on images."""
        self._path_lengths.show_path_lengths(found)

    def show_literature(self, is_shown: bool) -> None:
        """Show or hide the column of published values."""
        self._model.show_literature(is_shown)
        self._literature.setChecked(is_shown)

    def _build_content(self) -> None:
        self._findings = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self._findings.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._findings.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._findings.setAccessibleName(self.tr("Findings"))
        self._findings_area = QScrollArea(widgetResizable=True)
        self._findings_area.setFrameShape(QFrame.Shape.NoFrame)
        self._findings_area.setWidget(self._findings)
        self._findings_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._strip = _WarningStrip()
        self._table = MetricTableView(self._model, self._theme)
        self._export = TableExport(self._model, self._table, self._version)
        self._export.notice.connect(self.notice)
        self._details = QTextBrowser(openLinks=False)
        self._details.setFrameShape(QFrame.Shape.NoFrame)
        self._details.setAccessibleName(self.tr("About the current row"))
        self._models = QPushButton(self.tr("Open Models"))
        self._models.setToolTip(self.tr("Get the weights that this number lacks"))
        self._models.hide()
        self._literature = QAction(self.tr("Literature column"), self, checkable=True)
        header = self._table.horizontalHeader()
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        header.addAction(self._literature)
        layout = QVBoxLayout(self._content)
        layout.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, GAP)
        layout.setSpacing(GAP)
        layout.addWidget(self._findings_area)
        layout.addWidget(self._strip)
        layout.addWidget(side_by_side(self._table, _above(self._details, self._models), _DETAILS_WIDTH), 1)
        layout.addLayout(self._build_foot())
        self.setFocusProxy(self._table)
        self.setTabOrder(self._table, self._details)
        self.setTabOrder(self._details, self._models)
        self.setTabOrder(self._models, self._strip.more)
        self._models.clicked.connect(self._on_models)
        self._literature.triggered.connect(self.literature_toggled)
        self._table.current_changed.connect(self._on_current_changed)
        self._table.copy_requested.connect(self._export.copy)
        self._model.dataChanged.connect(self._on_values_changed)

    def _version(self) -> str:
        made_by = None if self._results is None else self._results.provenance.get("planetview")
        return str(made_by or __version__)

    def _build_foot(self) -> QHBoxLayout:
        legend = QLabel(
            self.tr("↓ lower is better   ↑ higher is better   ★ best, where the intervals of all others are separate"),
            wordWrap=True,
        )
        legend.setProperty("muted", True)
        foot = QHBoxLayout()
        foot.setSpacing(GAP)
        foot.addWidget(legend, 1)
        for button in self._export.buttons():
            foot.addWidget(button)
        return foot

    def _refresh(self) -> None:
        has_rows = bool(self._model.rows)
        self._stack.setCurrentWidget(self._content if has_rows else self._empty)
        self._warning.start()
        # Shows the findings too, which take their colours from the theme.
        self._on_theme_changed()
        self._on_current_changed(self._table.currentIndex())

    @Slot()
    def _warn(self) -> None:
        self._strip.show_warnings(warnings_of(self._results) if self._results is not None else ())

    def _show_findings(self) -> None:
        lines = []
        for name in self._model.candidates:
            # A line must not break between a number and its percent sign.
            text = finding(name, self._model.values).replace(" %", "\N{NO-BREAK SPACE}%")
            square = f'<span style="color:{self._colour(name)}">■</span>'
            lines.append(f'<p style="margin:0 0 4px 0">{square} <b>{escape(name)}</b>: {escape(text)}</p>')
        self._findings.setText("".join(lines))
        self._fit_findings()

    def _fit_findings(self) -> None:
        """Give the findings the height that their lines take at this width, up to some lines."""
        line = self.fontMetrics().lineSpacing() + 4
        wanted = self._findings.heightForWidth(self._findings_area.width())
        self._findings_area.setFixedHeight(min(max(line, wanted), _FINDINGS_LINES * line))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_findings()

    def _colour(self, candidate: str) -> str:
        if self._results is not None:
            return self._theme.dataset_colour(self._results, candidate)
        return self._theme.role_colour(Role.CANDIDATE, self._model.candidates.index(candidate))

    @Slot()
    def _on_theme_changed(self) -> None:
        self._model.use_colours({name: self._colour(name) for name in self._model.candidates})
        self._show_findings()
        self._table.viewport().update()

    @Slot()
    def _on_values_changed(self) -> None:
        self._on_current_changed(self._table.currentIndex())

    @Slot(QModelIndex)
    def _on_current_changed(self, current: QModelIndex) -> None:
        item = self._model.rows[current.row()] if current.isValid() else None
        if not isinstance(item, MetricRow):
            self._models.hide()
            self._show_details("" if item is None else _family_html(item))
            return
        value = self._model.value_at(current.row(), current.column())
        self._lacking = None if value is None else lacking_weights(value)
        self._models.setVisible(self._lacking is not None)
        about = metric_html(item.metric, item.extractor)
        if self._model.is_literature(current.column()):
            self._show_details(literature_html(item.metric, item.extractor) + "<hr>" + about)
            return
        is_floor = self._model.candidate_at(current.column()) is None
        own = "" if value is None else floor_html(value) if is_floor else cell_html(value)
        self._show_details((own + "<hr>" if own else "") + about)

    @Slot()
    def _on_models(self) -> None:
        if self._lacking is not None:
            self.weights_wanted.emit(self._lacking)

    def _show_details(self, html: str) -> None:
        self._wanted_html = html
        self._explaining.start()

    @Slot()
    def _explain(self) -> None:
        if self._wanted_html != self._details_html:
            self._details_html = self._wanted_html
            self._details.setHtml(self._wanted_html)


def warnings_of(results: Results) -> tuple[str, ...]:
    """Return what to know before trusting the numbers: the run's warnings, then images left out."""
    lines = list(results.warnings)
    for name, images in results.unusable.items():
        if images:
            lines.append(tr("{0}: left out during the run: {1}.").format(name, _first_of(images)))
    for dataset in results.datasets:
        if dataset.skipped:
            skipped = tuple((image.name, image.reason) for image in dataset.skipped)
            lines.append(tr("{0}: left out by the scan: {1}.").format(dataset.name, _first_of(skipped)))
    return tuple(lines)


def _first_of(images: tuple[tuple[str, str], ...]) -> str:
    name, reason = images[0]
    more = tr(" and {0} more").format(format_count(len(images) - 1)) if len(images) > 1 else ""
    return f"{name}: {reason}{more}"


class _WarningStrip(QFrame):
    """Warnings on one quiet line; a button shows all of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("tone", "warning")
        self._warnings: tuple[str, ...] = ()
        self._text = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.more = QPushButton()
        self.more.setCheckable(True)
        self.more.setProperty("quiet", True)
        self.more.toggled.connect(self._show_lines)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 4, 8, 4)
        layout.addWidget(self._text, 1)
        layout.addWidget(self.more, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def show_warnings(self, warnings: tuple[str, ...]) -> None:
        """Show these warnings, or nothing at all where there are none."""
        self._warnings = warnings
        self.more.setChecked(False)
        self._show_lines()

    @Slot()
    def _show_lines(self) -> None:
        shown = self._warnings if self.more.isChecked() else self._warnings[:1]
        self._text.setText("\n".join(f"⚠ {warning}" for warning in shown))
        self.more.setVisible(len(self._warnings) > 1)
        hidden = len(self._warnings) - 1
        self.more.setText(self.tr("Show less") if self.more.isChecked() else self.tr("{0} more").format(hidden))
        self.setVisible(bool(self._warnings))


def _above(upper: QWidget, lower: QWidget) -> QWidget:
    both = QWidget()
    layout = QVBoxLayout(both)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GAP)
    layout.addWidget(upper, 1)
    layout.addWidget(lower)
    return both


def _family_html(family: Family) -> str:
    return f"<p><b>{escape(family_title(family))}</b></p><p>{escape(family_help(family))}</p>"
