"""What a run computes: metrics by family, extractors by network, with a mark on those whose weights are missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from html import escape

from PySide6.QtCore import Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from planetview.core.catalogue import (
    DEFAULT_EXTRACTORS,
    DEFAULT_METRICS,
    EXTRACTORS,
    METRICS,
    ExtractorSpec,
    Family,
    MetricSpec,
)
from planetview.gui.icons import icon, square_beside
from planetview.gui.theme import Theme
from planetview.gui.widgets.flow import FlowLayout

_FAMILIES = {
    Family.DISTRIBUTION: "Distribution metrics",
    Family.GENERALISATION: "Generalisation metrics",
    Family.PAIRWISE: "Pairwise metrics",
}
_NETWORKS = (
    ("vgg16", "VGG-16"),
    ("inception", "Inception-v3"),
    ("clip", "CLIP"),
    ("dinov2", "DINOv2"),
    ("dreamsim", "DreamSim"),
)

Spec = MetricSpec | ExtractorSpec


class RunChoices(QWidget):
    """Check boxes for metrics and extractors, those of a default run first in each group."""

    edited = Signal()
    weights_wanted = Signal(str)  # weights id that a marked box lacks

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._metrics: dict[str, QCheckBox] = {}
        self._extractors: dict[str, QCheckBox] = {}
        self._lacking: frozenset[str] = frozenset()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for family, title in _FAMILIES.items():
            specs = [spec for spec in METRICS.values() if spec.family is family]
            self._add_group(layout, self.tr(title), specs, self._metrics, DEFAULT_METRICS)
        for title, extractors in _networks():
            heading = self.tr("Feature extractors: {0}").format(title)
            self._add_group(layout, heading, extractors, self._extractors, DEFAULT_EXTRACTORS)
        layout.addSpacing(8)
        layout.addLayout(self._build_foot())
        theme.changed.connect(self._draw)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Ids of the chosen metrics, in the order of the catalogue."""
        return tuple(key for key in METRICS if self._metrics[key].isChecked())

    @property
    def extractors(self) -> tuple[str, ...]:
        """Ids of the chosen extractors, in the order of the catalogue."""
        return tuple(key for key in EXTRACTORS if self._extractors[key].isChecked())

    def show_choices(self, metrics: Collection[str], extractors: Collection[str]) -> None:
        """Check these boxes and no others."""
        for boxes, chosen in ((self._metrics, metrics), (self._extractors, extractors)):
            for key, box in boxes.items():
                box.setChecked(key in chosen)

    def show_lacking(self, lacking: frozenset[str]) -> None:
        """Mark what needs one of these weights, known to be missing."""
        if lacking != self._lacking:
            self._lacking = lacking
            self._draw()

    def _add_group(
        self,
        layout: QVBoxLayout,
        title: str,
        specs: Iterable[Spec],
        boxes: dict[str, QCheckBox],
        first: Collection[str],
    ) -> None:
        heading = QLabel(title, self)
        font = heading.font()
        font.setBold(True)
        heading.setFont(font)
        columns = FlowLayout(24, 8, is_even=True)
        for spec in sorted(specs, key=lambda spec: spec.id not in first):
            box = QCheckBox(spec.label, self)
            box.setToolTip(_tool_tip(spec))
            box.clicked.connect(self.edited)
            boxes[spec.id] = box
            columns.addWidget(box)
        # Nearer to its own boxes than to those before it.
        heading.setContentsMargins(0, 8 if layout.count() else 0, 0, 0)
        layout.addWidget(heading)
        layout.addLayout(columns)

    def _build_foot(self) -> QHBoxLayout:
        defaults = QPushButton(self.tr("Select defaults"), self)
        defaults.setToolTip(self.tr("Choose the metrics and the extractor of a default run, which need no download"))
        defaults.clicked.connect(self._on_defaults)
        self._models = QPushButton(self.tr("Open Models"), self)
        self._models.setToolTip(self.tr("Get the weights that are missing"))
        self._models.clicked.connect(self._on_models)
        self._legend = QLabel(
            self.tr("Those marked “no weights” give no number until their weights are here."), self, wordWrap=True
        )
        self._legend.setProperty("muted", True)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(defaults)
        row.addWidget(self._legend, 1)
        row.addWidget(self._models)
        row.addStretch()
        self._legend.hide()
        self._models.hide()
        return row

    def _draw(self) -> None:
        mark = icon("warning", self._theme.tokens.warning)
        has_marks = False
        boxes: list[tuple[Spec, QCheckBox]] = [(METRICS[key], box) for key, box in self._metrics.items()]
        boxes += [(EXTRACTORS[key], box) for key, box in self._extractors.items()]
        for spec, box in boxes:
            is_marked = not self._lacking.isdisjoint(spec.weights)
            has_marks = has_marks or is_marked
            text = self.tr("{0} · no weights").format(spec.label) if is_marked else spec.label
            if text != box.text():
                box.setText(text)
                box.setToolTip(_tool_tip(spec, is_marked=is_marked))
                if not is_marked:
                    box.setIcon(QIcon())
            if is_marked:
                box.setIcon(mark)
                box.setIconSize(square_beside(box))
        self._legend.setVisible(has_marks)
        self._models.setVisible(has_marks)

    def _on_defaults(self) -> None:
        self.show_choices(DEFAULT_METRICS, DEFAULT_EXTRACTORS)
        self.edited.emit()

    def _on_models(self) -> None:
        chosen: tuple[Spec, ...] = (
            *(METRICS[key] for key in self.metrics),
            *(EXTRACTORS[key] for key in self.extractors),
        )
        everything: tuple[Spec, ...] = (*chosen, *METRICS.values(), *EXTRACTORS.values())
        wanted = (key for spec in everything for key in spec.weights if key in self._lacking)
        self.weights_wanted.emit(next(wanted))


def _networks() -> Iterator[tuple[str, list[ExtractorSpec]]]:
    """Yield each family of networks with its extractors; what belongs to none of them comes last."""
    left = list(EXTRACTORS.values())
    for prefix, title in _NETWORKS:
        yield title, [spec for spec in left if spec.id.startswith(prefix)]
        left = [spec for spec in left if not spec.id.startswith(prefix)]
    if left:
        yield "…", left


def _tool_tip(spec: Spec, *, is_marked: bool = False) -> str:
    lines = [spec.definition, spec.caveats]
    if isinstance(spec, ExtractorSpec):
        lines += [spec.preprocessing, spec.licence]
    if is_marked:
        lines.append("Its weights are not on this computer: see Models.")
    return "".join(f"<p>{escape(line)}</p>" for line in lines)
