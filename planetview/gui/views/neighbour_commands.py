"""What the commands of the neighbours page do to the images they are for."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from planetview.gui.models.neighbour_list import NeighbourListModel
from planetview.gui.views.list_export import ListExport
from planetview.gui.views.neighbour_actions import NeighbourActions
from planetview.gui.views.neighbour_marks import ImageMarks
from planetview.gui.views.shown_set import ShownSet


class NeighbourCommands(QObject):
    """Marks and lists the images of `shown` that `model` shows; says what was done."""

    notice = Signal(str)

    def __init__(
        self,
        actions: NeighbourActions,
        shown: ShownSet,
        model: NeighbourListModel,
        marks: ImageMarks,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._actions, self._shown, self._model, self._marks = actions, shown, model, marks
        self.export = ListExport(parent)
        self.export.notice.connect(self.notice)
        actions.flag.triggered.connect(self._on_flag)
        actions.exclude.triggered.connect(self._on_exclude)
        actions.copy_list.triggered.connect(self._on_copy_list)
        actions.export.triggered.connect(self._on_export)
        for rating, action in enumerate(actions.rate):
            action.triggered.connect(partial(self._on_rate, rating))
        for action in (actions.flag, actions.exclude, *actions.rate):
            action.setVisible(marks.is_possible)

    def describe(self) -> None:
        """Say in every command what it would do to how many images."""
        targets, has_current = self._shown.targets(self._model.order), self._shown.current is not None
        self._actions.describe(targets, self._shown.masks, has_current=has_current, shown=self._model.rowCount())

    @Slot()
    def _on_flag(self) -> None:
        targets, masks = self._shown.targets(self._model.order), self._shown.masks
        if self._shown.found is not None and masks is not None:
            self._marks.set_flagged(self._shown.found.query, targets, not masks.flagged[targets].all())

    @Slot()
    def _on_exclude(self) -> None:
        targets, masks = self._shown.targets(self._model.order), self._shown.masks
        if self._shown.found is not None and masks is not None:
            self._marks.set_excluded(self._shown.found.query, targets, not masks.excluded[targets].all())

    def _on_rate(self, rating: int) -> None:
        targets = self._shown.targets(self._model.order)
        if self._shown.found is not None:
            self._marks.set_rating(self._shown.found.query, targets, rating)
            # Where nothing changed, Qt has taken the tick away all the same.
            self.describe()

    @Slot()
    def _on_copy_list(self) -> None:
        if (rows := self._shown.listed(self._model.order)) is not None:
            self.export.copy(rows)

    @Slot()
    def _on_export(self) -> None:
        if (rows := self._shown.listed(self._model.order)) is not None:
            self.export.ask(rows)
