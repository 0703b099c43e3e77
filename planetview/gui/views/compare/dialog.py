"""The window of the compare view: controls above the images, read-out and scores below them, keys for everything."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QDialog, QLabel, QSplitter, QVBoxLayout, QWidget

from planetview.core.marks import BEST_RATING, Marks
from planetview.core.messages import JobFailure, PairMapRequest
from planetview.core.pair_map import PairMap
from planetview.core.results import Results
from planetview.gui import local_keys
from planetview.gui.models.neighbour_list import tile_words
from planetview.gui.models.neighbour_set import Tile
from planetview.gui.pair_maps import PairMaps
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.compare.controls import Controls
from planetview.gui.views.compare.histogram import HistogramPanel, counted
from planetview.gui.views.compare.image_buttons import ImageButtons
from planetview.gui.views.compare.keys import keys_html
from planetview.gui.views.compare.pane import ComparePane
from planetview.gui.views.compare.settings import Mode, Settings, mode_texts
from planetview.gui.views.compare.stage import Stage
from planetview.gui.views.compare.subjects import subjects_of
from planetview.gui.views.compare.transform import ZOOM_STEP
from planetview.gui.views.compare.words import gap_words, pair_words, readout
from planetview.gui.views.panels import GAP
from planetview.gui.widgets.elided import ElidedLabel
from planetview.gui.widgets.roomy import RoomyArea
from planetview.gui.widgets.text_dialog import TextDialog

# The least height of all but the buttons in lines of text: below it the images would be pressed under their names.
_LINES = 27


class CompareDialog(QDialog):
    """The images of a tile at full resolution; remembers how they are looked at while it exists."""

    stepped = Signal(int)  # -1 for the image before, 1 for the one after
    flag_requested = Signal(str, str, bool)  # dataset, image name, on
    exclude_requested = Signal(str, str, bool)  # dataset, image name, on
    rating_requested = Signal(str, str, int)  # dataset, image name, 1 to 5 or 0 for none
    notice = Signal(str)

    def __init__(self, theme: Theme, thumbs: ThumbnailCache, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._results: Results | None = None
        self._tile: Tile | None = None
        self._maps: PairMaps | None = None
        self._marks = Marks()
        self._keys_page: TextDialog | None = None
        self.setWindowTitle(self.tr("Compare with nearest neighbours"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.setSizeGripEnabled(True)
        self.resize(1180, 720)
        self.controls, self.stage = Controls(), Stage(theme)
        self._histogram: HistogramPanel | None = None
        self._build()
        self._connect()
        self._build_keys()
        theme.changed.connect(self._on_theme_changed)

    @property
    def panes(self) -> tuple[ComparePane, ...]:
        """The panes of image, reference and held-out image; the last is hidden where there is none."""
        return self.stage.panes

    @property
    def settings(self) -> Settings:
        """What is chosen."""
        return self.controls.settings

    @property
    def histogram(self) -> HistogramPanel:
        """The histogram, made when it is first asked for: a plot takes 20 ms, which most looks need not wait."""
        if self._histogram is None:
            self._histogram = HistogramPanel(self._theme)
            self._histogram.hide()
            self._histogram.plot.notice.connect(self._say)
            self._split.addWidget(self._histogram)
        return self._histogram

    def use_pair_maps(self, maps: PairMaps) -> None:
        """Take heat maps from the engine through `maps`; without it there are none."""
        self._maps = maps
        maps.found.connect(self._on_map_found)
        maps.failed.connect(self._on_map_failed)
        maps.state_changed.connect(self._say_map_state)

    def show_tile(self, results: Results, tile: Tile) -> None:
        """Show a tile of these results; what is on the screen stays until the new images have come."""
        self._results, self._tile = results, tile
        subjects = subjects_of(results, tile)
        there = [subject for subject in subjects if subject is not None]
        stretch = self.tr("As the run: {0}").format(subjects[0].stretch.stretch.label if subjects[0] else "")
        has_grey = any(subject.record.bands <= 2 for subject in there)
        self.controls.offer(tuple(subject.title for subject in there), stretch, has_grey)
        self.stage.show_subjects(subjects, self._stripes())
        self._show_marks()
        first, *_, last = tile_words(tile)
        warning = f" · ▲ {last}" if tile.is_much_nearer else f" · ○ {last}" if tile.is_gap else ""
        for label, words in ((self._tile_words, first + warning), (self._scores, pair_words(results, tile))):
            label.setText(words)
            label.setToolTip(words)
            label.setVisible(bool(words))
        self._show_readout()

    def show_marks(self, marks: Marks) -> None:
        """Say what was noted on the images; keys are (dataset in the results, image name)."""
        self._marks = marks
        self._show_marks()

    def readout_text(self) -> str:
        """Return what is under the cross, one fact a line; "" before the images are pointed at."""
        return "\n".join(self._readout_lines())

    def _build(self) -> None:
        self._readout = QLabel(wordWrap=True)
        self._readout.setAccessibleName(self.tr("Read-out"))
        # Room for two lines always: the images must not jump while the cursor moves.
        self._readout.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self._buttons = ImageButtons()
        self.flag, self.exclude, self.rating = self._buttons.flag, self._buttons.exclude, self._buttons.rating
        self._tile_words, self._scores = ElidedLabel(), ElidedLabel()
        for label in (self._tile_words, self._scores):
            label.setProperty("muted", True)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.stage)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.controls)
        column.addWidget(self._split, 1)
        for words in (self._readout, self._tile_words, self._scores):
            column.addWidget(words)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        layout.setSpacing(GAP)
        layout.addWidget(RoomyArea(content, _LINES), 1)
        layout.addWidget(self._buttons)

    def _connect(self) -> None:
        controls, options, stage = self.controls, self.controls.options, self.stage
        controls.changed.connect(self._on_settings_changed)
        controls.linked_changed.connect(stage.link)
        controls.histogram_toggled.connect(self._on_histogram_toggled)
        controls.fit_wanted.connect(self._fit)
        controls.full_wanted.connect(self._show_full)
        options.divider_changed.connect(stage.set_divider)
        options.blend_changed.connect(stage.set_blend)
        options.heat_changed.connect(stage.set_heat)
        options.interval_changed.connect(stage.blinking.setInterval)
        options.paused_changed.connect(stage.set_paused)
        stage.pair_pane.canvas.divider_moved.connect(options.set_divider)
        stage.pointed.connect(self._on_pointed)
        stage.changed.connect(self._on_stage_changed)
        stage.map_wanted.connect(self._on_map_wanted)
        stage.notice.connect(self._say)
        buttons = self._buttons
        buttons.stepped.connect(self.stepped)
        buttons.flag.clicked.connect(self._on_flag)
        buttons.exclude.clicked.connect(self._on_exclude)
        buttons.rated.connect(self._on_rated)
        buttons.help.clicked.connect(self.show_keys)
        buttons.close_button.clicked.connect(self.accept)

    def _build_keys(self) -> None:
        controls, options = self.controls, self.controls.options
        for mode, (_, key, _tip) in mode_texts().items():
            self._key(key, partial(self._choose_mode, mode))
        for key, act in (
            ("P", controls.next_pair), ("T", controls.next_visible), ("R", controls.toggle_shared),
            ("C", controls.next_colours), ("L", controls.toggle_linked), ("G", controls.toggle_histogram),
            ("A", controls.toggle_absolute), ("N", controls.toggle_hatched), ("V", options.beside.toggle),
            ("F", self.flag.click), ("X", self.exclude.click),
            ("?", self.show_keys), ("F1", self.show_keys),
            ("[", partial(self._nudge, False)), ("]", partial(self._nudge, True)),
            ("PgUp", partial(self._step, -1)), ("PgDown", partial(self._step, 1)),
            ("Ctrl+Left", partial(self._step, -1)), ("Ctrl+Right", partial(self._step, 1)),
            ("Ctrl+Shift+C", lambda: self.stage.front().copy_image()),
            ("Ctrl+S", lambda: self.stage.front().save_image()), ("Ctrl+Shift+S", self.stage.save_view),
        ):  # fmt: skip
            self._key(key, act)
        for rating in range(BEST_RATING + 1):
            # The plain digits fit and zoom.
            self._key(f"Alt+{rating}", partial(self._on_rated, rating))
        # Space belongs to the button with the focus, where there is one.
        self._key("Space", options.pause.toggle, self.stage)
        self._key("Shift+Space", self.stage.show_other, self.stage)
        # Not in the histogram, which has the same keys for itself.
        for key, act in (
            ("0", self._fit), ("1", self._show_full), ("+", partial(self._zoom, ZOOM_STEP)),
            ("=", partial(self._zoom, ZOOM_STEP)), ("-", partial(self._zoom, 1 / ZOOM_STEP)),
            ("Ctrl+C", self.copy_readout),
        ):  # fmt: skip
            for place in (self.stage, self.controls):
                self._key(key, act, place)
        local_keys.follow_tips(self, local_keys.COMPARE)

    def _key(self, key: str, act: Callable[[], object], place: QWidget | None = None) -> None:
        shortcut = QShortcut(QKeySequence(key), place or self)
        shortcut.activated.connect(act)
        local_keys.bind(shortcut, local_keys.COMPARE)
        if place is not None:
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    def _stripes(self) -> tuple[str, ...]:
        if self._results is None or self._tile is None:
            return ("", "", "")
        tile = self._tile
        names = (tile.dataset, tile.nearest.dataset, tile.held_out.dataset if tile.held_out else None)
        return tuple(self._theme.dataset_colour(self._results, name) if name else "" for name in names)

    @Slot()
    def copy_readout(self) -> None:
        """Put what is under the cross on the clipboard."""
        text = self.readout_text()
        if text:
            QGuiApplication.clipboard().setText(text)
            self._say(self.tr("Copied the read-out."))
        else:
            self._say(self.tr("Point at an image first, or press Shift with an arrow."))

    @Slot()
    def show_keys(self) -> None:
        """Show all keys."""
        if self._keys_page is not None:
            # The keys may have been changed since.
            self._keys_page.deleteLater()
        self._keys_page = TextDialog(self.tr("Keys of the compare view"), keys_html(), self, html=True)
        self._keys_page.show()
        self._keys_page.raise_()

    def _step(self, by: int) -> None:
        self.stepped.emit(by)

    def _nudge(self, up: bool) -> None:
        self.controls.options.step(self.settings.mode, up)

    def _choose_mode(self, mode: Mode) -> None:
        if mode is self.settings.mode:
            self.stage.ask_again()
        self.controls.choose_mode(mode)

    @Slot()
    def _fit(self) -> None:
        self.stage.front().canvas.transform.fit()

    @Slot()
    def _show_full(self) -> None:
        self.stage.front().canvas.zoom_to(1.0)

    def _zoom(self, factor: float) -> None:
        self.stage.front().canvas.zoom_by(factor)

    @Slot(object)
    def _on_settings_changed(self, settings: Settings) -> None:
        self.stage.show_settings(settings)
        self._show_readout()

    @Slot(bool)
    def _on_histogram_toggled(self, on: bool) -> None:
        self.histogram.setVisible(on)
        high = self._split.height()
        self._split.setSizes([high // 2, high // 2])
        self._count()

    @Slot()
    def _on_stage_changed(self) -> None:
        canvas = self.stage.front().canvas
        if self.stage.rendered:
            first = self.stage.rendered[0]
            self.controls.offer_limits(first.limits, first.native.dtype)
            self.controls.offer_hatching(self.stage.has_holes)
        self.controls.show_zoom(_percent(canvas.scale()) if canvas.layers else "")
        self._count()
        self._show_readout()

    def _count(self) -> None:
        images, results = self.stage.rendered, self._results
        panel = self._histogram
        if panel is None or panel.isHidden() or not self.stage.has_all or not images or results is None:
            return
        if images == panel.images:
            return
        panel.images = images
        self.stage.work.submit(
            "histogram", partial(counted, images), partial(panel.show_counts, results, images), self._say
        )

    @Slot(object)
    def _on_pointed(self, _place: QPointF) -> None:
        self._show_readout()

    def _readout_lines(self) -> list[str]:
        place = self.stage.place
        if place is None:
            return []
        mode = self.settings.mode
        shown = self.stage.panes if mode is Mode.SIDE else self.stage.pair
        there = [pane.rendered for pane in shown if pane.subject is not None]
        lines = readout(there, place, self.stage.map, self.settings.metric)
        first, second = (pane.rendered for pane in self.stage.pair)
        if lines and first is not None and second is not None and mode is not Mode.DIFFERENCE:
            lines += [words] if (words := gap_words(first, second, place)) else []
        return lines

    def _show_readout(self) -> None:
        hint = self.tr("Point at an image to read its values; Shift with the arrows moves the cross by a pixel.")
        self._readout.setText("   ·   ".join(self._readout_lines()) or hint)

    def _show_marks(self) -> None:
        for pane in self.panes:
            if pane.subject is not None:
                mark = (pane.subject.dataset, pane.subject.record.name)
                flags = {"is_flagged": mark in self._marks.flagged, "is_excluded": mark in self._marks.excluded}
                pane.show_marks(**flags, rating=self._marks.rating_of(mark))
        if self._tile is not None:
            mark = (self._tile.dataset, self._tile.record.name)
            self._buttons.show_marks(mark in self._marks.flagged, mark in self._marks.excluded,
                                     self._marks.rating_of(mark))  # fmt: skip

    @Slot(bool)
    def _on_flag(self, on: bool) -> None:
        if self._tile is not None:
            self.flag_requested.emit(self._tile.dataset, self._tile.record.name, on)

    @Slot(bool)
    def _on_exclude(self, on: bool) -> None:
        if self._tile is not None:
            self.exclude_requested.emit(self._tile.dataset, self._tile.record.name, on)

    @Slot(int)
    def _on_rated(self, rating: int) -> None:
        if self._tile is not None:
            self.rating_requested.emit(self._tile.dataset, self._tile.record.name, rating)

    @Slot(object)
    def _on_map_wanted(self, request: PairMapRequest | None) -> None:
        if request is not None and self._maps is None:
            self.stage.show_map_words(self.tr("Heat maps need the engine, which this window has not."), is_problem=True)
        elif request is not None and self._maps is not None:
            self._maps.ask(request)
            self._say_map_state()
        elif self._maps is not None:
            self._maps.drop()

    @Slot(object, object)
    def _on_map_found(self, request: PairMapRequest, found: PairMap) -> None:
        self.stage.show_pair_map(request, found)

    @Slot(object, object)
    def _on_map_failed(self, _request: PairMapRequest, failure: JobFailure) -> None:
        self.stage.show_map_words(f"{failure.message} {failure.hint}".strip(), is_problem=True)

    @Slot()
    def _say_map_state(self) -> None:
        if self._maps is not None and self._maps.is_working:
            waits = self.tr("The heat map waits: another job is running.")
            words = waits if self._maps.is_waiting else self.tr("Computing the heat map…")
            self.stage.show_map_words(words, is_problem=False)

    @Slot(str)
    def _say(self, text: str) -> None:
        self._readout.setText(text)
        self.notice.emit(text)

    @Slot()
    def _on_theme_changed(self) -> None:
        for pane, stripe in zip(self.panes, self._stripes(), strict=True):
            pane.set_colour(stripe)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._theme.reduces_motion:
            # Space blinks, image by image or on.
            self.controls.options.pause.setChecked(True)
        self.stage.front().canvas.setFocus()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._maps is not None:
            self._maps.drop()


def _percent(scale: float) -> str:
    """Return a zoom in words: three digits below 100 %, whole percents above."""
    percent = 100 * scale
    return f"{percent:.3g} %" if percent < 100 else f"{percent:,.0f} %"
