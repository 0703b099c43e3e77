"""One image, as large as its place allows, with its caption; the menu copies its path or opens its folder."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QColor, QFont, QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from planetview.core.datasets import ImageRecord
from planetview.gui.reveal import reveal
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.tile_painting import paint_elided, paint_thumbnail

# Sizes are taken in steps, so that dragging an edge does not decode the image anew for every pixel.
_EDGE_STEP = 64


def path_text(record: ImageRecord) -> str:
    """Return where an image is, for people and the clipboard; a zip member after its zip."""
    return str(record.path) if record.member is None else f"{record.path} → {record.member}"


class ImagePane(QWidget):
    """Shows one image of a dataset, scaled to fit, under a coloured caption."""

    path_copied = Signal(str)
    not_revealed = Signal(str)  # why no folder was opened

    def __init__(self, role: str, theme: Theme, thumbs: ThumbnailCache, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._role = role
        self._theme = theme
        self._thumbs = thumbs
        self._dataset = ""
        self._record: ImageRecord | None = None
        self._colour = ""
        self._caption = ""
        self.setMinimumSize(96, 96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.copy_action = QAction(self.tr("Copy path"), self)
        self.copy_action.triggered.connect(self.copy_path)
        self.reveal_action = QAction(self.tr("Show in file manager"), self)
        self.reveal_action.triggered.connect(self.reveal)
        self.addActions([self.copy_action, self.reveal_action])
        thumbs.refreshed.connect(self.update)
        theme.changed.connect(self.update)

    @property
    def record(self) -> ImageRecord | None:
        """The image shown, or None."""
        return self._record

    def set_role(self, role: str) -> None:
        """Change what stands above the image; `show_image` follows."""
        self._role = role

    def show_image(self, dataset: str, record: ImageRecord | None, colour: str, caption: str) -> None:
        """Show an image of a dataset; None leaves the pane empty, with the caption as the reason."""
        self._dataset, self._record, self._colour, self._caption = dataset, record, colour, caption
        name = record.name if record is not None else ""
        self.setAccessibleName(f"{self._role}: {name or self.tr('none')}")
        self.setAccessibleDescription(caption)
        self.setToolTip(path_text(record) if record is not None else "")
        for action in (self.copy_action, self.reveal_action):
            action.setEnabled(record is not None)
        self.update()

    @Slot()
    def copy_path(self) -> None:
        """Put the path of the image on the clipboard."""
        if self._record is not None:
            QGuiApplication.clipboard().setText(path_text(self._record))
            self.path_copied.emit(path_text(self._record))

    @Slot()
    def reveal(self) -> None:
        """Open the folder of the image, or of the zip that holds it."""
        if self._record is not None and not reveal(self._record.path):
            self.not_revealed.emit(self.tr("Cannot open the folder of {0}.").format(self._record.path))

    def sizeHint(self) -> QSize:
        return QSize(220, 250)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        tokens = self._theme.tokens
        line = self.fontMetrics().height()
        bold = QFont(self.font())
        bold.setBold(True)
        painter.setFont(bold)
        painter.setPen(QColor(tokens.text))
        paint_elided(painter, QRect(0, 0, self.width(), line), self._role)
        painter.fillRect(QRect(0, line + 2, self.width(), 3), QColor(self._colour or tokens.border))
        painter.setFont(self.font())
        field = QRect(0, line + 9, self.width(), self.height() - 2 * line - 15)
        caption = QRect(0, self.height() - line, self.width(), line)
        if self._record is not None:
            edge = max(_EDGE_STEP, min(field.width(), field.height()) // _EDGE_STEP * _EDGE_STEP)
            pixmap = self._thumbs.get(self._record, edge, self._dataset, self.devicePixelRatioF())
            area = field if pixmap is None else _fitted(field, pixmap.deviceIndependentSize().toSize())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            if pixmap is not None:
                painter.drawPixmap(area, pixmap)
            else:
                paint_thumbnail(painter, area, None, self._thumbs.problem(self._record, self._dataset), tokens)
        else:
            painter.fillRect(field, QColor(tokens.surface_alt))
        painter.setPen(QColor(tokens.text_muted))
        paint_elided(painter, caption, self._caption, middle=True)
        painter.end()


def _fitted(field: QRect, size: QSize) -> QRect:
    fitted = size.scaled(field.size(), Qt.AspectRatioMode.KeepAspectRatio)
    area = QRect(field.topLeft(), fitted)
    area.moveCenter(field.center())
    return area
