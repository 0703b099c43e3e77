"""The neighbours page: look at the images behind the numbers, nearest real images beside each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QPushButton,
    QSlider,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from planetview.core.datasets import Role
from planetview.core.formatting import format_count, format_ratio
from planetview.core.results import Results
from planetview.core.selection import SelectionChange, SelectionState
from planetview.gui.models.neighbour_list import NeighbourListModel, NeighbourSet, Order, space_label
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.compare import CompareDialog
from planetview.gui.views.image_grid import EDGE_DEFAULT, EDGE_MAX, EDGE_MIN, ImageGrid
from planetview.gui.views.neighbour_inspector import NeighbourInspector, role_title
from planetview.gui.views.panels import GAP, empty_state, side_by_side
from planetview.gui.widgets.flow import FlowLayout, labelled

_UNEVEN_BANKS = 1.5


class NeighboursPage(QWidget):
    """A grid of triples in a chosen order, an inspector beside it, a larger view on request."""

    notice = Signal(str)

    def __init__(
        self,
        selection: SelectionState,
        theme: Theme,
        thumbs: ThumbnailCache,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._selection = selection
        self._theme = theme
        self._thumbs = thumbs
        self._results: Results | None = None
        self._set: NeighbourSet | None = None
        self._seed = 0
        self._compare: CompareDialog | None = None
        self._model = NeighbourListModel(self)
        self._grid = ImageGrid(self._model, theme, thumbs)
        self._inspector = NeighbourInspector(theme, thumbs)
        self._inspector.path_copied.connect(self._on_path_copied)
        self._build()
        self._grid.image_chosen.connect(self._on_image_chosen)
        self._grid.image_opened.connect(self._on_image_opened)
        self._grid.copy_requested.connect(self._inspector.panes[0].copy_path)
        theme.changed.connect(self._on_theme_changed)
        selection.subscribe(self._on_selection_change)

    def prepare(self) -> Iterator[None]:
        """Nothing is left for later: this page is whole from the beginning."""
        return iter(())

    def show_results(self, results: Results | None) -> None:
        """Show the neighbours of a finished run; None empties the page."""
        self._results = results
        names = _queries(results) if results is not None else []
        self._fill(self._query, [(f"{name} ({role_title(role).lower()})", name) for name, role in names])
        spaces = dict.fromkeys(table.by for table in results.neighbours) if results is not None else {}
        self._fill(self._by, [(space_label(by), by) for by in spaces])
        self._by_field.setVisible(len(spaces) > 1)
        self._stack.setCurrentIndex(1 if names else 0)
        if self._compare is not None:
            self._compare.close()
        self._use_set()
        self._follow_current()
        self._begin_somewhere()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._begin_somewhere()

    def _begin_somewhere(self) -> None:
        # Only in sight: filled ahead, this page would choose an image for the others.
        if self._selection.current is None and self.isVisible():
            self._choose_first()

    def _build(self) -> None:
        empty = empty_state(
            self.tr("No neighbours yet. Run a comparison to see each synthetic image beside the nearest real ones.")
        )
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, GAP)
        layout.setSpacing(GAP)
        layout.addLayout(self._build_bar())
        layout.addWidget(side_by_side(self._grid, self._inspector), 1)
        self._count = QLabel(wordWrap=True)
        self._count.setProperty("muted", True)
        layout.addWidget(self._count)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(empty)
        self._stack.addWidget(content)

    def _build_bar(self) -> FlowLayout:
        self._query, self._by = QComboBox(), QComboBox()
        self._order = self._build_order()
        self._edge = self._build_size()
        self._shuffle = QPushButton(self.tr("Shuffle"))
        self._shuffle.setToolTip(self.tr("Take the next seed. The same seed always gives the same order."))
        self._seed_label = QLabel()
        self._only_selected = QCheckBox(self.tr("Selected only"))
        self._only_selected.setToolTip(self.tr("Show only the images that are selected on other pages."))
        bar = FlowLayout(2 * GAP, GAP)
        texts = (self.tr("&Images"), self.tr("&By"), self.tr("S&ort"))
        fields = [labelled(text, box) for text, box in zip(texts, (self._query, self._by, self._order), strict=True)]
        self._by_field = fields[1]
        for text, box in zip(texts, (self._query, self._by, self._order), strict=True):
            box.setAccessibleName(text.replace("&", ""))
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        size = labelled(self.tr("Si&ze"), self._edge)
        for widget in (*fields, self._shuffle, self._seed_label, self._only_selected, size):
            bar.addWidget(widget)
        self._query.activated.connect(self._on_set_chosen)
        self._by.activated.connect(self._on_set_chosen)
        self._order.activated.connect(self._arrange)
        self._shuffle.clicked.connect(self._on_shuffle)
        self._only_selected.toggled.connect(self._arrange)
        self._edge.valueChanged.connect(self._grid.set_edge)
        return bar

    def _build_order(self) -> QComboBox:
        box = QComboBox()
        for order, text, tip in (
            (Order.BEST, self.tr("Best: nearest to the reference"), self.tr("Smallest distance first.")),
            (Order.TYPICAL, self.tr("Typical: around the median"), self.tr("By distance from the median distance.")),
            (Order.WORST, self.tr("Worst: farthest from the reference"), self.tr("Largest distance first.")),
            (Order.COPIES, self.tr("Possible copies"), self.tr("Smallest reference / held-out distance first.")),
            (Order.RANDOM, self.tr("Random"), self.tr("A shuffle that the seed decides.")),
        ):
            box.addItem(text, order)
            box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        return box

    def _build_size(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(EDGE_MIN, EDGE_MAX)
        slider.setValue(EDGE_DEFAULT)
        slider.setSingleStep(8)
        slider.setPageStep(32)
        slider.setMaximumWidth(140)
        slider.setToolTip(self.tr("Thumbnail size"))
        slider.setAccessibleName(self.tr("Thumbnail size"))
        return slider

    @staticmethod
    def _fill(box: QComboBox, items: list[tuple[str, str]]) -> None:
        """Offer other items, keep the choice where it is still there."""
        chosen = box.currentData()
        box.clear()
        for text, data in items:
            box.addItem(text, data)
        box.setCurrentIndex(max(0, box.findData(chosen)) if items else -1)

    @Slot()
    def _on_set_chosen(self) -> None:
        self._use_set()
        if not self._is_mine(self._selection.current):
            self._choose_first()

    def _choose_first(self) -> None:
        """Begin with the first tile: an empty inspector shows nobody what it is for."""
        if self._model.rowCount():
            self._on_image_chosen(self._model.image_at(0))
            self._grid.reveal(0)

    def _use_set(self) -> None:
        query, by = self._query.currentData(), self._by.currentData()
        try:
            self._set = NeighbourSet(self._results, query, by) if self._results is not None and query else None
        except KeyError:
            self._set = None
        delegate = self._grid.delegate
        if self._results is not None and self._set is not None:
            delegate.images_per_tile = 3 if self._set.held_out is not None else 2
            delegate.query_role = role_title(self._set.query.role).lower()
        self._on_theme_changed()
        self._grid.fit_tiles()
        self._arrange()

    @Slot()
    def _arrange(self) -> None:
        """Sort and filter anew; the current image stays current where it is still shown."""
        # Qt hands a string enumeration back as a plain string.
        order = Order(self._order.currentData())
        is_random = order is Order.RANDOM
        self._shuffle.setVisible(is_random)
        self._seed_label.setVisible(is_random)
        self._seed_label.setText(self.tr("seed {0}").format(self._seed))
        mask = self._selected_mask()
        self._only_selected.setEnabled(mask is not None)
        if mask is None and self._only_selected.isChecked():
            self._only_selected.setChecked(False)
            return
        self._grid.delegate.selected = mask
        self._model.show(self._set, order, self._seed, mask if self._only_selected.isChecked() else None)
        self._grid.scrollToTop()
        self._count.setText(self._count_words())
        current = self._selection.current
        row = self._model.row_of(current[1]) if self._is_mine(current) and current is not None else None
        if row is not None:
            self._grid.reveal(row)
        self._inspect()

    def _count_words(self) -> str:
        if self._set is None:
            return self.tr("These images have no neighbours in this space.") if self._results is not None else ""
        shown, total = self._model.rowCount(), len(self._set)
        numbers = format_count(total) if shown == total else f"{format_count(shown)} of {format_count(total)}"
        words = self.tr("{0} images. Distances: {1}.").format(numbers, space_label(self._set.by))
        if self._set.held_out is None:
            return words + self.tr(" No held-out set: copies cannot be told from likeness.")
        words += self.tr(" ▲ marks images much nearer to a reference than to any held-out image.")
        times = len(self._set.reference) / max(1, len(self._set.held_out))
        if times > _UNEVEN_BANKS:
            note = self.tr(" The reference is {0} as large, which alone brings neighbours nearer.")
            words += note.format(format_ratio(times))
        return words

    def _selected_mask(self) -> np.ndarray | None:
        """Return which images of this dataset are selected, or None where none is."""
        if self._set is None or not self._selection.counts().get(self._set.query.name):
            return None
        mask = self._selection.selected(self._set.query.name)
        return mask if mask.size == len(self._set) else None

    def _is_mine(self, ref: tuple[str, int] | None) -> bool:
        return ref is not None and self._set is not None and ref[0] == self._set.query.name and ref[1] < len(self._set)

    def _on_selection_change(self, change: SelectionChange) -> None:
        if change.origin is self:
            return
        if change.kind == "current":
            self._follow_current()
        else:
            self._arrange()

    def _follow_current(self) -> None:
        """Go to the image that another page put in focus, changing the dataset where that has neighbours."""
        current = self._selection.current
        if current is None:
            self._inspect()
            return
        if not self._is_mine(current) and (position := self._query.findData(current[0])) >= 0:
            self._query.setCurrentIndex(position)
            self._use_set()
        if self._is_mine(current):
            row = self._model.row_of(current[1])
            if row is not None:
                self._grid.reveal(row)
            else:
                self._grid.clearSelection()
        self._inspect()

    def _inspect(self) -> None:
        current = self._selection.current
        if self._set is None or current is None or not self._is_mine(current):
            self._inspector.show_tile(None, None, "")
            return
        tile = self._set.tile(current[1])
        self._inspector.show_tile(self._results, tile, self._set.by)
        if self._compare is not None and self._compare.isVisible() and self._results is not None:
            self._compare.show_tile(self._results, tile)

    @Slot(int)
    def _on_image_chosen(self, image: int) -> None:
        if self._set is not None:
            self._selection.set_current((self._set.query.name, image), origin=self)
            self._inspect()

    @Slot(int)
    def _on_image_opened(self, image: int) -> None:
        if self._set is None or self._results is None:
            return
        if self._compare is None:
            self._compare = CompareDialog(self._theme, self._thumbs, self)
            self._compare.stepped.connect(self._on_stepped)
        self._compare.show_tile(self._results, self._set.tile(image))
        self._compare.show()
        self._compare.raise_()
        self._compare.activateWindow()

    @Slot(int)
    def _on_stepped(self, step: int) -> None:
        row = self._grid.currentIndex().row() + step
        if 0 <= row < self._model.rowCount():
            self._grid.setCurrentIndex(self._model.index(row))

    @Slot()
    def _on_shuffle(self) -> None:
        self._seed += 1
        self._arrange()

    @Slot(str)
    def _on_path_copied(self, path: str) -> None:
        self.notice.emit(self.tr("Copied {0}").format(path))

    @Slot()
    def _on_theme_changed(self) -> None:
        if self._results is not None and self._set is not None:
            colour = self._theme.dataset_colour(self._results, self._set.query.name)
            self._grid.delegate.query_colour = colour
        self._grid.viewport().update()


def _queries(results: Results) -> list[tuple[str, Role]]:
    """Return the datasets that have neighbours in the reference, candidates first."""
    banks = {dataset.name for dataset in results.with_role(Role.REFERENCE)}
    names = dict.fromkeys(table.query for table in results.neighbours if table.bank in banks)
    found = [(name, results.dataset(name).role) for name in names]
    return sorted(found, key=lambda item: item[1] is not Role.CANDIDATE)
