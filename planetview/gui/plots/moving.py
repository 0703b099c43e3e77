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
_ZOOMS = {Qt.Key.Key_Plus: _ZOOM_STEP, Qt.Key.Key_Equal: _ZOOM_STEP, Qt.Key.Key_Minus: 1 / _ZOOM_STEP}


def move_view(view_box: Any, key: Qt.Key) -> bool:
    """Do what a key does to a view box of pyqtgraph; return whether it does anything."""
    if key in _ZOOMS:
        view_box.scaleBy((_ZOOMS[key], _ZOOMS[key]))
    elif key in _PANS:
        view, (x, y) = view_box.viewRect(), _PANS[key]
        view_box.translateBy(x=x * _PAN_STEP * view.width(), y=y * _PAN_STEP * view.height())
    else:
        return False
    return True
