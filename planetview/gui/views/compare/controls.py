"""The controls above the images: the mode and what belongs to it, and how pixels become visible."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from planetview.core.image_compare import Limits, VisibleRange
from planetview.gui.local_keys import COMPARE, tell
from planetview.gui.models.wording import tr
from planetview.gui.views.compare.colours import SINGLE_BAND
from planetview.gui.views.compare.fixed_limits import FixedLimits
from planetview.gui.views.compare.mode_options import ModeOptions
from planetview.gui.views.compare.settings import Mode, Settings, mode_texts, visible_texts
from planetview.gui.views.panels import GAP
from planetview.gui.widgets.flow import FlowLayout, labelled


class Controls(QWidget):
    """Holds the settings; every change of them is one signal, whether it came by mouse or by key."""

    changed = Signal(object)  # Settings
    linked_changed = Signal(bool)
    histogram_toggled = Signal(bool)
    fit_wanted = Signal()
    full_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = Settings()
        self._seen = self._settings.fixed
        self._pairs: tuple[tuple[int, int], ...] = ()
        self.options = ModeOptions()
        self.options.difference_changed.connect(self._on_difference_changed)
        self.options.metric_changed.connect(lambda metric: self._set(replace(self._settings, metric=metric)))
        self.options.beside_changed.connect(lambda on: self._set(replace(self._settings, is_beside=on)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(self._build_modes())
        layout.addLayout(self._build_display())
        self._show()

    @property
    def settings(self) -> Settings:
        """What is chosen."""
        return self._settings

    def offer(self, titles: tuple[str, ...], stretch: str, has_single_band: bool) -> None:
        """Offer the pairs of these images; name the run's stretch; offer colours where they mean something."""
        self._pairs = tuple((i, j) for i in range(len(titles)) for j in range(i + 1, len(titles)))
        self._pair.clear()
        for i, j in self._pairs:
            self._pair.addItem(f"{titles[i]} · {titles[j]}", (i, j))
        self._visible.setItemText(self._visible.findData(VisibleRange.RUN), stretch)
        self._colours.setEnabled(has_single_band)
        tip = tr("Colours of single-band images (C).")
        tell(self._colours, tip if has_single_band else tr("Only single-band images can be coloured."), COMPARE)
        if self._settings.pair not in self._pairs:
            self._set(replace(self._settings, pair=self._pairs[0]))
        self._show()

    def choose_mode(self, mode: Mode) -> None:
        """Show the images in another way."""
        self._set(replace(self._settings, mode=mode))

    def next_pair(self) -> None:
        """Compare another two of the images."""
        if self._pairs:
            at = self._pairs.index(self._settings.pair)
            self._set(replace(self._settings, pair=self._pairs[(at + 1) % len(self._pairs)]))

    def next_visible(self) -> None:
        """Take the next visible range."""
        kinds = tuple(VisibleRange)
        self._set(replace(self._settings, visible=kinds[(kinds.index(self._settings.visible) + 1) % len(kinds)]))

    def offer_limits(self, limits: Limits, dtype: str) -> None:
        """Let fixed values begin with those that are black and white now. dtype: sample type, sets the digits."""
        self.fixed.set_digits(dtype)
        self._seen = limits

    def next_colours(self) -> None:
        """Take the next colours of single bands."""
        if self._colours.isEnabled():
            at = SINGLE_BAND.index(self._settings.colours)
            self._set(replace(self._settings, colours=SINGLE_BAND[(at + 1) % len(SINGLE_BAND)]))

    def toggle_shared(self) -> None:
        """Give all images the reference's visible range, or each its own."""
        self._shared.toggle()

    def toggle_linked(self) -> None:
        """Move the images together, or each alone."""
        self.linked.toggle()

    def toggle_histogram(self) -> None:
        """Show or hide the histogram."""
        self.histogram.toggle()

    def toggle_hatched(self) -> None:
        """Hatch pixels without data, or show them as they are."""
        if self.hatched.isEnabled():
            self.hatched.toggle()

    def offer_hatching(self, is_possible: bool) -> None:
        """Let pixels without data be hatched where there are some."""
        self.hatched.setEnabled(is_possible)
        tip = tr("Hatch pixels without data: no-data values, NaN, fully transparent (N).")
        tell(self.hatched, tip if is_possible else tr("Every pixel of these images has data."), COMPARE)

    def toggle_absolute(self) -> None:
        """Show the difference signed or absolute."""
        self._set(replace(self._settings, is_absolute=not self._settings.is_absolute))

    def show_zoom(self, text: str) -> None:
        """Name the scale."""
        self._zoom.setText(text)

    def _build_modes(self) -> FlowLayout:
        row = FlowLayout(GAP // 2, GAP // 2)
        self._modes = QButtonGroup(self)
        for number, (text, key, tip) in enumerate(mode_texts().values()):
            button = QPushButton(text)
            button.setCheckable(True)
            button.setProperty("segment", True)
            button.setToolTip(f"{tip} ({key})")
            button.setAccessibleName(text.replace("&", "").removesuffix(" (O)"))
            # A click leaves the focus with the images, whose keys pan.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAutoDefault(False)
            self._modes.addButton(button, number)
            row.addWidget(button)
        self._modes.idClicked.connect(lambda number: self.choose_mode(tuple(Mode)[number]))
        self._pair = self._box(tr("Pair"), tr("Which two images are compared (P)."))
        self._pair_field = labelled(tr("Pair"), self._pair)
        self._pair_field.setContentsMargins(GAP, 0, 0, 0)
        self._pair.activated.connect(lambda _: self._set(replace(self._settings, pair=self._pair.currentData())))
        row.addWidget(self._pair_field)
        row.addWidget(self.options)
        return row

    def _build_display(self) -> FlowLayout:
        row = FlowLayout(2 * GAP, GAP)
        self._visible = self._box(tr("Stretch"), tr("Which native values are black and white (T)."))
        for kind, text in visible_texts().items():
            self._visible.addItem(text, kind)
        self._visible.activated.connect(
            lambda _: self._set(replace(self._settings, visible=VisibleRange(self._visible.currentData())))
        )
        self.fixed = FixedLimits()
        self.fixed.changed.connect(lambda limits: self._set(replace(self._settings, fixed=limits)))
        self._shared = self._tick(
            tr("Reference's for all"),
            tr("Stretch all images of one sample type as the reference, so that brightness can be compared (R)."),
        )
        self._shared.toggled.connect(lambda on: self._set(replace(self._settings, is_shared=on)))
        self._colours = self._box(tr("Colours"), "")
        for name in SINGLE_BAND:
            self._colours.addItem(name.capitalize(), name)
        self._colours.activated.connect(
            lambda _: self._set(replace(self._settings, colours=self._colours.currentData()))
        )
        self.linked = self._tick(tr("Linked"), tr("Zoom and move all images together (L)."))
        self.linked.setChecked(True)
        self.linked.toggled.connect(self.linked_changed)
        self.histogram = self._tick(tr("Histogram"), tr("Show the native values of all images over shared bins (G)."))
        self.histogram.toggled.connect(self.histogram_toggled)
        self.hatched = self._tick(tr("Hatch no data"), "")
        self.hatched.toggled.connect(lambda on: self._set(replace(self._settings, is_hatched=on)))
        self.offer_hatching(False)
        fit, full = QPushButton(tr("Fit")), QPushButton(tr("1:1"))
        for button, tip, signal in (
            (fit, tr("Show the whole image (0)."), self.fit_wanted),
            (full, tr("Show one image pixel as one screen pixel (1)."), self.full_wanted),
        ):
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAutoDefault(False)
            button.clicked.connect(signal)
        self._zoom = QLabel()
        self._zoom.setMinimumWidth(self._zoom.fontMetrics().horizontalAdvance("1000 %"))
        self._zoom.setToolTip(tr("Screen pixels per image pixel. The wheel zooms; so do keys, in (+) and out (-)."))
        fields = (
            labelled(tr("Stretch"), self._visible),
            self.fixed,
            self._shared,
            labelled(tr("Colours"), self._colours),
        )
        zoom = QWidget()
        together = QHBoxLayout(zoom)
        together.setContentsMargins(0, 0, 0, 0)
        together.setSpacing(GAP)
        for part in (fit, full, self._zoom):
            together.addWidget(part)
        for widget in (*fields, self.hatched, self.linked, self.histogram, zoom):
            row.addWidget(widget)
        return row

    def _box(self, name: str, tip: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.setToolTip(tip)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return box

    def _tick(self, text: str, tip: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setAccessibleName(text)
        box.setToolTip(tip)
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return box

    @Slot(bool, bool)
    def _on_difference_changed(self, is_absolute: bool, is_usual: bool) -> None:
        self._set(replace(self._settings, is_absolute=is_absolute, is_usual=is_usual))

    def _set(self, settings: Settings) -> None:
        if settings.visible is VisibleRange.FIXED and self._settings.visible is not VisibleRange.FIXED:
            settings = replace(settings, fixed=self._seen)
        if settings != self._settings:
            self._settings = settings
            self._show()
            self.changed.emit(settings)

    def _show(self) -> None:
        """Bring the controls to what is set; their own signals change nothing then."""
        now = self._settings
        self._modes.button(tuple(Mode).index(now.mode)).setChecked(True)
        self._pair_field.setVisible(now.mode is not Mode.SIDE and len(self._pairs) > 1)
        self._pair.setCurrentIndex(self._pairs.index(now.pair) if now.pair in self._pairs else -1)
        self._visible.setCurrentIndex(self._visible.findData(now.visible))
        is_fixed = now.visible is VisibleRange.FIXED
        self.fixed.setVisible(is_fixed)
        self.fixed.show_limits(now.fixed)
        self._shared.setChecked(now.is_shared)
        self.hatched.setChecked(now.is_hatched)
        self._shared.setEnabled(not is_fixed)
        self._colours.setCurrentIndex(self._colours.findData(now.colours))
        self.options.show_settings(now)
