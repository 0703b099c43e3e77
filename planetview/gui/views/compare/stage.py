"""The images of the compare view: decoded, made visible, and put on one or several panes as the mode asks."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QHideEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QWidget

from planetview.core.catalogue import metric_label
from planetview.core.datasets import ImageRecord
from planetview.core.formatting import format_value
from planetview.core.image_compare import value_at
from planetview.core.image_label import Facts, image_label, label_text
from planetview.core.messages import PairMapRequest
from planetview.core.pair_map import PairMap
from planetview.gui.theme import Theme
from planetview.gui.views.compare import colours
from planetview.gui.views.compare.canvas import Layer
from planetview.gui.views.compare.pane import ComparePane, write_png
from planetview.gui.views.compare.scale_bar import ScaleBar
from planetview.gui.views.compare.settings import Mode, Settings
from planetview.gui.views.compare.subjects import Map, Rendered, Subject, difference_map, heat_map, render, titles
from planetview.gui.views.compare.transform import ViewTransform
from planetview.gui.views.compare.words import difference_words, pair_title, size_words
from planetview.gui.views.compare.work import NativeCache, PixelWork
from planetview.gui.widgets.text_dialog import TextDialog

_REFERENCE = 1
_GAP_PX = 12
_LOOKS = ("visible", "fixed", "colours", "is_shared")  # settings that give other pixels


class Stage(QWidget):
    """Three panes for side by side, one for all that is shown of a pair, and the colour scale of that."""

    pointed = Signal(object)  # QPointF, relative place
    changed = Signal()  # images or maps have come, or the scale is another one
    map_wanted = Signal(object)  # PairMapRequest, or None when no map is wanted any more
    notice = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._settings = Settings()
        self._cache = NativeCache()
        self.work = PixelWork(self)
        self.transform = ViewTransform(self)
        self._alone = tuple(ViewTransform(self) for _ in range(3))
        self._is_linked = True
        self.place: QPointF | None = None
        self.map: Map | None = None
        self._map_key: object = None
        self._map_words, self._map_failed = "", False
        self._pair_map: PairMap | None = None
        self._divider, self._blend, self._heat = 0.5, 0.5, 0.65
        self._shows_second = False
        self.blinking = QTimer(self, interval=700)
        self.blinking.timeout.connect(self.show_other)
        self._is_paused = False
        self.panes = tuple(ComparePane(title, theme, self.transform) for title in titles())
        self.pair_pane = ComparePane("", theme, self.transform)
        self.scale_bar = ScaleBar(theme)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_GAP_PX)
        for pane in (*self.panes, self.pair_pane):
            layout.addWidget(pane, 1)
            pane.canvas.pointed.connect(self.point)
            pane.canvas.resized.connect(self.changed)
            pane.notice.connect(self.notice)
            pane.label_wanted.connect(self.show_label)
            whole = QAction(self.tr("Save &view with titles and scale…"), pane.canvas)
            whole.triggered.connect(self.save_view)
            pane.canvas.addAction(whole)
        layout.addWidget(self.scale_bar)
        self.transform.changed.connect(self.changed)
        for transform in self._alone:
            transform.changed.connect(self.changed)
        theme.changed.connect(self._on_theme_changed)
        self._arrange()

    @property
    def pair(self) -> tuple[ComparePane, ComparePane]:
        """The panes of the two images that are compared."""
        first, second = self._settings.pair
        return self.panes[first], self.panes[second]

    @property
    def rendered(self) -> tuple[Rendered, ...]:
        """The images that are there."""
        return tuple(pane.rendered for pane in self.panes if pane.rendered is not None and pane.subject is not None)

    @property
    def has_holes(self) -> bool:
        """Whether some pixel of an image that is there has no data."""
        return any(rendered.picture.holes for rendered in self.rendered)

    @property
    def has_all(self) -> bool:
        """Whether every image has come, or is known not to come."""
        return all(pane.subject is None or pane.rendered or pane.problem for pane in self.panes)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is under way here; a heat map comes from elsewhere."""
        return self.has_all and not self.work.is_busy

    def front(self) -> ComparePane:
        """Return the pane that commands are about: the one with the focus, else the first one shown."""
        shown = self.shown_panes()
        return next((pane for pane in shown if pane.canvas.hasFocus()), shown[0] if shown else self.panes[0])

    def shown_panes(self) -> tuple[ComparePane, ...]:
        """Return the panes of the mode."""
        if self._settings.mode is not Mode.SIDE:
            return (self.pair_pane, *self.pair) if self._settings.shows_pair else (self.pair_pane,)
        return tuple(pane for pane in self.panes if pane.subject is not None)

    def show_subjects(self, subjects: tuple[Subject | None, ...], stripes: tuple[str, ...]) -> None:
        """Show other images; what was seen of the old ones stays until these have come."""
        self.work.drop()
        for pane, subject, stripe in zip(self.panes, subjects, stripes, strict=True):
            pane.show_subject(subject, stripe)
        self._forget_map()
        self._arrange()
        self._render()

    def show_settings(self, settings: Settings) -> None:
        """Show the images as these settings ask."""
        had_focus = self.isAncestorOf(QApplication.focusWidget() or self)
        before, self._settings = self._settings, settings
        if settings.mode is Mode.BLINK and before.mode is not Mode.BLINK:
            self._shows_second = False
        for pane in (*self.panes, self.pair_pane):
            pane.canvas.show_holes(settings.is_hatched)
        as_before = {name: getattr(before, name) for name in (*_LOOKS, "is_beside", "is_hatched")}
        if replace(settings, **as_before) != before:
            self._forget_map()
        self._arrange()
        if any(getattr(settings, name) != getattr(before, name) for name in _LOOKS):
            self._render()
        else:
            self._compose()
        if had_focus and settings.mode is not before.mode:
            self.shown_panes()[0].canvas.setFocus()
        self.point(self.place)
        self.changed.emit()

    def link(self, is_linked: bool) -> None:
        """Move all images together, or each alone from where they stand."""
        self._is_linked = is_linked
        for pane, transform in zip(self.panes, self._alone, strict=True):
            if not is_linked:
                transform.take(self.transform)
            pane.canvas.use_transform(self.transform if is_linked else transform)
        self._set_bases()
        self.changed.emit()

    def set_divider(self, share: float) -> None:
        """Put the line of the swipe at a share of the width."""
        self._divider = share
        self.pair_pane.canvas.show_divider(share if self._settings.mode is Mode.SWIPE else None)

    def set_blend(self, opacity: float) -> None:
        """Show this much of the second image."""
        self._blend = opacity
        self._compose()

    def set_heat(self, opacity: float) -> None:
        """Cover the image this much with the map."""
        self._heat = opacity
        self._compose()

    def set_paused(self, is_paused: bool) -> None:
        """Stop blinking or go on."""
        self._is_paused = is_paused
        self._run_blinking()

    @Slot()
    def save_view(self) -> None:
        """Ask for a file and write what is on the screen to it: titles, images, names, and the colour scale."""
        proposal = f"{self.tr('comparison')}.png"
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save view"), proposal, self.tr("PNG image (*.png)"))
        if name:
            self.notice.emit(write_png(self.grab().toImage(), name, self))

    @Slot(object)
    def show_label(self, record: ImageRecord) -> None:
        """Show all that is known about the file of an image."""

        def show(facts: Facts) -> None:
            dialog = TextDialog(record.name, label_text(facts), self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.show()

        self.work.submit("label", partial(image_label, record), show, self.notice.emit)

    @Slot()
    def show_other(self) -> None:
        """Show the other image of a blink."""
        self._shows_second = not self._shows_second
        self._compose()

    @Slot(object)
    def point(self, place: QPointF | None) -> None:
        """Mark a relative place in all images; it stays marked when the cursor leaves, so that it can be copied."""
        if place is None:
            return
        self.place = place
        for pane in self.shown_panes():
            pane.canvas.show_cross(place)
        if self.map is not None:
            self.scale_bar.show_value(value_at(self.map.values, place.x(), place.y()))
        self.pointed.emit(place)

    def show_pair_map(self, request: PairMapRequest, found: PairMap) -> None:
        """Take the map that was wanted."""
        if self._settings.mode is Mode.HEAT and self._is_wanted(request):
            self._pair_map = found
            make = partial(heat_map, found.values, colours.heat_table())
            self.work.submit("map", make, self._take_map, self._show_map_problem)

    def show_map_words(self, words: str, *, is_problem: bool) -> None:
        """Say why there is no map, or not yet."""
        if self._settings.mode is Mode.HEAT and self.map is None:
            self._map_words, self._map_failed = words, is_problem
            self._compose()

    def ask_again(self) -> None:
        """Ask for the map once more where there is none: weights may have come, a cancelled one may be wanted."""
        if self.map is None:
            self._forget_map()
            self._compose()

    def _is_wanted(self, request: PairMapRequest) -> bool:
        records = tuple(pane.record for pane in self.pair)
        return (request.first, request.second) == records and request.metric == self._settings.metric

    def _render(self) -> None:
        model = self.panes[_REFERENCE].subject if self._settings.is_shared else None
        table = colours.table(self._settings.colours)
        for number, pane in enumerate(self.panes):
            if pane.subject is not None:
                chosen = self._settings
                make = partial(render, self._cache, pane.subject, chosen.visible, table, model, chosen.fixed)
                done = partial(self._take_rendered, pane, pane.subject)
                self.work.submit(f"image {number}", make, done, partial(self._take_problem, pane, pane.subject))

    def _take_rendered(self, pane: ComparePane, subject: Subject, rendered: Rendered) -> None:
        if pane.subject is not subject:
            return
        pane.show_rendered(rendered)
        if self._settings.mode is Mode.DIFFERENCE and pane in self.pair:
            # Its values may depend on the visible range.
            self._forget_map()
        self._set_bases()
        self._compose()
        self.changed.emit()

    def _take_problem(self, pane: ComparePane, subject: Subject, reason: str) -> None:
        if pane.subject is subject:
            pane.show_problem(reason)
            self._compose()
            self.changed.emit()

    def _set_bases(self) -> None:
        leading = self.pair if self._settings.mode is not Mode.SIDE else self.panes
        first = next((pane.rendered for pane in leading if pane.rendered is not None), None)
        if first is not None:
            self.transform.set_base(first.picture.width, first.picture.height)
        for pane, transform in zip(self.panes, self._alone, strict=True):
            if pane.rendered is not None:
                transform.set_base(pane.rendered.picture.width, pane.rendered.picture.height)

    def _arrange(self) -> None:
        """Show the panes of the mode, and what stands beside them."""
        mode = self._settings.mode
        shown = self.shown_panes()
        for pane in (*self.panes, self.pair_pane):
            pane.setVisible(pane in shown)
        self.pair_pane.subject = self.pair[0].subject
        self.scale_bar.setVisible(mode in (Mode.DIFFERENCE, Mode.HEAT) and self.map is not None)
        self.pair_pane.canvas.show_divider(self._divider if mode is Mode.SWIPE else None)
        self.pair_pane.set_colour("")
        self._run_blinking()
        self._set_bases()

    def _run_blinking(self) -> None:
        runs = self._settings.mode is Mode.BLINK and not self._is_paused and self.isVisible()
        if runs != self.blinking.isActive():
            (self.blinking.start if runs else self.blinking.stop)()

    def _compose(self) -> None:
        """Put what has come on the canvases."""
        for pane in self.panes:
            if pane.rendered is not None:
                pane.canvas.show_layers((Layer(pane.rendered.picture),))
        if self._settings.mode is Mode.SIDE:
            return
        title = pair_title((pane.title_text for pane in self.pair), self._settings.mode)
        broken = next((pane for pane in self.pair if pane.problem), None)
        if broken is not None:
            words = self.tr("{0} is unreadable: {1}").format(broken.title_text, broken.problem)
            self.pair_pane.show_pair(title, "", "")
            self.pair_pane.canvas.show_words(words, is_problem=True)
            return
        first, second = (pane.rendered for pane in self.pair)
        if first is not None and second is not None:
            self._compose_pair(title, first, second)

    def _compose_pair(self, title: str, first: Rendered, second: Rendered) -> None:
        mode, canvas = self._settings.mode, self.pair_pane.canvas
        a, b = first.picture, second.picture
        names = f"{first.subject.record.name} · {second.subject.record.name}"
        facts = size_words(first, second)
        if mode is Mode.SWIPE:
            canvas.show_layers((Layer(a, side=-1), Layer(b, side=1)))
        elif mode is Mode.BLEND:
            canvas.show_layers((Layer(a), Layer(b, self._blend)))
        elif mode is Mode.BLINK:
            shown = second if self._shows_second else first
            # Both stay, so that the second has the place and size of the first.
            canvas.show_layers((Layer(a), Layer(b)) if self._shows_second else (Layer(a),))
            title, names = f"{1 + self._shows_second}/2 {shown.subject.title}", shown.subject.record.name
            self.pair_pane.set_colour(self.pair[int(self._shows_second)].colour)
        elif self.map is None:
            self._want_map(first, second)
        elif mode is Mode.DIFFERENCE and self.map.difference is not None:
            canvas.show_layers((Layer(self.map.picture),))
            facts = difference_words(self.map.difference)
        elif self._pair_map is not None:
            canvas.show_layers((Layer(a), Layer(self.map.picture, self._heat)))
            label = metric_label(self._pair_map.metric)
            whole = self.tr("{0} {1} = mean of the map").format(label, format_value(self._pair_map.score))
            facts = " · ".join(part for part in (whole, self._pair_map.note) if part)
        self.pair_pane.show_pair(title, names, facts)

    def _want_map(self, first: Rendered, second: Rendered) -> None:
        settings = self._settings
        key = (settings, first, second)
        if settings.mode is Mode.DIFFERENCE:
            if key != self._map_key:
                table = colours.difference_table(self._theme.tokens, absolute=settings.is_absolute)
                make = partial(
                    difference_map, first, second, table, absolute=settings.is_absolute, usual=settings.is_usual
                )
                self.work.submit("map", make, self._take_map, self._show_map_problem)
        else:
            a, b = first.subject, second.subject
            if key != self._map_key:
                self._map_key = key
                self.map_wanted.emit(PairMapRequest(a.record, b.record, a.stretch, b.stretch, settings.metric))
            if self.map is None:
                self.pair_pane.canvas.show_words(self._map_words, is_problem=self._map_failed)
        self._map_key = key

    def _take_map(self, found: Map) -> None:
        self.map = found
        is_difference = found.difference is not None
        table = (
            colours.difference_table(self._theme.tokens, absolute=self._settings.is_absolute)
            if is_difference
            else colours.heat_table()
        )
        unit = found.difference.unit if found.difference is not None else metric_label(self._settings.metric)
        is_clipped = found.difference is not None and found.difference.largest > found.limits[1]
        self.scale_bar.show_scale(found.limits, table, is_clipped=is_clipped, unit=unit)
        self._arrange()
        self._compose()
        self.point(self.place)
        self.changed.emit()

    def _show_map_problem(self, reason: str) -> None:
        self._map_words, self._map_failed = reason, True
        self.pair_pane.canvas.show_words(reason, is_problem=True)

    def _forget_map(self) -> None:
        self.work.drop("map")
        self.map, self._pair_map, self._map_key = None, None, None
        self._map_words, self._map_failed = "", False
        self.map_wanted.emit(None)

    def _on_theme_changed(self) -> None:
        if self._settings.mode is Mode.DIFFERENCE:
            self._forget_map()
        self._compose()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._run_blinking()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.blinking.stop()
