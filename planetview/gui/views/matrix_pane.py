"""The correlation matrix with its choices: which coefficient, copy, export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QMimeData, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QVBoxLayout, QWidget

from planetview.core.files import write_text_atomically
from planetview.core.results import PairTable
from planetview.gui.models.metric_export import grid_html, grid_tsv
from planetview.gui.theme import Theme
from planetview.gui.turns import Turns
from planetview.gui.views.correlation_matrix import CorrelationMatrix, MatrixView, Method, matrix_cells, matrix_names
from planetview.gui.views.pair_columns import column_label
from planetview.gui.views.panels import GAP
from planetview.gui.widgets.flow import FlowLayout

_LATEX = str.maketrans({c: f"\\{c}" for c in "&%$#_{}"} | {"ρ": r"$\rho$"})


class MatrixPane(QWidget):
    """A `MatrixView` under its choices. Large tables are correlated over several turns of the event loop."""

    cell_chosen = Signal(str, str)  # row name, column name
    notice = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table: PairTable | None = None
        self._name = ""
        self._turns = Turns(self)
        self._matrix = MatrixView(theme)
        self._matrix.setAccessibleName(self.tr("Correlation matrix"))
        self._matrix.cell_chosen.connect(self.cell_chosen)
        self._matrix.notice.connect(self.notice)
        self._matrix.exports.add_file(
            self.tr("Export &LaTeX…"), self._write_latex, ".tex", self.tr("LaTeX table with booktabs (*.tex)")
        )
        self._title = QLabel()
        self._method = QComboBox()
        for method in Method:
            self._method.addItem(method.label, str(method))
        self._method.setAccessibleName(self.tr("Coefficient of the matrix"))
        self._method.setToolTip(
            self.tr("Pearson r measures a straight relation, Spearman ρ any that only rises or only falls.")
        )
        self._method.currentIndexChanged.connect(self._on_method_changed)
        copy = QPushButton(self.tr("Copy matrix"))
        copy.setToolTip(self.tr("Copy all coefficients with every digit, for spreadsheets and documents."))
        copy.clicked.connect(self.copy)
        row = FlowLayout(GAP, GAP)
        for widget in (self._method, self._title, copy, self._matrix.exports.button(self.tr("the matrix"))):
            row.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(row)
        layout.addWidget(self._matrix, 1)

    def show_table(self, table: PairTable, name: str) -> None:
        """Show the coefficients of a pair table; `name` is what people call its pairs."""
        self._turns.begin(self.fill_in(table, name))

    def fill_in(self, table: PairTable, name: str) -> Iterator[None]:
        """Show the matrix of a pair table without coefficients; return the steps that put them in, one by one."""
        self._table, self._name = table, name
        self._title.setText(self.tr("over the pairs of {}").format(name))
        self._turns.stop()
        return self._begin(table)

    def point_at(self, row: str, column: str) -> None:
        """Mark the cell of two columns."""
        self._matrix.point_at(row, column)

    @Slot()
    def copy(self) -> None:
        """Put the matrix on the clipboard as TSV and HTML."""
        grid = self._grid(repr)
        mime = QMimeData()
        mime.setText(grid_tsv(grid))
        mime.setHtml(grid_html(grid))
        QGuiApplication.clipboard().setMimeData(mime)
        self.notice.emit(self.tr("Copied the correlation matrix."))

    def latex(self) -> str:
        """Return the matrix as a booktabs table, two decimals."""
        head, *lines = self._grid(lambda value: f"${value:.2f}$")
        method = self._matrix.matrix.method.label
        caption = f"{method} between pairwise metrics and pair entropy over the pairs of {self._name}."
        body = [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{caption.translate(_LATEX)}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
            r"\toprule",
            " & ".join(cell.translate(_LATEX) for cell in head) + r" \\",
            r"\midrule",
            *(" & ".join([line[0].translate(_LATEX), *(cell or "--" for cell in line[1:])]) + r" \\" for line in lines),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
        return "\n".join(body) + "\n"

    def _write_latex(self, path: Path) -> None:
        write_text_atomically(path, self.latex())

    def _grid(self, number: Callable[[float], str]) -> list[list[str]]:
        matrix = self._matrix.matrix
        names = [column_label(name) for name in matrix.names]
        grid = [["", *names]]
        for row, name in enumerate(names):
            found = (matrix.cells.get((row, column)) for column in range(len(names)))
            grid.append([name, *("" if one is None or one.value is None else number(one.value) for one in found)])
        return grid

    @Slot()
    def _on_method_changed(self) -> None:
        if self._table is not None:
            self._turns.begin(self._begin(self._table))

    def _begin(self, table: PairTable) -> Iterator[None]:
        current = self._matrix.currentIndex()
        method = Method(self._method.currentData())
        empty = CorrelationMatrix(matrix_names(table), {}, method)
        self._matrix.show_matrix(empty)
        if current.isValid():
            self._matrix.setCurrentIndex(self._matrix.model().index(current.row(), current.column()))
        self._matrix.set_caption(self.tr("{} over the pairs of {}").format(method.label, self._name))
        return self._fill(table, empty)

    def _fill(self, table: PairTable, shown: CorrelationMatrix) -> Iterator[None]:
        for row, column, found in matrix_cells(table, shown.method):
            if self._matrix.matrix is not shown:
                return  # another table, or coefficient, was chosen meanwhile
            self._matrix.put(row, column, found)
            yield
