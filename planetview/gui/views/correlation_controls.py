"""The choices above the correlation plots: which pairs, which columns, and what a drag draws."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QCheckBox, QComboBox, QPushButton, QVBoxLayout, QWidget

from planetview.gui.local_keys import PLOTS, tell
from planetview.gui.plots.brushing import BrushShape
from planetview.gui.views.pair_columns import ENTROPY, column_label
from planetview.gui.views.pair_series import Pairing, PairSets
from planetview.gui.views.panels import GAP
from planetview.gui.widgets.flow import FlowLayout, labelled


class CorrelationControls(QWidget):
    """Which pairs and columns are shown. The columns and the way back show only while one scatter is open."""

    pairs_changed = Signal()  # dataset, kind of pairs or overlay
    axes_changed = Signal()
    shape_changed = Signal(object)  # BrushShape
    brushing_changed = Signal(bool)
    log_wanted = Signal(str, bool)  # "bottom" or "left": whether the axis shall be logarithmic
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = FlowLayout(2 * GAP, GAP)
        self._build()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._row)
        self.show_detail(False)

    @property
    def dataset(self) -> str:
        """Whose pairs are shown."""
        return self._dataset.currentData() or ""

    @property
    def pairing(self) -> Pairing:
        """Which pairs are shown."""
        return Pairing(self._pairing.currentData() or Pairing.NEAREST)

    @property
    def is_overlaid(self) -> bool:
        """Whether all datasets are laid over each other."""
        return self._overlay.isChecked()

    @property
    def axes(self) -> tuple[str, str]:
        """The columns across and up."""
        return self._x.currentData() or ENTROPY, self._y.currentData() or ""

    def add(self, button: QPushButton) -> None:
        """Put a button at the end of the choices."""
        self._row.addWidget(button)

    def offer(self, sets: PairSets) -> None:
        """Offer what a run has; what was chosen stays where it still exists."""
        _fill(self._dataset, [(name, name) for name in sets.nearest])
        model = self._pairing.model()
        assert isinstance(model, QStandardItemModel)
        for row in (1, 2):
            model.item(row).setEnabled(sets.has_random)
            model.item(row).setToolTip("" if sets.has_random else self.tr("This run drew no random pairs."))
        if not sets.has_random:
            self._pairing.setCurrentIndex(0)

    def offer_columns(self, metrics: list[str]) -> None:
        """Offer these metrics for the axes."""
        entries = [(column_label(metric), metric) for metric in metrics]
        _fill(self._y, entries)
        _fill(self._x, [(self.tr("Pair entropy"), ENTROPY), *entries])

    def choose(self, y: str, x: str) -> None:
        """Put two columns on the axes."""
        for box, wanted in ((self._y, y), (self._x, x)):
            box.setCurrentIndex(max(0, box.findData(wanted)))

    def show_detail(self, is_open: bool) -> None:
        """Show the choices of one scatter, or those of all panels."""
        for widget in (self._back, self._y_pair, self._x_pair, *self._logs.values(), self._brush):
            widget.setVisible(is_open)
        self._row.invalidate()

    def toggle_brushing(self) -> None:
        """Let a drag select pairs, or move the view again."""
        self._brush.toggle()

    def choose_next_shape(self) -> None:
        """Let a drag draw the next shape."""
        self._shape.setCurrentIndex((self._shape.currentIndex() + 1) % self._shape.count())

    def say_log(self, logarithmic: frozenset[str]) -> None:
        """Tick the axes whose columns are to be logarithmic."""
        for side, column in zip(("bottom", "left"), self.axes, strict=True):
            self._logs[side].setChecked(column in logarithmic)

    def _build(self) -> None:
        self._back = QPushButton(self.tr("‹ &All metrics"))
        self._back.setToolTip(self.tr("Return to the small scatters of all metrics (Esc)."))
        self._back.clicked.connect(self.closed)
        self._dataset, self._pairing, self._y, self._x, self._shape = (QComboBox() for _ in range(5))
        for text, kind in (
            (self.tr("Nearest pairs"), Pairing.NEAREST),
            (self.tr("Random pairs"), Pairing.RANDOM),
            (self.tr("Both side by side"), Pairing.BOTH),
        ):
            self._pairing.addItem(text, str(kind))
        self._pairing.setToolTip(
            self.tr("Each image with its nearest reference image, or with one drawn by the seed of the run.")
        )
        for text, shape in ((self.tr("Rectangle"), BrushShape.RECTANGLE), (self.tr("Lasso"), BrushShape.LASSO)):
            self._shape.addItem(text, str(shape))
        tell(self._shape, self.tr("What a drag draws around the pairs that it selects (S)."), PLOTS)
        self._overlay = QCheckBox(self.tr("&Overlay all datasets"))
        self._brush = QPushButton(self.tr("&Brush"))
        self._brush.setCheckable(True)
        tell(
            self._brush,
            self.tr("Drag to select pairs (B). Without this mode, hold Shift; or select all pairs in view (Ctrl+A)."),
            PLOTS,
        )
        self._row.addWidget(self._back)
        pairs = []
        for text, name, box in (
            (self.tr("&Dataset"), self.tr("Dataset"), self._dataset),
            (self.tr("&Pairs"), self.tr("Pairs"), self._pairing),
            (self.tr("&Metric"), self.tr("Metric on the vertical axis"), self._y),
            (self.tr("A&gainst"), self.tr("Quantity on the horizontal axis"), self._x),
        ):
            box.setAccessibleName(name)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            pairs.append(labelled(text, box))
            self._row.addWidget(pairs[-1])
        self._y_pair, self._x_pair = pairs[2:]
        self._logs = {
            "left": QCheckBox(self.tr("Log y")),
            "bottom": QCheckBox(self.tr("Log x")),
        }
        tell(self._logs["left"], self.tr("Logarithmic vertical axis (Y)."), PLOTS)
        tell(self._logs["bottom"], self.tr("Logarithmic horizontal axis (X)."), PLOTS)
        self._logs["left"].clicked.connect(lambda on: self.log_wanted.emit("left", on))
        self._logs["bottom"].clicked.connect(lambda on: self.log_wanted.emit("bottom", on))
        for side in self._logs.values():
            self._row.addWidget(side)
        self._row.addWidget(self._overlay)
        self._shape.setAccessibleName(self.tr("Shape of the brush"))
        self._row.addWidget(labelled(self.tr("&Drag draws"), self._shape))
        self._row.addWidget(self._brush)
        self._dataset.currentIndexChanged.connect(self._on_pairs)
        self._pairing.currentIndexChanged.connect(self._on_pairs)
        self._overlay.toggled.connect(self.pairs_changed)
        self._y.activated.connect(self.axes_changed)
        self._x.activated.connect(self.axes_changed)
        self._shape.currentIndexChanged.connect(self._on_shape)
        self._brush.toggled.connect(self.brushing_changed)

    @Slot()
    def _on_pairs(self) -> None:
        if self.dataset:
            self.pairs_changed.emit()

    @Slot()
    def _on_shape(self) -> None:
        self.shape_changed.emit(BrushShape(self._shape.currentData()))


def _fill(box: QComboBox, entries: list[tuple[str, str]]) -> None:
    """Replace the entries (label, id) and keep the chosen id where it still exists; tells nobody."""
    kept = box.currentData()
    was_blocked = box.blockSignals(True)
    box.clear()
    for label, identity in entries:
        box.addItem(label, identity)
    box.setCurrentIndex(max(0, box.findData(kept)))
    box.blockSignals(was_blocked)
