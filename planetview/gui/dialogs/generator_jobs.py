"""The two questions before a generator works: which images to write, which path lengths to measure."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from planetview.core.catalogue.path_length import PATH_LENGTHS, PUBLISHED_SAMPLES, SCREENING_SAMPLES
from planetview.core.errors import UserError
from planetview.core.generation import GeneratorDescription, read_class_counts
from planetview.core.messages import PathLengthRequest, SampleRequest
from planetview.gui.dialogs import choose
from planetview.gui.widgets.numbers import inset_text

_LARGEST = 2**31 - 1
_MOST = 10_000_000
_USUAL_COUNT = 5_000
_FOR_TERRAIN = "ppl2-wend"
_DISTANCES = (("-st", "ST-LPIPS VGG-16 (offline)"), ("", "LPIPS VGG-16 (as published)"))


class ClassChoice(QWidget):
    """How classes are chosen: drawn evenly, as often as in a training set, or one for all."""

    def __init__(self, classes: int, *, has_single: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.counts: tuple[int, ...] = ()
        self.policy = QComboBox(self)
        self.policy.setAccessibleName(self.tr("Classes"))
        self.policy.addItem(self.tr("Drawn evenly"), "even")
        self.policy.addItem(self.tr("As in the training set…"), "labels")
        if has_single:
            self.policy.addItem(self.tr("One class"), "single")
        self._single = QSpinBox(self)
        self._single.setRange(0, max(0, classes - 1))
        self._single.setAccessibleName(self.tr("Class of every image"))
        inset_text(self._single)
        self._words = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._words.setProperty("muted", True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.policy)
        row.addWidget(self._single)
        row.addWidget(self._words, 1)
        self._single.hide()
        self.policy.activated.connect(self._on_chosen)

    @property
    def class_index(self) -> int | None:
        """The class of every image, None where they are drawn."""
        return self._single.value() if self.policy.currentData() == "single" else None

    def take_labels(self, path: Path) -> None:
        """Draw classes as often as this `dataset.json` has them; says why where it cannot be read."""
        try:
            self.counts = read_class_counts(path)
        except UserError as error:
            self.policy.setCurrentIndex(0)
            self._words.setText(error.message)
        else:
            self._words.setText(path.name)

    @Slot()
    def _on_chosen(self) -> None:
        chosen = self.policy.currentData()
        self.counts = ()
        self._words.clear()
        self._single.setVisible(chosen == "single")
        if chosen == "labels":
            dialog = choose.choose_labels(
                self, self.tr("The dataset.json of the training set"), lambda paths: self.take_labels(paths[0])
            )
            dialog.rejected.connect(lambda: self.policy.setCurrentIndex(0))


class _JobDialog(QDialog):
    """A form with a button that starts the job."""

    chosen = Signal(object)  # the request

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.form = QFormLayout()
        # Large text needs the width of the window for the field alone.
        self.form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.form.setHorizontalSpacing(16)
        self.form.setVerticalSpacing(10)
        self.problem = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.problem.setProperty("muted", True)
        # A width of the dialog itself would let it be made smaller than its contents.
        self.problem.setMinimumWidth(520)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.start_button = buttons.addButton("", QDialogButtonBox.ButtonRole.AcceptRole)
        self.start_button.setProperty("primary", True)
        self.start_button.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._column = layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(16)
        layout.addLayout(self.form)
        layout.addWidget(self.problem)
        layout.addWidget(buttons)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Qt leaves the lines that words break into out of the least height, and the form pays for them.
        self.setMinimumHeight(self._column.totalMinimumHeightForWidth(self.width()))

    def add_row(self, label: str, field: QWidget, tip: str = "") -> None:
        """Add a line to the form."""
        caption = QLabel(label, self)
        caption.setBuddy(field)
        for widget in (caption, field):
            widget.setToolTip(tip)
        # A label with a mnemonic asks for a few pixels less than its last letter takes.
        caption.setMinimumWidth(caption.sizeHint().width() + 8)
        field.setAccessibleName(label.replace("&", ""))
        self.form.addRow(caption, field)

    def number(self, low: int, high: int, value: int, *, has_groups: bool = True) -> QSpinBox:
        """Return a field for a whole number; a seed is a name, which has no groups of digits."""
        field = QSpinBox(self)
        field.setRange(low, high)
        field.setGroupSeparatorShown(has_groups)
        field.setValue(value)
        self.narrow(field)
        return field

    def narrow(self, field: QAbstractSpinBox) -> None:
        """Make a field for a number as wide as all others of the form."""
        inset_text(field)
        field.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        field.setMinimumWidth(field.fontMetrics().horizontalAdvance("0" * 22))


class SampleDialog(_JobDialog):
    """Asks how many images to write, where to, and how."""

    def __init__(self, generator: GeneratorDescription, seed: int, truncation: float, parent: QWidget) -> None:
        super().__init__(parent)
        self.accepted.connect(lambda: self.chosen.emit(self.request()))
        self.setWindowTitle(self.tr("Sample images"))
        self.start_button.setText(self.tr("Make images"))
        self._generator = generator
        self.count = self.number(1, _MOST, _USUAL_COUNT)
        name = generator.path.name.partition(".")[0]
        self.folder = QLineEdit(str(generator.path.absolute().parent / f"{name}-images"), self)
        self.seed = self.number(0, _LARGEST, seed, has_groups=False)
        self.truncation = QDoubleSpinBox(self)
        self.truncation.setRange(0.0, 1.0)
        self.truncation.setSingleStep(0.05)
        self.truncation.setValue(truncation)
        self.truncation.setEnabled(generator.truncation)
        self.narrow(self.truncation)
        self.noise = QComboBox(self)
        for value, words in (
            ("random", self.tr("Drawn anew for each image")),
            ("const", self.tr("The file's own")),
            ("none", self.tr("None")),
        ):
            self.noise.addItem(words, value)
        self.noise.setEnabled(generator.noise == "controllable")
        self.noise.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.classes = ClassChoice(generator.classes, has_single=True, parent=self)
        self._add_rows()
        self.folder.textChanged.connect(self._show_problem)
        self.truncation.valueChanged.connect(self._show_problem)
        self._show_problem()

    def request(self) -> SampleRequest:
        """Return what the form describes."""
        has_noise = self._generator.noise == "controllable"
        return SampleRequest(
            self._generator.path,
            self.count.value(),
            Path(self.folder.text().strip()).expanduser(),
            self.seed.value(),
            round(self.truncation.value(), 4),
            noise=self.noise.currentData() if has_noise else "random",
            class_index=self.classes.class_index if self._generator.classes else None,
            class_counts=self.classes.counts,
        )

    def _add_rows(self) -> None:
        place = QWidget(self)
        row = QHBoxLayout(place)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.folder, 1)
        browse = QPushButton(self.tr("Browse…"), place)
        browse.setAutoDefault(False)
        browse.clicked.connect(self._on_browse)
        row.addWidget(browse)
        place.setFocusProxy(self.folder)
        self.folder.setAccessibleName(self.tr("Folder"))
        self.add_row(self.tr("&Images"), self.count, self.tr("A set of thousands judges best"))
        self.add_row(
            self.tr("&Folder"), place, self.tr("A new or empty folder, or one begun with the same settings: it goes on")
        )
        self.add_row(
            self.tr("First &seed"), self.seed, self.tr("Image by image one more; an image depends on it alone")
        )
        no_styles = self.tr("This file gives no styles w with their mean, so it cannot be truncated")
        usual = self.tr("1 for a set to be judged: less judges the truncation as well")
        self.add_row(self.tr("&Truncation"), self.truncation, usual if self._generator.truncation else no_styles)
        fixed = self.tr("The file leaves no choice")
        self.add_row(
            self.tr("&Noise"), self.noise,
            self.tr("Drawn anew, as published FIDs are made") if self.noise.isEnabled() else fixed,
        )  # fmt: skip
        if self._generator.classes:
            self.add_row(self.tr("&Classes"), self.classes)
        else:
            self.classes.hide()

    @Slot()
    def _on_browse(self) -> None:
        choose.choose_folder(self, self.tr("Folder for the images"), lambda paths: self.folder.setText(str(paths[0])))

    @Slot()
    def _show_problem(self) -> None:
        has_place = bool(self.folder.text().strip())
        self.start_button.setEnabled(has_place)
        words = ""
        if not has_place:
            words = self.tr("Choose a folder.")
        elif self.truncation.value() < 1:
            words = self.tr("Truncated images look better and vary less: FID and recall judge the truncation too.")
        self.problem.setText(words)


class PathLengthDialog(_JobDialog):
    """Asks which path lengths to measure, on how many samples, by which distance.

    lacking: ids of weights that are not here; None while that is not known.
    """

    def __init__(self, generator: GeneratorDescription, lacking: frozenset[str] | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.accepted.connect(lambda: self.chosen.emit(self.request()))
        self.setWindowTitle(self.tr("Path length"))
        self.start_button.setText(self.tr("Measure"))
        self._generator = generator
        self.variants = self._build_variants()
        self.distance = self._build_distance(lacking)
        self.samples = self.number(2, _MOST, SCREENING_SAMPLES)
        self.seed = self.number(0, _LARGEST, 2020, has_groups=False)
        self.classes = ClassChoice(generator.classes, has_single=False, parent=self)
        boxes = QWidget(self)
        column = QVBoxLayout(boxes)
        column.setContentsMargins(0, 0, 0, 0)
        # The form would press them together on a low screen.
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetMinimumSize)
        for box in self.variants.values():
            column.addWidget(box)
            box.toggled.connect(self._show_problem)
        self.add_row(self.tr("Variants"), boxes)
        self.add_row(
            self.tr("&Distance"), self.distance, self.tr("Compare values of one distance with each other only")
        )
        self.add_row(self.tr("&Samples"), self.samples, self.tr("Publications use 50,000; they take hours on a CPU"))
        self.add_row(self.tr("S&eed"), self.seed, self.tr("Of every draw"))
        if generator.classes:
            self.add_row(self.tr("&Classes"), self.classes)
        else:
            self.classes.hide()
        self.samples.valueChanged.connect(self._show_problem)
        self._show_problem()

    def request(self) -> PathLengthRequest:
        """Return what the form describes."""
        suffix = str(self.distance.currentData())
        chosen = tuple(name + suffix for name, box in self.variants.items() if box.isChecked())
        return PathLengthRequest(
            self._generator.path, chosen, self.samples.value(), self.seed.value(), self.classes.counts
        )

    def _build_variants(self) -> dict[str, QCheckBox]:
        boxes = {}
        specs = sorted((s for s in PATH_LENGTHS.values() if s.published), key=lambda spec: spec.id != _FOR_TERRAIN)
        has_w = self._generator.num_ws > 0
        for spec in specs:
            is_usual = spec.id == _FOR_TERRAIN
            text = spec.label + (self.tr(" · for terrain: the whole image") if is_usual else self.tr(" · face crop"))
            box = QCheckBox(text, self)
            box.setToolTip(f"{spec.definition} {spec.caveats}")
            box.setChecked(is_usual and has_w)
            if spec.space == "w" and not has_w:
                box.setEnabled(False)
                box.setToolTip(self.tr("This file gives no styles w"))
            boxes[spec.id] = box
        return boxes

    def _build_distance(self, lacking: frozenset[str] | None) -> QComboBox:
        box = QComboBox(self)
        for suffix, words in _DISTANCES:
            needed = PATH_LENGTHS[_FOR_TERRAIN + suffix].weights
            is_there = lacking is not None and lacking.isdisjoint(needed)
            box.addItem(words if is_there or suffix else self.tr("{0}: no weights, see Models").format(words), suffix)
            if not is_there and not suffix:
                box.model().item(box.count() - 1).setEnabled(False)  # type: ignore[attr-defined]
        box.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        return box

    @Slot()
    def _show_problem(self) -> None:
        has_some = any(box.isChecked() for box in self.variants.values())
        self.start_button.setEnabled(has_some)
        words = ""
        if not has_some:
            words = self.tr("Choose at least one variant.")
        elif self.samples.value() < PUBLISHED_SAMPLES:
            words = self.tr(
                "Screening: fewer samples than the {0} of publications. Samples are kept, so a longer run goes on."
            ).format(f"{PUBLISHED_SAMPLES:,}")
        self.problem.setText(words)
