"""The settings of a run that have a good default: metrics, extractors, neighbours, seed, device."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from planetview.core.catalogue import EXTRACTORS, METRICS, NEIGHBOUR_SPACES
from planetview.core.settings import RunSettings
from planetview.gui.theme import Theme
from planetview.gui.views.run_choices import RunChoices
from planetview.gui.widgets.numbers import inset_text

_PRECISIONS = (("float32", "float32"), ("fast", "Fast"))
_DEVICES = (("auto", "Automatic"), ("cpu", "CPU"), ("cuda", "NVIDIA GPU (CUDA)"), ("mps", "Apple GPU (MPS)"))


class OptionsPanel(QFrame):
    """Edits `RunSettings` except its stretch and split."""

    changed = Signal(object)  # RunSettings
    weights_wanted = Signal(str)  # weights id

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = RunSettings()
        self.setProperty("card", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(12)
        self._choices = RunChoices(theme, self)
        self._choices.edited.connect(self._on_edited)
        self._choices.weights_wanted.connect(self.weights_wanted)
        layout.addWidget(self._choices)
        self._build_form(layout)
        self.show_settings(self._settings)

    def show_settings(self, settings: RunSettings) -> None:
        """Show these settings."""
        self._settings = settings
        self._choices.show_choices(settings.metrics, settings.extractors)
        self._space.setCurrentIndex(max(0, self._space.findData(settings.neighbours_by[0])))
        self._neighbours.setValue(settings.neighbours_k)
        self._seed.setValue(settings.seed)
        self._device.setCurrentIndex(max(0, self._device.findData(settings.device)))
        self._precision.setCurrentIndex(max(0, self._precision.findData(settings.precision)))
        self._threads.setValue(settings.threads or 0)
        self._memory.setValue(settings.memory_mib)

    def show_lacking(self, lacking: frozenset[str]) -> None:
        """Mark what needs one of these weights, known to be missing."""
        self._choices.show_lacking(lacking)

    def _build_form(self, layout: QVBoxLayout) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        self._space = QComboBox(self)
        for space in NEIGHBOUR_SPACES:
            label = EXTRACTORS[space].label if space in EXTRACTORS else METRICS[space].label
            self._space.addItem(label, space)
        self._space.activated.connect(self._on_edited)
        self._device = QComboBox(self)
        for device, label in _DEVICES:
            self._device.addItem(self.tr(label), device)
        self._device.activated.connect(self._on_edited)
        self._precision = QComboBox(self)
        for precision, label in _PRECISIONS:
            self._precision.addItem(self.tr(label), precision)
        self._precision.activated.connect(self._on_edited)
        self._neighbours = self._number(1, 50)
        self._seed = self._number(0, 2**31 - 1)
        self._threads = self._number(0, 256)
        self._threads.setSpecialValueText(self.tr("All but one"))
        self._memory = self._number(64, 1024 * 1024, " MiB")
        for label, tip, field in (
            (self.tr("&Nearest by"), self.tr("What decides which real image is nearest"), self._space),
            (self.tr("Nei&ghbours kept"), self.tr("Nearest images kept for each image"), self._neighbours),
            (self.tr("See&d"), self.tr("Every subsample and bootstrap follows from it"), self._seed),
            (self.tr("De&vice"), self.tr("Where networks run"), self._device),
            (
                self.tr("&Precision"),
                self.tr("Fast: bfloat16 where measured to move no metric by half its interval; docs/precision.md"),
                self._precision,
            ),
            (self.tr("&Threads"), self.tr("CPU threads of the engine"), self._threads),
            (self.tr("&Memory budget"), self.tr("For the blocks of all-pairs work"), self._memory),
        ):
            caption = QLabel(label, self)
            caption.setBuddy(field)
            caption.setToolTip(tip)
            field.setToolTip(tip)
            field.setMinimumWidth(180)
            field.setAccessibleName(label.replace("&", ""))
            form.addRow(caption, field)
        layout.addLayout(form)

    def _number(self, low: int, high: int, suffix: str = "") -> QSpinBox:
        box = QSpinBox(self)
        box.setRange(low, high)
        box.setSuffix(suffix)
        inset_text(box)
        box.editingFinished.connect(self._on_edited)
        return box

    def _on_edited(self, *_ignored: Any) -> None:
        space = str(self._space.currentData())
        known = self._settings.neighbours_by
        edited = replace(
            self._settings,
            metrics=self._choices.metrics,
            extractors=self._choices.extractors,
            neighbours_by=known if space == known[0] else (space,),
            neighbours_k=self._neighbours.value(),
            seed=self._seed.value(),
            device=str(self._device.currentData()),
            precision=str(self._precision.currentData()),
            threads=self._threads.value() or None,
            memory_mib=self._memory.value(),
        )
        if edited != self._settings:
            self._settings = edited
            self.changed.emit(edited)


class SplitChoice(QWidget):
    """Offers to set a share of the reference aside as held-out."""

    chosen = Signal(float)  # share, 0 for none

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = QCheckBox(self.tr("&Set a part of the reference aside as held-out"), self)
        self._box.setToolTip(
            self.tr("A seeded random share; without held-out images there is no noise floor to read values against")
        )
        self._share = QDoubleSpinBox(self)
        inset_text(self._share)
        self._share.setRange(1, 90)
        self._share.setDecimals(0)
        self._share.setSuffix(" %")
        self._share.setValue(20)
        self._share.setAccessibleName(self.tr("Share of the reference set aside"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        layout.addWidget(self._share)
        layout.addStretch(1)
        self._box.clicked.connect(self._on_edited)
        self._share.editingFinished.connect(self._on_edited)

    def show_share(self, share: float) -> None:
        """Show a share, 0 to 1."""
        self._box.setChecked(share > 0)
        self._share.setEnabled(share > 0)
        if share > 0:
            self._share.setValue(share * 100)

    def _on_edited(self, *_ignored: Any) -> None:
        self.chosen.emit(self._share.value() / 100 if self._box.isChecked() else 0.0)
