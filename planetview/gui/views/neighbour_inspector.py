"""The current image beside its neighbours: large, with sizes, entropy, distances and pair scores."""

from __future__ import annotations

from html import escape

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from planetview.core.catalogue import METRICS, metric_label
from planetview.core.datasets import ImageRecord, Role
from planetview.core.formatting import format_value
from planetview.core.results import PairTable, Results
from planetview.gui.models.neighbour_list import MUCH_NEARER, Partner, Tile, space_label
from planetview.gui.models.wording import NO_VALUE, tr
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.image_pane import ImagePane, path_text

_PANE_HEIGHT = 172


def role_title(role: Role) -> str:
    """Return what one image of a dataset with this role is called."""
    names = {Role.REFERENCE: tr("Reference"), Role.HELD_OUT: tr("Held-out"), Role.CANDIDATE: tr("Synthetic")}
    return names[role]


class NeighbourInspector(QScrollArea):
    """Everything about one tile."""

    path_copied = Signal(str)

    def __init__(self, theme: Theme, thumbs: ThumbnailCache, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tile: tuple[Results, Tile, str] | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Current image and its neighbours"))
        self._hint = QLabel(self.tr("Choose an image to see it beside its neighbours."), wordWrap=True)
        self._hint.setProperty("muted", True)
        titles = (self.tr("Image"), self.tr("Nearest reference"), self.tr("Nearest held-out"))
        self.panes = tuple(ImagePane(title, theme, thumbs) for title in titles)
        self._facts = tuple(_text() for _ in self.panes)
        self._scores = _text()
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(4)
        layout.addWidget(self._hint)
        for pane, facts in zip(self.panes, self._facts, strict=True):
            pane.setFixedHeight(_PANE_HEIGHT)
            pane.path_copied.connect(self.path_copied)
            layout.addWidget(pane)
            layout.addWidget(facts)
            layout.addSpacing(4)
        layout.addWidget(self._scores)
        layout.addStretch(1)
        self.setWidget(inner)
        self.show_tile(None, None, "")
        theme.changed.connect(self._on_theme_changed)

    def show_tile(self, results: Results | None, tile: Tile | None, by: str) -> None:
        """Show one tile of `results` with distances in the space `by`; None shows a hint instead."""
        self._tile = (results, tile, by) if results is not None and tile is not None else None
        self._hint.setVisible(self._tile is None)
        for widget in (*self.panes, *self._facts, self._scores):
            widget.setVisible(self._tile is not None)
        if results is None or tile is None:
            return
        self._show_part(0, results, tile.dataset, tile.index, None, by)
        for position, partner in ((1, tile.reference), (2, tile.held_out)):
            if partner is not None:
                self._show_part(position, results, partner.dataset, partner.index, partner, by)
            for widget in (self.panes[position], self._facts[position]):
                widget.setVisible(partner is not None)
        self._scores.setText(_near_words(tile) + _scores_html(results, tile))
        self._scores.setVisible(bool(self._scores.text()))

    def _show_part(
        self, position: int, results: Results, dataset: str, index: int, partner: Partner | None, by: str
    ) -> None:
        record = results.dataset(dataset).images[index]
        colour = self._theme.dataset_colour(results, dataset)
        self.panes[position].show_image(dataset, record, colour, record.name)
        self._facts[position].setText(_facts_html(results, dataset, index, partner, by))

    def _on_theme_changed(self) -> None:
        if self._tile is not None:
            self.show_tile(*self._tile)


def _text() -> QLabel:
    label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
    # Text takes the width that the panel has: its longest word must not widen the page beyond the panel's edge.
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label


def _facts_html(results: Results, dataset: str, index: int, partner: Partner | None, by: str) -> str:
    record = results.dataset(dataset).images[index]
    facts = [f"<b>{escape(dataset)}</b> · #{index + 1:,}", _size_words(record)]
    if record.label:
        facts.append(tr("class {0}").format(escape(record.label)))
    entropy = results.entropy_bits.get(dataset)
    if entropy is not None and index < entropy.size and np.isfinite(entropy[index]):
        facts.append(tr("entropy {0} bits").format(f"{entropy[index]:.3f}"))
    text = " · ".join(facts)
    if partner is not None:
        distance = tr("distance {0} ({1})")
        text += "<br>" + distance.format(f"<b>{format_value(partner.distance)}</b>", escape(space_label(by)))
    # Breaks are allowed after separators: a path without spaces would widen the panel instead of wrapping.
    path = escape(path_text(record)).replace("/", "/\u200b").replace("_", "_\u200b").replace("-", "-\u200b")
    return f"{text}<br><span style='font-size:small'>{path}</span>"


def _size_words(record: ImageRecord) -> str:
    bands = {1: "grey", 2: "grey + alpha", 3: "RGB", 4: "RGBA"}.get(record.bands, f"{record.bands} bands")
    return f"{record.width} × {record.height} px, {bands}, {escape(record.dtype)}"


def _near_words(tile: Tile) -> str:
    if not tile.is_much_nearer or tile.held_out is None:
        return ""
    words = tr("less than {0}× as far as the nearest held-out image. Look whether it repeats the reference image.")
    return f"<p>▲ <b>{tr('Nearer to reference')}</b>: {words.format(f'{MUCH_NEARER:g}')}</p>"


def _scores_html(results: Results, tile: Tile) -> str:
    try:
        pairs = results.pairs_of(tile.dataset)
    except KeyError:
        return ""
    rows = np.flatnonzero(pairs.query_index == tile.index)
    if not rows.size:
        return ""
    row = int(rows[0])
    partner = results.dataset(pairs.bank).images[int(pairs.bank_index[row])]
    lines = [
        (tr("Partner"), escape(partner.name)),
        (tr("Pair entropy"), f"{format_value(float(pairs.entropy_bits[row]))} bits"),
        *((escape(metric_label(metric)), _score(pairs, metric, row)) for metric in pairs.scores),
    ]
    table = "".join(
        f"<tr><td style='padding-right:12px'>{name}</td><td align='right'>{text}</td></tr>" for name, text in lines
    )
    how = tr("paired by {0}").format(escape(space_label(pairs.paired_by)))
    return f"<p><b>{tr('Pair scores')}</b> ({how})</p><table>{table}</table>"


def _score(pairs: PairTable, metric: str, row: int) -> str:
    score = float(pairs.scores[metric][row])
    if np.isnan(score):
        note = pairs.notes.get(metric, "")
        return f"{NO_VALUE}: {escape(note)}" if note else NO_VALUE
    unit = METRICS[metric].unit if metric in METRICS else ""
    return format_value(score, unit=unit)
