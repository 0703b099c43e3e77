"""The metric table as a file or on the clipboard, in the format that a person chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from planetview.core.errors import UserError
from planetview.core.files import write_text_atomically
from planetview.core.results import MetricValue
from planetview.core.table_formats import values_latex, values_markdown
from planetview.core.tables import values_csv, values_json
from planetview.gui.models.metric_export import grid_html, grid_tsv, table_grid
from planetview.gui.models.metric_rows import MetricRow
from planetview.gui.models.metric_table import MetricTableModel
from planetview.gui.models.wording import tr
from planetview.gui.views.metric_view import MetricTableView

_Writer = Callable[[Iterable[MetricValue], str], str]
_CSV = ".csv"
_FORMATS: dict[str, tuple[str, _Writer]] = {
    _CSV: ("Comma-separated values (*.csv)", lambda values, _version: values_csv(values)),
    ".json": ("JSON (*.json)", values_json),
    ".md": ("Markdown (*.md)", values_markdown),
    ".tex": ("LaTeX table with booktabs (*.tex)", values_latex),
}


class TableExport(QObject):
    """Copies and writes what a table shows; makes the buttons for it.

    version: returns the version of PlanetView that made the numbers.
    """

    notice = Signal(str)  # what was copied or written

    def __init__(self, model: MetricTableModel, table: MetricTableView, version: Callable[[], str]) -> None:
        super().__init__(table)
        self._model, self._table, self._version = model, table, version

    def buttons(self) -> tuple[QPushButton, ...]:
        """Return new buttons: copy, copy as, export."""
        copy = QPushButton(self.tr("Copy table"))
        copy.setToolTip(
            self.tr("Copy the chosen block, or all that is shown, as a table for spreadsheets and documents (Ctrl+C).")
        )
        copy.clicked.connect(self.copy)
        copy_as = QPushButton(self.tr("Copy as"))
        copy_as.setToolTip(self.tr("Copy the chosen block, or all that is shown, as text for notes or a paper."))
        menu = QMenu(copy_as)
        for text, suffix in ((self.tr("&Markdown"), ".md"), (self.tr("&LaTeX (booktabs)"), ".tex")):
            menu.addAction(text).triggered.connect(partial(self._on_copy_as, suffix))
        copy_as.setMenu(menu)
        export = QPushButton(self.tr("Export…"))
        export.setToolTip(
            self.tr("Write all values as a file: CSV and JSON with every digit, Markdown and LaTeX for reading.")
        )
        export.clicked.connect(self.export)
        return copy, copy_as, export

    @Slot()
    def copy(self) -> None:
        """Put the chosen block, or the whole table, on the clipboard as TSV and HTML."""
        rows, names = self._chosen()
        grid = table_grid(self._model, rows, names)
        mime = QMimeData()
        mime.setText(grid_tsv(grid))
        mime.setHtml(grid_html(grid))
        QGuiApplication.clipboard().setMimeData(mime)
        self._tell_copied(len(grid) - 1, len(names))

    @Slot()
    def export(self) -> None:
        """Ask for a place and a format, and write every value there."""
        path = self.ask_path()
        if path is None:
            return
        _, write = _FORMATS[path.suffix.lower()]
        try:
            write_text_atomically(path, write(self._model.ordered_values(), self._version()))
        except UserError as error:
            self.notice.emit(f"{error.message} {error.hint}".strip())
        else:
            self.notice.emit(self.tr("Wrote {0}.").format(path))

    def ask_path(self) -> Path | None:
        """Ask where to write the table; None when the question was dismissed.

        The suffix of the answer is one of the formats: a name with another gets that of the chosen kind.
        """
        kinds = {tr(words): suffix for suffix, (words, _) in _FORMATS.items()}
        parent: QWidget = self._table
        name, kind = QFileDialog.getSaveFileName(
            parent, self.tr("Export the table"), f"metrics{_CSV}", ";;".join(kinds), next(iter(kinds))
        )
        if not name:
            return None
        path = Path(name)
        return path if path.suffix.lower() in _FORMATS else Path(name + kinds.get(kind, _CSV))

    def _on_copy_as(self, suffix: str, _checked: bool = False) -> None:
        rows, names = self._chosen()
        _, write = _FORMATS[suffix]
        found = self._values(rows, names)
        QGuiApplication.clipboard().setText(write(found, self._version()))
        self._tell_copied(len({(value.metric, value.extractor) for value in found}), len(names))

    def _values(self, rows: Iterable[int], names: Sequence[str]) -> list[MetricValue]:
        """Return the values of some rows and candidates in the order of the table."""
        items = [item for item in (self._model.rows[row] for row in rows) if isinstance(item, MetricRow)]
        found = (self._model.value_of(item, name) for item in items for name in names)
        return [value for value in found if value is not None]

    def _chosen(self) -> tuple[list[int], list[str]]:
        rows, columns = self._table.chosen_block()
        chosen = (self._model.candidate_at(column) for column in columns)
        return list(rows), [name for name in chosen if name is not None] or list(self._model.candidates)

    def _tell_copied(self, metrics: int, candidates: int) -> None:
        self.notice.emit(self.tr("Copied {0} metrics of {1} candidates.").format(metrics, candidates))
