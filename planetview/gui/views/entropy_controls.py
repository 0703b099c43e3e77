"""The choices above the entropy histogram: which entropy, split how, drawn how, and which curves."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QResizeEvent, QStandardItemModel
from PySide6.QtWidgets import QCheckBox, QComboBox, QPushButton, QSpinBox, QVBoxLayout, QWidget

from planetview.core.results import Results
from planetview.gui.local_keys import PLOTS, tell
from planetview.gui.models.entropy_series import EntropySeries, Quantity, missing_reason
from planetview.gui.plots.brushing import BrushShape
from planetview.gui.plots.styles import SAMPLE_SIZE, sample_icon
from planetview.gui.theme import Theme
from planetview.gui.views.panels import GAP
from planetview.gui.widgets.flow import FlowLayout, labelled
from planetview.gui.widgets.numbers import inset_text

_AUTOMATIC = 3  # one below the fewest bins a person can ask for


class EntropyControls(QWidget):
    """Combos for the whole histogram, and a box for every curve in it."""

    quantity_changed = Signal()  # what the curves are made of: another quantity or split
    look_changed = Signal()  # which of them are drawn, and how
    brush_changed = Signal(object)  # BrushShape
    choices_changed = Signal(tuple)  # what `use_choices` takes

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._boxes: dict[str, tuple[QCheckBox, EntropySeries]] = {}
        self._row = FlowLayout(2 * GAP, GAP)
        self._box_row = FlowLayout(2 * GAP, GAP // 2)
        self._build()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(self._row)
        layout.addLayout(self._box_row)
        theme.changed.connect(self._on_theme_changed)

    @property
    def quantity(self) -> Quantity:
        """Which entropy is chosen."""
        return Quantity(self._what.currentData() or Quantity.IMAGE)

    @property
    def split(self) -> str:
        """The dataset whose classes are the curves; "" for the datasets themselves."""
        return self._split.currentData() or ""

    @property
    def is_density(self) -> bool:
        """Whether every curve has area 1."""
        return self._heights.currentIndex() == 1

    @property
    def is_logarithmic(self) -> bool:
        """Whether the heights are drawn as logarithms."""
        return self._log.isChecked()

    @property
    def bins(self) -> int:
        """How many bins are asked for; 0 for a number that fits the data."""
        return 0 if self._bins.value() == _AUTOMATIC else self._bins.value()

    def use_choices(self, choices: tuple[str, ...]) -> None:
        """Draw as `choices_changed` said: "density", "logarithmic", "bins:40"; what is not named is as at first."""
        bins = [word.partition(":")[2] for word in choices if word.startswith("bins:")]
        self._heights.setCurrentIndex(int("density" in choices))
        self._log.setChecked("logarithmic" in choices)
        self._bins.setValue(int(bins[0]) if bins and bins[0].isdecimal() else _AUTOMATIC)

    @Slot()
    def _tell_choices(self) -> None:
        bins = (f"bins:{self.bins}",) if self.bins else ()
        words = (("density", self.is_density), ("logarithmic", self.is_logarithmic))
        self.choices_changed.emit((*(word for word, is_chosen in words if is_chosen), *bins))

    def shown(self) -> list[EntropySeries]:
        """Return the curves whose box is ticked."""
        return [series for box, series in self._boxes.values() if box.isChecked()]

    def add(self, button: QPushButton) -> None:
        """Put a button at the end of the choices."""
        self._row.addWidget(button)

    def choose_next_shape(self) -> None:
        """Let a drag draw the next shape."""
        self._brush.setCurrentIndex((self._brush.currentIndex() + 1) % self._brush.count())

    def offer(self, results: Results) -> None:
        """Offer what these results have; what was chosen stays where it still exists."""
        model = self._what.model()
        assert isinstance(model, QStandardItemModel)
        for number, quantity in enumerate(Quantity):
            reason = missing_reason(results, quantity)
            model.item(number).setEnabled(not reason)
            model.item(number).setToolTip(reason)
        if missing_reason(results, self.quantity):
            self._what.setCurrentIndex(0)
        kept = self.split
        self._split.clear()
        self._split.addItem(self.tr("Dataset"), "")
        for dataset in results.datasets:
            if any(image.label is not None for image in dataset.images):
                self._split.addItem(self.tr("Classes of {}").format(dataset.name), dataset.name)
        self._split.setCurrentIndex(max(0, self._split.findData(kept)))

    def show_boxes(self, series: list[EntropySeries]) -> None:
        """Offer a ticked box for every curve."""
        for box, _ in self._boxes.values():
            self._box_row.removeWidget(box)
            box.hide()
            box.deleteLater()
        self._boxes.clear()
        for one in series:
            box = QCheckBox(one.name.replace("&", "&&"))
            box.setChecked(True)
            box.setAccessibleName(self.tr("Show {}").format(one.name))
            box.setIconSize(SAMPLE_SIZE)
            box.toggled.connect(self.look_changed)
            self._box_row.addWidget(box)
            self._boxes[one.name] = (box, one)
        self._on_theme_changed()
        self._keep_rows()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keep_rows()

    def _keep_rows(self) -> None:
        """Keep all rows in sight: a splitter asks for the height of one, whatever the width."""
        self.setMinimumHeight(self.heightForWidth(self.width()))

    def _build(self) -> None:
        self._what = QComboBox()
        for quantity in Quantity:
            self._what.addItem(quantity.label, str(quantity))
        self._what.setToolTip(self.tr("The entropy of images, of pairs (the mean of both) or of one colour channel."))
        self._split = QComboBox()
        self._split.addItem(self.tr("Dataset"), "")
        self._split.setToolTip(self.tr("One curve for every dataset, or for every class of one dataset."))
        self._bins = QSpinBox(minimum=_AUTOMATIC, maximum=200, value=_AUTOMATIC)
        inset_text(self._bins)
        self._bins.setSpecialValueText(self.tr("Automatic"))
        self._bins.setToolTip(self.tr("Automatic bins have the Freedman-Diaconis width of all curves together."))
        self._heights = QComboBox()
        self._heights.addItems([self.tr("Count"), self.tr("Density")])
        self._heights.setToolTip(self.tr("Density has area 1 for every curve, so that sets of other sizes compare."))
        self._brush = QComboBox()
        for text, shape in (
            (self.tr("Range"), BrushShape.INTERVAL),
            (self.tr("Rectangle"), BrushShape.RECTANGLE),
            (self.tr("Lasso"), BrushShape.LASSO),
        ):
            self._brush.addItem(text, str(shape))
        tell(
            self._brush,
            self.tr("What a drag selects: all images of a range, or those of the bars whose ends lie inside (S)."),
            PLOTS,
        )
        for text, name, control in (
            (self.tr("&What"), self.tr("What the entropy is of"), self._what),
            (self.tr("&Split"), self.tr("Curves by"), self._split),
            (self.tr("&Height"), self.tr("Height of the bars"), self._heights),
            (self.tr("&Bins"), self.tr("Number of bins"), self._bins),
            (self.tr("&Drag"), self.tr("Drag selects"), self._brush),
        ):
            control.setAccessibleName(name)
            if isinstance(control, QComboBox):
                control.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            self._row.addWidget(labelled(text, control))
        self._log = QCheckBox(self.tr("&Logarithmic"))
        self._log.setAccessibleName(self.tr("Logarithmic heights"))
        self._log.setToolTip(self.tr("Draw the logarithms of the heights, so that rare values show."))
        self._log.toggled.connect(self.look_changed)
        self._row.addWidget(self._log)
        self.look_changed.connect(self._tell_choices)
        self._what.currentIndexChanged.connect(self._on_chosen)
        self._split.activated.connect(self._on_chosen)
        self._heights.currentIndexChanged.connect(self.look_changed)
        self._bins.valueChanged.connect(self.look_changed)
        self._brush.currentIndexChanged.connect(self._on_brush_chosen)

    @Slot()
    def _on_chosen(self) -> None:
        self.quantity_changed.emit()

    @Slot()
    def _on_brush_chosen(self) -> None:
        self.brush_changed.emit(BrushShape(self._brush.currentData()))

    @Slot()
    def _on_theme_changed(self) -> None:
        for box, series in self._boxes.values():
            box.setIcon(sample_icon(series.style, self._theme.tokens, self.devicePixelRatioF()))
