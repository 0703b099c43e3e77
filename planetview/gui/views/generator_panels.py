"""The parts of the generator page: its beginning, its controls, what is known of the generator."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QSpinBox,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from planetview.core.generation import GeneratorDescription
from planetview.core.messages import JobFailure
from planetview.gui.generator_work import Phase
from planetview.gui.models.generator_words import description_html, description_text
from planetview.gui.theme import Theme
from planetview.gui.views.panels import GAP
from planetview.gui.widgets.drops import DropZone
from planetview.gui.widgets.flow import FlowLayout, labelled
from planetview.gui.widgets.numbers import inset_text

# Qt's number fields end here; the engine's seeds go on to 2^32 - 1.
LARGEST_SEED = 2**31 - 1
_PICTURES = 16
_LEAST_TRUNCATION = 30


class StartPanel(QWidget):
    """What the page shows without a generator: where to drop one, or why the last one was not opened."""

    open_requested = Signal()
    consent_requested = Signal()
    paths_dropped = Signal(object)  # tuple[Path, ...]

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        zone = DropZone(
            self.tr("Drop a generator here"),
            self.tr("StyleGAN2 or StyleGAN3 .pkl, .onnx, a safe copy (.safetensors), .pt, .pt2"),
            "generator",
            theme,
            self,
        )
        zone.setMinimumHeight(190)
        zone.setMaximumHeight(260)
        zone.paths_dropped.connect(self.paths_dropped)
        zone.activated.connect(self.open_requested)
        button = QPushButton(self.tr("Open generator…"), self)
        button.clicked.connect(self.open_requested)
        self.trust = QPushButton(self.tr("Trust and open…"), self)
        self.trust.clicked.connect(self.consent_requested)
        self._problem = QFrame(self)
        self._problem.setProperty("tone", "danger")
        self._words = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        inner = QHBoxLayout(self._problem)
        inner.setContentsMargins(16, 10, 12, 10)
        inner.addWidget(self._words, 1)
        inner.addWidget(self.trust)
        self._opening = QLabel(self, alignment=Qt.AlignmentFlag.AlignCenter, textFormat=Qt.TextFormat.PlainText)
        why = QLabel(
            self.tr(
                "Nothing in a .pkl is executed: PlanetView reads its tensors and settings and builds the network from "
                "its own code. A file that is a program (.pt, .pt2) runs only after you agree."
            ),
            self,
            wordWrap=True,
            alignment=Qt.AlignmentFlag.AlignCenter,
        )
        why.setProperty("muted", True)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GAP, 0, 0)
        layout.setSpacing(2 * GAP)
        for widget in (self._problem, self._opening, zone):
            layout.addWidget(widget)
        layout.addLayout(row)
        layout.addWidget(why)
        layout.addStretch(1)
        self.setFocusProxy(zone)
        self.show_state(Phase.NONE, None, None)

    def text(self) -> str:
        """Return what is said about the last file."""
        return self._words.text() if self._problem.isVisibleTo(self) else self._opening.text()

    def show_state(self, phase: Phase, path: Path | None, failure: JobFailure | None) -> None:
        """Show whether a file is being opened, or why it was not."""
        is_failed = phase is Phase.FAILED and failure is not None
        if is_failed and failure is not None:
            self._words.setText("\n".join(part for part in (failure.message, failure.hint) if part))
            self.trust.setVisible(failure.program is not None)
        self._problem.setVisible(is_failed)
        self._opening.setText(self.tr("Opening {0}…").format(path.name if path is not None else ""))
        self._opening.setVisible(phase is Phase.OPENING)


class LookControls(QWidget):
    """Chooses what the grid shows: first seed, truncation, class."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._has_classes = False
        self._seed = _seed_field(self.tr("First seed of the pictures"), self)
        self.previous = QPushButton(self.tr("Previous"), self)
        self.previous.setToolTip(self.tr("The {0} seeds before these").format(_PICTURES))
        self.next = QPushButton(self.tr("Next"), self)
        self.next.setToolTip(self.tr("The next {0} seeds").format(_PICTURES))
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(_LEAST_TRUNCATION, 100)
        self.slider.setValue(100)
        self.slider.setFixedWidth(140)
        self.slider.setAccessibleName(self.tr("Truncation"))
        self._psi = QLabel(self)
        self._psi.setMinimumWidth(self.fontMetrics().horizontalAdvance(self.tr("not available")))
        self._class = QSpinBox(self)
        self._class.setAccessibleName(self.tr("Class of the pictures"))
        inset_text(self._class)
        self._class_pair = labelled(self.tr("Class"), self._class)
        layout = FlowLayout(12, GAP)
        layout.addWidget(labelled(self.tr("Seeds from"), self._seed))
        layout.addWidget(self.previous)
        layout.addWidget(self.next)
        layout.addWidget(labelled(self.tr("Truncation"), self.slider))
        layout.addWidget(self._psi)
        layout.addWidget(self._class_pair)
        self.setLayout(layout)
        self.previous.clicked.connect(lambda: self._step(-_PICTURES))
        self.next.clicked.connect(lambda: self._step(_PICTURES))
        self._seed.valueChanged.connect(self.edited)
        self._class.valueChanged.connect(self.edited)
        self.slider.valueChanged.connect(self._on_slid)
        self._on_slid()

    @property
    def seed(self) -> int:
        """Seed of the first picture."""
        return self._seed.value()

    @property
    def truncation(self) -> float:
        """The truncation psi, 1 for none."""
        return self.slider.value() / 100

    @property
    def class_index(self) -> int | None:
        """The class of all pictures, None where there are no classes."""
        return self._class.value() if self._has_classes else None

    def show_generator(self, found: GeneratorDescription) -> None:
        """Offer what this generator can do."""
        self._has_classes = found.classes > 0
        self._class.setRange(0, max(0, found.classes - 1))
        self._class_pair.setVisible(self._has_classes)
        self.slider.setEnabled(found.truncation)
        if not found.truncation:
            self.slider.setValue(100)
        self._on_slid()
        self.slider.setToolTip(
            self.tr("Less gives nicer and less varied pictures; 1 is what the generator learned")
            if found.truncation
            else self.tr("This file gives no styles w with their mean, so it cannot be truncated")
        )

    def _step(self, by: int) -> None:
        self._seed.setValue(max(0, self.seed + by))

    @Slot()
    def _on_slid(self) -> None:
        self._psi.setText(f"{self.truncation:.2f}" if self.slider.isEnabled() else self.tr("not available"))
        self.edited.emit()


class WalkControls(QWidget):
    """Chooses the two ends of the walk."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._first = _seed_field(self.tr("Seed where the walk begins"), self)
        self._second = _seed_field(self.tr("Seed where the walk ends"), self)
        self._second.setValue(1)
        self._space = QLabel(self)
        self._space.setProperty("muted", True)
        row = FlowLayout(12, GAP)
        row.addWidget(labelled(self.tr("Walk from seed"), self._first))
        row.addWidget(labelled(self.tr("to seed"), self._second))
        row.addWidget(self._space)
        self.setLayout(row)
        self._first.valueChanged.connect(self.edited)
        self._second.valueChanged.connect(self.edited)

    @property
    def first(self) -> int:
        """Seed where the walk begins."""
        return self._first.value()

    @property
    def second(self) -> int:
        """Seed where the walk ends."""
        return self._second.value()

    def show_space(self, space: str) -> None:
        """Say which latents the walk goes through: "w", "z", or "" while that is not known."""
        words = {"w": self.tr("straight through the styles w"), "z": self.tr("along the sphere of latents z")}
        self._space.setText(words.get(space, ""))


class DescriptionPanel(QWidget):
    """What is known of the generator, to be read and copied."""

    copied = Signal(str)  # text for the clipboard

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: GeneratorDescription | None = None
        self._browser = QTextBrowser(self)
        self._browser.setFrameShape(QFrame.Shape.NoFrame)
        self._browser.setAccessibleName(self.tr("About the generator"))
        self.copy_digest = QPushButton(self.tr("Copy SHA-256"), self)
        self.copy_all = QPushButton(self.tr("Copy all"), self)
        self.copy_digest.clicked.connect(self._on_copy_digest)
        self.copy_all.clicked.connect(self._on_copy_all)
        buttons = FlowLayout(GAP, GAP)
        buttons.addWidget(self.copy_digest)
        buttons.addWidget(self.copy_all)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(self._browser, 1)
        layout.addLayout(buttons)

    def text(self) -> str:
        """Return what is shown."""
        return self._browser.toPlainText()

    def show_generator(self, found: GeneratorDescription) -> None:
        """Show what this generator is."""
        self._found = found
        self._browser.setHtml(description_html(found))

    @Slot()
    def _on_copy_digest(self) -> None:
        if self._found is not None:
            self.copied.emit(self._found.sha256)

    @Slot()
    def _on_copy_all(self) -> None:
        if self._found is not None:
            self.copied.emit(description_text(self._found))


def _seed_field(name: str, parent: QWidget) -> QSpinBox:
    field = QSpinBox(parent)
    field.setRange(0, LARGEST_SEED)
    field.setMinimumWidth(92)
    field.setAccessibleName(name)
    field.setKeyboardTracking(False)
    inset_text(field)
    return field
