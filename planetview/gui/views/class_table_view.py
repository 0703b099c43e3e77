"""The table of classes, as high as its rows up to a few, copied as text with tabs."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from planetview.gui.models.class_table import ClassTable

_MOST_ROWS = 10


class ClassTableView(QTableView):
    """Shows a `ClassTable`; Copy takes all of it, headings too."""

    def __init__(self, model: ClassTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Images per class in each set"))
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        model.modelReset.connect(self._fit)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def copy(self) -> None:
        """Put the whole table on the clipboard."""
        model = self.model()
        across, down = range(model.columnCount()), range(model.rowCount())
        lines = [["", *(str(model.headerData(column, Qt.Orientation.Horizontal)) for column in across)]]
        for row in down:
            name = str(model.headerData(row, Qt.Orientation.Vertical))
            lines.append([name, *(str(model.index(row, column).data()) for column in across)])
        QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in lines))

    def _fit(self) -> None:
        rows = min(self.model().rowCount(), _MOST_ROWS)
        line = self.verticalHeader().defaultSectionSize()
        head = self.horizontalHeader().sizeHint().height()
        scroll_bar = self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(head + rows * line + scroll_bar + 2 * self.frameWidth())
        self.resizeColumnsToContents()
