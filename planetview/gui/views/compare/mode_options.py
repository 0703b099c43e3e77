"""What can be set in one mode only: the line of a swipe, the pace of a blink, the ends of a difference."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QPushButton, QSlider, QSpinBox, QWidget

from planetview.core.catalogue import METRICS, metric_label
from planetview.gui.models.wording import tr
from planetview.gui.views.compare.settings import Mode, Settings
from planetview.gui.views.panels import GAP
from planetview.gui.widgets.flow import labelled
from planetview.gui.widgets.numbers import inset_text

# Those with a network that compares places; DreamSim compares whole images.
MAP_METRICS = tuple(key for key in METRICS if "lpips" in key)
_STEP = 5


class ModeOptions(QWidget):
    """One group of controls for each mode, the others hidden."""

    divider_changed = Signal(float)  # 0 to 1
    blend_changed = Signal(float)  # 0 to 1, opacity of the second image
    heat_changed = Signal(float)  # 0 to 1, opacity of the map
    interval_changed = Signal(int)  # milliseconds
    paused_changed = Signal(bool)
    difference_changed = Signal(bool, bool)  # is absolute, ends where 99 % of it does
    metric_changed = Signal(str)
    beside_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.divider = self._slider(tr("Line"), tr("Where the line stands ([ and ])."), 50, self.divider_changed)
        self.blend = self._slider(tr("Second image"), tr("How much of the second image shows ([ and ])."), 50,
                                  self.blend_changed)  # fmt: skip
        self.heat = self._slider(tr("Map"), tr("How much the map covers the image ([ and ])."), 65, self.heat_changed)
        self._build_blink()
        self._build_difference()
        self.metric_box = self._box(tr("Metric"), tr("Which network compares the images."))
        for key in MAP_METRICS:
            self.metric_box.addItem(metric_label(key), key)
        self.metric_box.activated.connect(lambda _: self.metric_changed.emit(self.metric_box.currentData()))
        self.beside = QCheckBox(tr("Beside the pair"))
        self.beside.setAccessibleName(tr("Beside the pair"))
        self.beside.setToolTip(tr("Show the two images too, or what is made of them alone and larger (V)."))
        self.beside.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.beside.toggled.connect(self.beside_changed)
        self._groups: dict[Mode, tuple[QWidget, ...]] = {
            Mode.SWIPE: (labelled(tr("Line"), self.divider),),
            Mode.BLINK: (labelled(tr("Every"), self.interval), self.pause),
            Mode.BLEND: (labelled(tr("Second image"), self.blend),),
            Mode.DIFFERENCE: (self.kind, labelled(tr("Colours to"), self.reach), self.beside),
            Mode.HEAT: (self.metric_box, labelled(tr("Map"), self.heat), self.beside),
        }
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        for widget in (widget for group in self._groups.values() for widget in group):
            layout.addWidget(widget)
        # The one that two modes share comes last in both.
        layout.addWidget(self.beside)

    def show_settings(self, settings: Settings) -> None:
        """Show what belongs to the mode."""
        mine = self._groups.get(settings.mode, ())
        for widget in (widget for group in self._groups.values() for widget in group):
            widget.setVisible(widget in mine)
        self.beside.setChecked(settings.is_beside)
        self.kind.setCurrentIndex(int(settings.is_absolute))
        self.reach.setCurrentIndex(int(settings.is_usual))
        self.metric_box.setCurrentIndex(self.metric_box.findData(settings.metric))
        self.setVisible(settings.mode in self._groups)
        self.updateGeometry()

    def step(self, mode: Mode, up: bool) -> None:
        """Move what the mode has to move by one step: line, share, map, or the pace of the blink."""
        if mode is Mode.BLINK:
            self.interval.stepBy(1 if up else -1)
            return
        slider = {Mode.SWIPE: self.divider, Mode.BLEND: self.blend, Mode.HEAT: self.heat}.get(mode)
        if slider is not None:
            slider.setValue(slider.value() + (_STEP if up else -_STEP))

    def set_divider(self, share: float) -> None:
        """Put the line where it was dragged to."""
        self.divider.setValue(round(100 * share))

    def _build_blink(self) -> None:
        self.interval = QSpinBox(minimum=100, maximum=5000, singleStep=100, value=700, suffix=" ms")
        self.interval.setAccessibleName(tr("Blink interval"))
        self.interval.setToolTip(tr("How long each image is shown: shorter ([), longer (])."))
        inset_text(self.interval)
        self.interval.valueChanged.connect(self.interval_changed)
        self.pause = QPushButton(tr("Pause"))
        self.pause.setCheckable(True)
        self.pause.setProperty("segment", True)
        self.pause.setAccessibleName(tr("Pause blinking"))
        self.pause.setToolTip(tr("Stop or go on (Space). While stopped, show the other image (Shift+Space)."))
        self.pause.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.pause.setAutoDefault(False)
        self.pause.toggled.connect(self.paused_changed)

    def _build_difference(self) -> None:
        self.kind = self._box(tr("Kind of difference"), tr("With its sign, or without it (A)."))
        self.kind.addItems([tr("Signed"), tr("Absolute")])
        self.reach = self._box(tr("Ends of the colours"), tr("Where the colours end."))
        self.reach.addItems([tr("the largest"), tr("99 % of the pixels")])
        for box in (self.kind, self.reach):
            box.activated.connect(self._on_difference)

    @Slot()
    def _on_difference(self) -> None:
        self.difference_changed.emit(self.kind.currentIndex() == 1, self.reach.currentIndex() == 1)

    def _slider(self, name: str, tip: str, value: int, moved: object) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setValue(value)
        slider.setPageStep(10)
        slider.setAccessibleName(name)
        slider.setToolTip(tip)
        slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        slider.valueChanged.connect(lambda percent: moved.emit(percent / 100))  # type: ignore[attr-defined]
        return slider

    def _box(self, name: str, tip: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.setToolTip(tip)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return box
