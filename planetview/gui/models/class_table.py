"""Counts of images per class, the sets side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from planetview.core.datasets import Dataset
from planetview.core.findings import percent
from planetview.core.set_summary import SetSummary
from planetview.gui.models.set_words import role_word
from planetview.gui.models.wording import tr

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class ClassTable(QAbstractTableModel):
    """Rows are classes by name, columns are sets; a set without classes has no column."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sets: list[tuple[Dataset, SetSummary]] = []
        self._classes: list[str] = []

    def show_sets(self, sets: Sequence[tuple[Dataset, SetSummary]]) -> None:
        """Show the classes of these sets."""
        self.beginResetModel()
        self._sets = [(dataset, summary) for dataset, summary in sets if summary.labels]
        self._classes = sorted({label for _, summary in self._sets for label in summary.labels})
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._classes)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._sets)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        dataset, summary = self._sets[index.column()]
        label = self._classes[index.row()]
        count, total = summary.labels.get(label, 0), sum(summary.labels.values())
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{count:,} ({percent(count / total)})" if count else "–"
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return tr("{0} of {1} images of '{2}' are of class '{3}'").format(
                f"{count:,}", f"{total:,}", dataset.name, label
            )
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Vertical:
            if role == Qt.ItemDataRole.DisplayRole and section < len(self._classes):
                return self._classes[section]
        elif section < len(self._sets):
            dataset = self._sets[section][0]
            if role == Qt.ItemDataRole.DisplayRole:
                return dataset.name
            if role == Qt.ItemDataRole.ToolTipRole:
                return f"{dataset.name} · {role_word(dataset.role)}"
        return None
