"""The menu that chooses, moves and sorts by the columns of the metric table."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from planetview.gui.models.metric_columns import BAR, INTERVAL, Column, ColumnChoice, ColumnKind, column_title
from planetview.gui.models.metric_table import MetricTableModel
from planetview.gui.models.wording import tr


class ColumnMenu(QMenu):
    """Offers every column to show or hide, the parts of the cells, and for one column what a person does with it.

    about: the column whose heading was clicked; None for the button, which means all columns.
    """

    chosen = Signal(object)  # ColumnChoice
    sort_wanted = Signal(str, bool)  # id of a candidate's column, best first

    def __init__(self, model: MetricTableModel, parent: QWidget, about: int | None = None) -> None:
        super().__init__(tr("Columns"), parent)
        self._model, self._about = model, about
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.fill)
        self.triggered.connect(self._on_triggered)

    @Slot()
    def fill(self) -> None:
        """Offer what there is now."""
        self.clear()
        choice = self._model.column_choice
        if self._about is not None and self._about < len(self._model.columns):
            self._add_column_actions(self._model.columns[self._about])
        shown = {column.kind for column in self._model.columns}
        for column in choice.columns(self._model.candidates):
            action = self._add_toggle(column_title(column).replace("&", "&&"), column.id)
            if column.kind is ColumnKind.FLOOR and choice.shows(column.id) and ColumnKind.FLOOR not in shown:
                action.setText(tr("Noise floor (in each cell: sample sizes differ)"))
                action.setEnabled(False)
        self.addSeparator()
        self._add_toggle(tr("Intervals in the cells"), INTERVAL)
        self._add_toggle(tr("Bars for times the floor"), BAR)
        self.addSeparator()
        self.addAction(tr("Columns as at first")).triggered.connect(lambda: self.chosen.emit(ColumnChoice()))

    def _add_column_actions(self, column: Column) -> None:
        if column.kind is ColumnKind.CANDIDATE:
            self.addAction(tr("Sort: worst first")).triggered.connect(lambda: self.sort_wanted.emit(column.id, False))
            self.addAction(tr("Sort: best first")).triggered.connect(lambda: self.sort_wanted.emit(column.id, True))
        for text, step in ((tr("Move left"), -1), (tr("Move right"), 1)):
            moved = moved_column(self._model, column, step)
            action = self.addAction(text)
            action.setEnabled(moved is not None)
            action.triggered.connect(partial(self._on_moved, moved))
        hidden = self._model.column_choice.with_shown(column.id, False)
        self.addAction(tr("Hide this column")).triggered.connect(lambda: self.chosen.emit(hidden))
        self.addSeparator()

    def _add_toggle(self, text: str, id: str) -> QAction:
        action = self.addAction(text)
        action.setCheckable(True)
        action.setChecked(self._model.column_choice.shows(id))
        action.setData(id)
        return action

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        if id := action.data():
            self.chosen.emit(self._model.column_choice.with_shown(id, action.isChecked()))

    def _on_moved(self, choice: ColumnChoice | None, _checked: bool = False) -> None:
        if choice is not None:
            self.chosen.emit(choice)


def moved_column(model: MetricTableModel, column: Column, step: int) -> ColumnChoice | None:
    """Return the choice with one shown column a place further left (-1) or right (1), or None at the end."""
    shown = list(model.columns)
    place = shown.index(column)
    if not 0 <= place + step < len(shown):
        return None
    shown[place], shown[place + step] = shown[place + step], shown[place]
    return reordered(model, [item.id for item in shown])


def reordered(model: MetricTableModel, shown: list[str]) -> ColumnChoice:
    """Return the choice with the shown columns in this order; hidden ones stay where they are."""
    choice, new = model.column_choice, iter(shown)
    ids = [column.id for column in choice.columns(model.candidates)]
    return replace(choice, order=tuple(next(new) if id in shown else id for id in ids))
