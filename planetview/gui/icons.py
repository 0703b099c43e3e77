"""Icons from SVG files, drawn in the theme's colours."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QWidget

from planetview.core.paths import resource

# Large enough for a 32 px icon at 200 %; Qt scales it down.
_EDGE_PX = 64


def icon(name: str, colour: str, disabled: str = "") -> QIcon:
    """Return the icon `resources/icons/<name>.svg` with `colour` ("#rrggbb") as its ink, `disabled` while disabled."""
    drawn = QIcon(icon_pixmap(name, colour, _EDGE_PX))
    if disabled:
        drawn.addPixmap(icon_pixmap(name, disabled, _EDGE_PX), QIcon.Mode.Disabled)
    return drawn


def icon_pixmap(name: str, colour: str, edge_px: int, ratio: float = 1.0) -> QPixmap:
    """Return the same drawing as a pixmap of `edge_px` logical pixels."""
    source = _drawing(name).replace("currentColor", colour)
    renderer = QSvgRenderer(QByteArray(source.encode("utf-8")))
    pixmap = QPixmap(round(edge_px * ratio), round(edge_px * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(pixmap.rect()))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def square_beside(widget: QWidget) -> QSize:
    """Return the size of an icon that stands in a line of the widget's text."""
    edge = widget.fontMetrics().height()
    return QSize(edge, edge)


@lru_cache(maxsize=128)
def _drawing(name: str) -> str:
    return resource(f"icons/{name}.svg").read_text(encoding="utf-8")
