"""An image and its neighbours side by side, as large as the screen allows."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from planetview.core.formatting import format_value
from planetview.core.results import Results
from planetview.gui.models.neighbour_list import Partner, Tile, tile_words
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.image_pane import ImagePane


class CompareDialog(QDialog):
    """The three images of a tile, large; arrow keys step through the grid's order."""

    stepped = Signal(int)  # -1 for the image before, 1 for the one after

    def __init__(self, theme: Theme, thumbs: ThumbnailCache, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWindowTitle(self.tr("Compare with nearest neighbours"))
        self.resize(1080, 520)
        titles = (self.tr("Image"), self.tr("Nearest reference"), self.tr("Nearest held-out"))
        self.panes = tuple(ImagePane(title, theme, thumbs) for title in titles)
        self._words = QLabel(wordWrap=True)
        self._words.setProperty("muted", True)
        images = QHBoxLayout()
        images.setSpacing(16)
        for pane in self.panes:
            images.addWidget(pane, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(images, 1)
        layout.addWidget(self._words)
        layout.addLayout(self._build_buttons())

    def show_tile(self, results: Results, tile: Tile) -> None:
        """Show a tile of these results."""
        colour = self._theme.dataset_colour
        self.panes[0].show_image(tile.dataset, tile.record, colour(results, tile.dataset), tile.record.name)
        for pane, partner in zip(self.panes[1:], (tile.reference, tile.held_out), strict=True):
            pane.setVisible(partner is not None)
            if partner is not None:
                pane.show_image(
                    partner.dataset, partner.record, colour(results, partner.dataset), _partner_caption(partner)
                )
        # The captions under the images say the rest.
        first, *_, last = tile_words(tile)
        self._words.setText(f"{first} · ▲ {last}" if tile.is_much_nearer else first)

    def _build_buttons(self) -> QHBoxLayout:
        before = QPushButton(self.tr("← Previous"))
        before.clicked.connect(self._on_before)
        after = QPushButton(self.tr("Next →"))
        after.clicked.connect(self._on_after)
        close = QPushButton(self.tr("Close"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        QShortcut(QKeySequence(Qt.Key.Key_Left), self, self._on_before)
        QShortcut(QKeySequence(Qt.Key.Key_Right), self, self._on_after)
        row = QHBoxLayout()
        row.addWidget(before)
        row.addWidget(after)
        row.addStretch(1)
        row.addWidget(close)
        return row

    @Slot()
    def _on_before(self) -> None:
        self.stepped.emit(-1)

    @Slot()
    def _on_after(self) -> None:
        self.stepped.emit(1)


def _partner_caption(partner: Partner) -> str:
    return f"{format_value(partner.distance)} · {partner.record.name}"
