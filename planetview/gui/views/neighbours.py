"""The neighbours page: look at the images behind the numbers, nearest real images beside each."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from planetview.core.results import Results
from planetview.core.selection import Mask, SelectionChange, SelectionState
from planetview.gui.idle import IdleWork
from planetview.gui.models.neighbour_filter import Show, shown_mask
from planetview.gui.models.neighbour_list import NeighbourListModel, NeighbourSet, Rows
from planetview.gui.models.neighbour_order import scores_of
from planetview.gui.models.neighbour_words import count_words, queries_of, spaces_of
from planetview.gui.pair_maps import PairMaps
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.image_grid import ImageGrid
from planetview.gui.views.neighbour_actions import NeighbourActions
from planetview.gui.views.neighbour_bar import NeighbourBar
from planetview.gui.views.neighbour_commands import NeighbourCommands
from planetview.gui.views.neighbour_compare import NeighbourCompare
from planetview.gui.views.neighbour_inspector import NeighbourInspector, role_title
from planetview.gui.views.neighbour_marks import ImageMarks
from planetview.gui.views.panels import GAP, empty_state, side_by_side
from planetview.gui.views.shown_set import ShownSet
from planetview.gui.widgets.roomy import RoomyArea
from planetview.gui.workspace import Workspace

# Sorting this many and laying them out take 10 ms each.
_AT_ONCE = 10_000


class NeighboursPage(QWidget):
    """A grid of tiles in a chosen order, an inspector beside it, a larger view on request.

    workspace: where flags and exclusions are kept; without one nothing can be marked.
    """

    notice = Signal(str)
    pair_maps: PairMaps | None = None  # who makes heat maps for the compare view

    def __init__(
        self,
        selection: SelectionState,
        theme: Theme,
        thumbs: ThumbnailCache,
        parent: QWidget | None = None,
        *,
        workspace: Workspace | None = None,
    ) -> None:
        super().__init__(parent)
        self._selection = selection
        self._theme = theme
        self._thumbs = thumbs
        self._results: Results | None = None
        self._model = NeighbourListModel(self)
        self._marks = ImageMarks(workspace, self)
        self._shown = ShownSet(selection, self._marks)
        self._grid = ImageGrid(self._model, theme, thumbs)
        self._actions = NeighbourActions(self._grid)
        self._commands = NeighbourCommands(self._actions, self._shown, self._model, self._marks, self)
        self._arranged: tuple[Rows | None, Mask | None] = (None, None)
        self._showing = QTimer(self, singleShot=True, interval=0)
        self._showing.timeout.connect(self._show_arranged)
        self._beginning = QTimer(self, singleShot=True, interval=0)
        self._beginning.timeout.connect(self._begin_somewhere)
        self._reading = IdleWork(lambda: False, self)
        self._compare = NeighbourCompare(theme, thumbs, self._marks, self)
        self._making = self._make()

    def prepare(self) -> Iterator[None]:
        """Make what is left, in short steps; the first show or results make the rest at once."""
        yield from self._making

    def _make(self) -> Iterator[None]:
        self._bar = NeighbourBar()
        yield
        self._inspector = NeighbourInspector(self._theme, self._thumbs)
        yield
        self._build()
        self._connect()

    def _complete(self) -> None:
        for _ in self._making:
            pass

    def show_results(self, results: Results | None) -> None:
        """Show the neighbours of a finished run; None empties the page."""
        self._complete()
        self._results = results
        names = queries_of(results) if results is not None else []
        self._bar.fill_queries((f"{name} ({role_title(role).lower()})", name) for name, role in names)
        self._stack.setCurrentIndex(1 if names else 0)
        self._compare.close()
        self._use_set()
        self._follow_current()
        self._beginning.start()

    def showEvent(self, event: QShowEvent) -> None:
        self._complete()
        super().showEvent(event)
        # In a turn of its own: the inspector takes as long as the tiles.
        self._beginning.start()

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
        layout.addWidget(self._bar)
        layout.addWidget(side_by_side(self._build_grid(), self._build_side()), 1)
        layout.addLayout(self._build_foot())
        self._stack = QStackedLayout(self)
        self._stack.addWidget(empty)
        self._stack.addWidget(RoomyArea(content))

    def _build_grid(self) -> QWidget:
        holder = QWidget()
        nothing = QWidget()
        self._no_match = empty_state("")
        every = QPushButton(self.tr("Show all images"))
        every.clicked.connect(self._bar.show_all)
        column = QVBoxLayout(nothing)
        column.addStretch(1)
        column.addWidget(self._no_match)
        column.addWidget(every, 0, Qt.AlignmentFlag.AlignCenter)
        column.addStretch(1)
        self._grid_or_words = QStackedLayout(holder)
        self._grid_or_words.addWidget(self._grid)
        self._grid_or_words.addWidget(nothing)
        return holder

    def _build_side(self) -> QWidget:
        side = QWidget()
        buttons = QHBoxLayout()
        for action in (self._actions.flag, self._actions.exclude, self._actions.compare):
            buttons.addWidget(self._actions.button(action), 1)
        layout = QVBoxLayout(side)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(buttons)
        layout.addWidget(self._inspector, 1)
        return side

    def _build_foot(self) -> QHBoxLayout:
        self._count = QLabel(wordWrap=True)
        self._count.setProperty("muted", True)
        foot = QHBoxLayout()
        foot.setSpacing(GAP)
        foot.addWidget(self._count, 1)
        for action in (self._actions.copy_list, self._actions.export):
            foot.addWidget(self._actions.button(action), 0, Qt.AlignmentFlag.AlignTop)
        return foot

    def _connect(self) -> None:
        bar, grid, actions = self._bar, self._grid, self._actions
        bar.set_changed.connect(self._on_set_chosen)
        bar.rows_changed.connect(self._arrange)
        bar.look_changed.connect(self._on_look_changed)
        bar.edge.valueChanged.connect(grid.set_edge)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, bar.text.setFocus)
        grid.image_chosen.connect(self._on_image_chosen)
        grid.image_opened.connect(self._on_image_opened)
        grid.copy_requested.connect(self._inspector.panes[0].copy_path)
        grid.toggled.connect(self._on_toggled)
        grid.selection_wished.connect(self._on_selection_wished)
        actions.compare.triggered.connect(self._on_compare)
        actions.all.triggered.connect(grid.select_all)
        actions.none.triggered.connect(grid.select_none)
        actions.copy_path.triggered.connect(self._inspector.panes[0].copy_path)
        actions.reveal.triggered.connect(self._inspector.panes[0].reveal)
        self._marks.changed.connect(self._on_marks_changed)
        self._inspector.path_copied.connect(self._on_path_copied)
        self._inspector.not_revealed.connect(self.notice)
        self._commands.notice.connect(self.notice)
        self._compare.notice.connect(self.notice)
        self._compare.stepped.connect(self._on_stepped)
        self._theme.changed.connect(self._on_theme_changed)
        self._selection.subscribe(self._on_selection_change)

    @Slot()
    def _on_set_chosen(self) -> None:
        self._use_set()
        if not self._shown.holds(self._selection.current):
            self._choose_first()

    def _choose_first(self) -> None:
        """Begin with the first tile: an empty inspector shows nobody what it is for."""
        if self._model.rowCount():
            self._on_image_chosen(self._model.image_at(0))
            self._grid.reveal(0)

    def _use_set(self) -> None:
        """Take the chosen set and spaces; what else can be chosen follows from them."""
        results, query, bar = self._results, self._bar.query.currentData(), self._bar
        found = None
        if results is not None and query:
            bar.fill_spaces(spaces_of(results, query))
            found = NeighbourSet(results, query, bar.by.currentData(), bar.chosen_other)
        is_other = self._shown.use(results, found)
        if found is not None and results is not None:
            if is_other:
                bar.fill_labels({})
            bar.fill_scores(scores_of(results, query))
            bar.set_depth(found.depth)
        self._reading.begin(self._read())
        self._on_theme_changed()
        self._use_look()
        self._arrange()

    def _read(self) -> Iterator[None]:
        """Take the records apart in later turns; then classes can be offered."""
        yield from self._shown.read()
        if self._shown.texts is not None:
            self._bar.fill_labels(self._shown.texts.labels)

    def _use_look(self) -> None:
        """Show as many neighbours in a tile as were chosen."""
        self._model.count = count = self._bar.count.value()
        if (found := self._shown.found) is None:
            return
        one_space = (count if found.held_out is None else count + 1,)
        # Two spaces stand under each other, so that their neighbours can be compared place by place.
        two_spaces = (2,) if count == 1 else (count, count)
        self._grid.delegate.groups = one_space if found.other is None else two_spaces
        self._grid.delegate.query_role = role_title(found.query.role).lower()
        self._grid.fit_tiles()

    @Slot()
    def _on_look_changed(self) -> None:
        self._use_look()
        self._grid.viewport().update()
        self._inspect()

    @Slot()
    def _arrange(self) -> None:
        """Sort and filter anew; many images in one turn of the event loop, and show them in the next."""
        bar, texts, kinds = self._bar, self._shown.texts, self._shown.kinds()
        # A kind that is gone, as the selection is when it was cleared, gives way to all images.
        bar.set_counts({kind: int(mask.sum()) for kind, mask in kinds.items()})
        only = shown_mask(bar.wanted, texts, kinds) if texts is not None else None
        rows = self._shown.rows(bar.chosen_order, bar.chosen_score, bar.seed)
        self._arranged = (rows, only)
        # Tiles of another set must not stay: a click on one would be taken for one of this set.
        if rows is None or rows.size <= _AT_ONCE or self._model.neighbours is not self._shown.found:
            self._show_arranged()
        else:
            self._showing.start()

    @Slot()
    def _show_arranged(self) -> None:
        """Show what was arranged; the current image stays current where it is still shown."""
        self._showing.stop()
        found = self._shown.found
        self._model.show_rows(found, *self._arranged)
        is_empty = found is not None and not self._model.rowCount() and len(found) > 0
        self._no_match.setText(
            self.tr("No image of '{0}' matches these filters.").format(self._bar.query.currentData())
        )
        self._grid_or_words.setCurrentIndex(1 if is_empty else 0)
        self._grid.scrollToTop()
        current = self._shown.current
        row = self._model.row_of(current) if current is not None else None
        if row is not None:
            self._grid.reveal(row)
        self._paint_states(self._shown.kinds())
        self._inspect()

    def _paint_states(self, kinds: dict[Show, Mask]) -> None:
        """Show selection and marks on the tiles that are there."""
        self._grid.delegate.selected, self._grid.delegate.marks = kinds.get(Show.SELECTED), self._shown.masks
        self._grid.viewport().update()

    def _on_states_changed(self) -> None:
        """Show other marks or another selection on the same tiles; where they decide what is shown, arrange anew."""
        if self._bar.wanted.show in (Show.SELECTED, Show.FLAGGED, Show.EXCLUDED, Show.INCLUDED):
            self._arrange()
            return
        kinds = self._shown.kinds()
        self._bar.set_counts({kind: int(mask.sum()) for kind, mask in kinds.items()})
        self._paint_states(kinds)
        self._tell()

    def _on_selection_change(self, change: SelectionChange) -> None:
        if change.kind != "current":
            self._on_states_changed()
        elif change.origin is not self:
            self._follow_current()

    @Slot()
    def _on_marks_changed(self) -> None:
        self._shown.read_marks()
        self._on_states_changed()

    def _follow_current(self) -> None:
        """Go to the image that another page put in focus, changing the dataset where that has neighbours."""
        current = self._selection.current
        if current is None:
            self._inspect()
            return
        if not self._shown.holds(current) and (position := self._bar.query.findData(current[0])) >= 0:
            self._bar.query.setCurrentIndex(position)
            self._use_set()
        if self._shown.holds(current):
            row = self._model.row_of(current[1])
            if row is not None:
                self._grid.reveal(row)
            else:
                self._grid.clearSelection()
        self._inspect()

    def _inspect(self) -> None:
        self._tell()
        found, results, current = self._shown.found, self._shown.results, self._shown.current
        if found is None or results is None or current is None:
            self._inspector.show_tile(None, None, "")
            return
        tile = found.tile(current, self._bar.count.value())
        self._inspector.show_tile(results, tile, found.by)
        self._tell_marks()
        self._compare.follow(results, tile)

    def _tell(self) -> None:
        """Say how many images there are, and in every command what it would do to how many."""
        found, selected = self._shown.found, self._shown.selected
        if found is None:
            self._count.clear()
        else:
            self._count.setText(
                count_words(found, self._model.rowCount(), 0 if selected is None else int(selected.sum()))
            )
        # A low window with large text shows its first lines only.
        self._count.setToolTip(self._count.text())
        self._commands.describe()
        self._tell_marks()

    def _tell_marks(self) -> None:
        masks, current = self._shown.masks, self._shown.current
        if masks is not None and current is not None:
            self._inspector.show_marks(bool(masks.flagged[current]), bool(masks.excluded[current]))

    @Slot(int)
    def _on_image_chosen(self, image: int) -> None:
        if self._shown.found is not None:
            self._selection.set_current((self._shown.found.query.name, image), origin=self)
            self._inspect()

    @Slot(int)
    def _on_image_opened(self, image: int) -> None:
        found, results = self._shown.found, self._shown.results
        if found is not None and results is not None:
            self._compare.open(results, found.tile(image, self._bar.count.value()), self.pair_maps)

    @Slot()
    def _on_compare(self) -> None:
        if (current := self._shown.current) is not None:
            self._on_image_opened(current)

    @Slot(int)
    def _on_stepped(self, step: int) -> None:
        row = self._grid.currentIndex().row() + step
        if 0 <= row < self._model.rowCount():
            self._grid.setCurrentIndex(self._model.index(row))

    @Slot(int)
    def _on_toggled(self, image: int) -> None:
        if self._shown.found is not None:
            name = self._shown.found.query.name
            masks = {dataset: self._selection.selected(dataset) for dataset in self._selection.sizes}
            mine = masks[name].copy()
            mine[image] = not mine[image]
            self._selection.select_many(masks | {name: mine}, origin=self)

    @Slot(object, bool)
    def _on_selection_wished(self, images: Mask, joins: bool) -> None:
        if self._shown.found is not None:
            self._selection.select(self._shown.found.query.name, images, origin=self, extend=joins)

    @Slot(str)
    def _on_path_copied(self, path: str) -> None:
        self.notice.emit(self.tr("Copied {0}").format(path))

    @Slot()
    def _on_theme_changed(self) -> None:
        results, found = self._shown.results, self._shown.found
        if results is not None and found is not None:
            self._grid.delegate.query_colour = self._theme.dataset_colour(results, found.query.name)
        self._grid.viewport().update()
