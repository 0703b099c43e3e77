"""The large view of the neighbours page: opened when asked for, kept in step with the grid and the marks."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from planetview.core.results import Results
from planetview.gui.marking import follow_marking
from planetview.gui.models.neighbour_set import Tile
from planetview.gui.pair_maps import PairMaps
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.compare import CompareDialog
from planetview.gui.views.neighbour_marks import ImageMarks


class NeighbourCompare(QObject):
    """Shows a tile large; made at the first show, since most looks need no large view."""

    stepped = Signal(int)  # -1 for the image before, 1 for the one after
    notice = Signal(str)

    def __init__(self, theme: Theme, thumbs: ThumbnailCache, marks: ImageMarks, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent, self._theme, self._thumbs, self._marks = parent, theme, thumbs, marks
        self._results: Results | None = None
        self.dialog: CompareDialog | None = None
        marks.changed.connect(self._show_marks)

    def open(self, results: Results, tile: Tile, maps: PairMaps | None = None) -> None:
        """Show a tile and bring the view to the front; heat maps of pairs come from `maps`."""
        if self.dialog is None:
            self.dialog = self._make()
            if maps is not None:
                self.dialog.use_pair_maps(maps)
        self._results = results
        self._show_marks()
        self.dialog.show_tile(results, tile)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def follow(self, results: Results, tile: Tile) -> None:
        """Show another tile where the view is open."""
        if self.dialog is not None and self.dialog.isVisible():
            self.dialog.show_tile(results, tile)

    def close(self) -> None:
        """Close the view where it is open."""
        if self.dialog is not None:
            self.dialog.close()

    def _make(self) -> CompareDialog:
        dialog = CompareDialog(self._theme, self._thumbs, self._parent)
        follow_marking(dialog)
        dialog.stepped.connect(self.stepped)
        dialog.notice.connect(self.notice)
        dialog.flag_requested.connect(self._on_flag)
        dialog.exclude_requested.connect(self._on_exclude)
        dialog.rating_requested.connect(self._on_rating)
        return dialog

    @Slot()
    def _show_marks(self) -> None:
        if self.dialog is not None and self._results is not None:
            self.dialog.show_marks(self._marks.marks_in(self._results))

    @Slot(str, str, bool)
    def _on_flag(self, dataset: str, image: str, is_on: bool) -> None:
        if self._results is not None:
            self._marks.set_one_flagged(self._results.dataset(dataset), image, is_on)

    @Slot(str, str, bool)
    def _on_exclude(self, dataset: str, image: str, is_on: bool) -> None:
        if self._results is not None:
            self._marks.set_one_excluded(self._results.dataset(dataset), image, is_on)

    @Slot(str, str, int)
    def _on_rating(self, dataset: str, image: str, rating: int) -> None:
        if self._results is not None:
            self._marks.set_one_rating(self._results.dataset(dataset), image, rating)
