"""The neighbours page: look at the images behind the numbers, nearest real images beside each."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from planetview.core.datasets import Role
from planetview.core.real_neighbours import candidates_with_real_neighbours
from planetview.core.results import Results
from planetview.core.selection import ImageRef, Mask, SelectionChange, SelectionState
from planetview.gui.idle import IdleWork
from planetview.gui.models.neighbour_filter import Show, shown_mask
from planetview.gui.models.neighbour_list import NeighbourListModel
from planetview.gui.models.neighbour_order import real_scores_of, scores_of
from planetview.gui.models.neighbour_set import NeighbourSet, Rows, Toward
from planetview.gui.models.neighbour_words import count_words, offered_sets, queries_of, spaces_of
from planetview.gui.pair_maps import PairMaps
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.image_grid import ImageGrid
from planetview.gui.views.neighbour_actions import NeighbourActions
from planetview.gui.views.neighbour_bar import NeighbourBar
from planetview.gui.views.neighbour_commands import NeighbourCommands
from planetview.gui.views.neighbour_compare import NeighbourCompare
from planetview.gui.views.neighbour_frame import NeighbourFrame
from planetview.gui.views.neighbour_inspector import NeighbourInspector, role_title
from planetview.gui.views.neighbour_marks import ImageMarks
from planetview.gui.views.shown_set import ShownSet
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
        self._wished_class: str | None = None  # shown once the classes are known
        self._making = self._make()

    def prepare(self) -> Iterator[None]:
        """Make what is left, in short steps; the first show or results make the rest at once."""
        yield from self._making

    def _make(self) -> Iterator[None]:
        self._bar = NeighbourBar()
        yield
        self._inspector = NeighbourInspector(self._theme, self._thumbs)
        yield
        self._frame = NeighbourFrame(self._bar, self._grid, self._inspector, self._actions)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._frame)
        self._connect()

    def _complete(self) -> None:
        for _ in self._making:
            pass

    def show_results(self, results: Results | None) -> None:
        """Show the neighbours of a finished run; None empties the page."""
        self._complete()
        self._results = results
        self._wished_class = None
        has_gaps = results is not None and bool(candidates_with_real_neighbours(results))
        self._bar.offer_directions(has_gaps)
        self._frame.show_content(results is not None and (has_gaps or bool(queries_of(results))))
        self._compare.close()
        self._use_set()
        self._follow_current()
        self._beginning.start()

    def show_gaps(self, candidate: str, by: str | None, label: str | None) -> None:
        """Show the real images without a neighbour in a candidate, the farthest first, of one class or of all."""
        self._complete()
        if self._results is None:
            return
        self._bar.choose_direction(Toward.SYNTHETIC)
        self._offer_sets(self._results)
        self._bar.choose_set(candidate)
        self._bar.fill_spaces(spaces_of(self._results, candidate, Toward.SYNTHETIC))
        self._bar.choose_gaps(by)
        self._wished_class = label
        self._use_set()
        self._choose_first()

    def show_possible_copies(self) -> None:
        """Show the synthetic images with their nearest real ones, the likeliest copies first."""
        self._complete()
        self._bar.choose_direction(Toward.REAL)
        self._follow_current()
        self._bar.show_possible_copies()

    def showEvent(self, event: QShowEvent) -> None:
        self._complete()
        super().showEvent(event)
        # In a turn of its own: the inspector takes as long as the tiles.
        self._beginning.start()

    def _begin_somewhere(self) -> None:
        # Only in sight: filled ahead, this page would choose an image for the others.
        if self._selection.current is None and self.isVisible():
            self._choose_first()

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

    def _offer_sets(self, results: Results | None) -> None:
        self._bar.fill_queries([] if results is None else offered_sets(results, self._bar.chosen_toward))

    def _use_set(self) -> None:
        """Take the chosen set and spaces; what else can be chosen follows from them."""
        results, bar = self._results, self._bar
        self._offer_sets(results)
        query = bar.query.currentData()
        found, toward = None, bar.chosen_toward
        if results is not None and query:
            bar.fill_spaces(spaces_of(results, query, toward))
            found = NeighbourSet(results, query, bar.by.currentData(), bar.chosen_other, toward)
        is_other = self._shown.use(results, found)
        if found is not None and results is not None:
            if is_other:
                bar.fill_labels({})
            is_real = toward is Toward.SYNTHETIC
            bar.fill_scores(real_scores_of(results, query) if is_real else scores_of(results, query))
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
        if self._wished_class is not None:
            self._bar.choose_class(self._wished_class)
            self._wished_class = None
            self._choose_first()

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
        words = self.tr("No image of '{0}' matches these filters.")
        self._frame.show_no_match(words.format(found.query.name) if found is not None and is_empty else "")
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
        if self._bar.follows_marks:
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
        if not self._shown.holds(current) and self._can_go_to(current):
            self._use_set()
        if self._shown.holds(current):
            row = self._model.row_of(current[1])
            if row is not None:
                self._grid.reveal(row)
            else:
                self._grid.clearSelection()
        self._inspect()

    def _can_go_to(self, image: ImageRef) -> bool:
        """Choose the direction and the set in which an image of another one has neighbours; return whether it has."""
        results, toward = self._results, Toward.REAL
        if results is None:
            return False
        if image[0] == results.with_role(Role.REFERENCE)[0].name:
            toward = Toward.SYNTHETIC
        names = [name for name, _role in queries_of(results, toward)]
        if not names or (toward is Toward.REAL and image[0] not in names):
            return False
        is_same = toward is self._bar.chosen_toward
        self._bar.choose_direction(toward)
        self._offer_sets(results)
        if toward is Toward.REAL:
            self._bar.choose_set(image[0])
        return toward is Toward.REAL or not is_same

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
            self._frame.say("")
        else:
            count = 0 if selected is None else int(selected.sum())
            self._frame.say(count_words(found, self._model.rowCount(), count))
        self._commands.describe()
        self._tell_marks()

    def _tell_marks(self) -> None:
        masks, current = self._shown.masks, self._shown.current
        if masks is not None and current is not None:
            noted = bool(masks.flagged[current]), bool(masks.excluded[current]), int(masks.ratings[current])
            self._inspector.show_marks(*noted)

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
            self._grid.delegate.bank_colour = self._theme.dataset_colour(results, found.bank.name)
        self._grid.viewport().update()
