"""A tree whose arrows can be seen on chosen rows too."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, Qt
from PySide6.QtGui import QPainter, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QTreeView

_REACH_SHARE = 0.22


class BranchTree(QTreeView):
    """Draws the arrows of rows in the colour of their text; the style draws all of them in that of unchosen rows."""

    def drawBranches(self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex) -> None:
        if not self.model().hasChildren(index):
            return
        is_chosen = self.selectionModel().isSelected(index)
        role = QPalette.ColorRole.HighlightedText if is_chosen else QPalette.ColorRole.Text
        group = QPalette.ColorGroup.Active if self.isEnabled() else QPalette.ColorGroup.Disabled
        edge = min(self.indentation(), rect.height())
        reach = _REACH_SHARE * edge
        x, y = rect.right() + 1 - self.indentation() / 2, rect.center().y() + 0.5
        corners = [QPointF(-reach / 2, -reach), QPointF(reach / 2, 0), QPointF(-reach / 2, reach)]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(x, y)
        if self.isExpanded(index):
            painter.rotate(90)
        pen = QPen(self.palette().color(group, role), max(1.4, 0.09 * edge))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF(corners))
        painter.restore()
