"""The images behind what is chosen in the entropy histogram: how many, which one is current, and each as a tile."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from planetview.core.results import Results
from planetview.core.selection import ImageRef
from planetview.gui.models.entropy_series import EntropySeries
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.entropy_choice import Mask, tiles_of
from planetview.gui.views.panels import GAP, fill_column
from planetview.gui.views.tile_strip import TileStrip

Place = tuple[EntropySeries, int]
"""A curve, and the place of one of its values."""


class EntropyImages(QWidget):
    """Tiles of images, or of pairs, under their number, and a button that selects none."""

    picked = Signal(object)  # ImageRef of the first image of the tile
    cleared = Signal()

    def __init__(self, theme: Theme, thumbs: ThumbnailCache, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._results: Results | None = None
        self._series: list[EntropySeries] = []
        self._places: npt.NDArray[np.intp] = np.empty((0, 2), dtype=np.intp)
        self._count = QLabel(wordWrap=True)
        self._clear = QPushButton(self.tr("Clear selection"))
        self._clear.clicked.connect(self.cleared)
        self._strip = TileStrip(theme, thumbs, 1)
        self._strip.setAccessibleName(self.tr("Selected images"))
        self._strip.set_empty_text(self.tr("Click a bar of the histogram, or drag over several, to see their images."))
        self._strip.picked.connect(self.picked)
        fill_column(self, self._count, self._clear, self._strip, right=GAP)

    def use(self, results: Results, series: list[EntropySeries]) -> None:
        """Take images from these curves from now on."""
        self._results, self._series = results, series

    def show_none(self) -> None:
        """Take the tiles away."""
        self._strip.show_tiles(self._results, None)

    def show_images(self, masks: list[Mask], current: ImageRef | None) -> None:
        """Show images. masks: for every curve, which of its values. current: the tile to point at."""
        assert self._results is not None
        names = [dataset.name for dataset in self._results.datasets]
        tiles, self._places = tiles_of(self._series, masks, names, self._captions)
        self._strip.show_tiles(self._results, tiles)
        self._strip.follow(current)

    def say_chosen(self, chosen: int, here: Place | None, *, is_of_pairs: bool) -> None:
        """Say how many values are selected, and whose the current one is."""
        self._clear.setEnabled(chosen > 0)
        self._count.setText(self._count_text(chosen, here, is_of_pairs))
        # A low window with large text shows its first lines only.
        self._count.setToolTip(self._count.text())

    def _count_text(self, chosen: int, here: Place | None, is_of_pairs: bool) -> str:
        if chosen == 1:
            words = self.tr("1 pair selected") if is_of_pairs else self.tr("1 image selected")
        else:
            many = self.tr("{:,} pairs selected") if is_of_pairs else self.tr("{:,} images selected")
            words = many.format(chosen)
        if here is None:
            return words
        assert self._results is not None
        one, place = here
        image = self._results.dataset(one.dataset).images[int(one.rows[place])]
        current = self.tr("{}. Current: {} of {}, {:.2f} bits")
        return current.format(words, image.name, one.dataset, one.values[place])

    def _captions(self, tile: int) -> tuple[str, str]:
        assert self._results is not None
        number, place = self._places[tile].tolist()
        one = self._series[number]
        first = self._results.dataset(one.dataset).images[int(one.rows[place])].name
        if one.partners is not None:
            first = f"{first} | {self._results.dataset(one.bank).images[int(one.partners[place])].name}"
        return first, self.tr("{:.2f} bits · {}").format(one.values[place], one.name)
