"""The keys that zoom a plot and move its view."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt

_ZOOM_STEP = 0.8
_PAN_STEP = 0.1
_PANS = {
    Qt.Key.Key_Left: (-1.0, 0.0),
    Qt.Key.Key_Right: (1.0, 0.0),
    Qt.Key.Key_Up: (0.0, 1.0),
    Qt.Key.Key_Down: (0.0, -1.0),
}


def zoom_view(view_box: Any, *, is_in: bool) -> None:
    """Show a smaller part of a view box of pyqtgraph, or a larger one."""
    step = _ZOOM_STEP if is_in else 1 / _ZOOM_STEP
    view_box.scaleBy((step, step))


def move_view(view_box: Any, key: Qt.Key) -> bool:
    """Do what an arrow key does to a view box of pyqtgraph; return False for other keys."""
    if key not in _PANS:
        return False
    view, (x, y) = view_box.viewRect(), _PANS[key]
    view_box.translateBy(x=x * _PAN_STEP * view.width(), y=y * _PAN_STEP * view.height())
    return True
