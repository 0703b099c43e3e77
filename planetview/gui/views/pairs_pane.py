"""The selected pairs as tiles: each image beside its reference image, with score and entropy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from planetview.core.results import Results
from planetview.core.selection import ImageRef
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.pair_columns import column_label, column_of, short_number
from planetview.gui.views.pair_series import PairSets
from planetview.gui.views.panels import GAP, fill_column
from planetview.gui.views.tile_strip import Tiles, TileStrip

Mask = npt.NDArray[np.bool_]


class PairsPane(QWidget):
    """Tiles of pairs under their number, and a button that selects none."""

    picked = Signal(object)  # ImageRef of the first image of the tile
    cleared = Signal()

    def __init__(self, theme: Theme, thumbs: ThumbnailCache, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._results: Results | None = None
        self._sets: PairSets | None = None
        self._metric = ""
        self._pair_of_tile: list[tuple[str, int]] = []
        self._count = QLabel(wordWrap=True)
        self._clear = QPushButton(self.tr("Clear selection"))
        self._clear.clicked.connect(self.cleared)
        self._strip = TileStrip(theme, thumbs, 2)
        self._strip.setAccessibleName(self.tr("Selected pairs"))
        self._strip.set_empty_text(
            self.tr("Drag over points to see their pairs: the image and its nearest, or random, reference image.")
        )
        self._strip.setToolTip(self.tr("Left: the image. Right: its reference image."))
        self._strip.picked.connect(self.picked)
        fill_column(self, self._count, self._clear, self._strip, right=GAP)

    def use(self, results: Results, sets: PairSets) -> None:
        """Take pairs from these results from now on."""
        self._results, self._sets = results, sets

    def say_chosen(self, chosen: int) -> None:
        """Say how many pairs are selected."""
        self._clear.setEnabled(chosen > 0)
        words = self.tr("1 pair selected") if chosen == 1 else self.tr("{:,} pairs selected").format(chosen)
        self._count.setText(words)

    def show_pairs(self, masks: Mapping[str, Mask], current: ImageRef | None, metric: str) -> None:
        """Show pairs. masks: series name -> which rows of its table. metric: whose score stands under each tile."""
        assert self._results is not None
        assert self._sets is not None
        self._metric = metric
        names = tuple(dataset.name for dataset in self._results.datasets)
        places, images, tables, rows_of = [], [], [], []
        for name, mask in masks.items():
            table = self._sets.tables[name]
            rows = np.flatnonzero(mask)
            pair = (names.index(table.query), names.index(table.bank))
            places.append(np.tile(pair, (rows.size, 1)))
            images.append(np.column_stack([table.query_index[rows], table.bank_index[rows]]))
            tables += [name] * int(rows.size)
            rows_of.append(rows)
        self._pair_of_tile = list(zip(tables, np.concatenate(rows_of).tolist(), strict=True))
        tiles = Tiles(names, np.concatenate(places), np.concatenate(images), self._captions)
        self._strip.show_tiles(self._results, tiles)
        self._strip.follow(current)

    def _captions(self, tile: int) -> tuple[str, str]:
        assert self._results is not None
        assert self._sets is not None
        name, row = self._pair_of_tile[tile]
        table = self._sets.tables[name]
        first = self._results.dataset(table.query).images[int(table.query_index[row])].name
        second = self._results.dataset(table.bank).images[int(table.bank_index[row])].name
        score = short_number(float(column_of(table, self._metric)[row]))
        bits = short_number(float(table.entropy_bits[row]))
        kind = "" if name in self._sets.nearest else self.tr(", random")
        return f"{first} | {second}", self.tr("{} {}, {} bits{}").format(column_label(self._metric), score, bits, kind)
