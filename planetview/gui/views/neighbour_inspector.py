"""The current image beside its neighbours: large, with marks, sizes, entropy, distances and pair scores."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from planetview.core.catalogue import METRICS, metric_label
from planetview.core.copies import MUCH_NEARER
from planetview.core.datasets import ImageRecord, Role
from planetview.core.formatting import format_value
from planetview.core.results import PairTable, Results
from planetview.gui.models.neighbour_list import verdict_words
from planetview.gui.models.neighbour_order import space_label
from planetview.gui.models.neighbour_set import Partner, Tile, Toward
from planetview.gui.models.wording import NO_VALUE, rating_words, tr
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.turns import Turns
from planetview.gui.views.image_pane import ImagePane, path_text

_PICTURE_PX = 136
_FRAME_PX = 15


def role_title(role: Role) -> str:
    """Return what one image of a dataset with this role is called."""
    names = {Role.REFERENCE: tr("Reference"), Role.HELD_OUT: tr("Held-out"), Role.CANDIDATE: tr("Synthetic")}
    return names[role]


class NeighbourInspector(QScrollArea):
    """Everything about one tile; a part for the image, then one for each neighbour shown."""

    path_copied = Signal(str)
    not_revealed = Signal(str)  # why no folder was opened

    def __init__(self, theme: Theme, thumbs: ThumbnailCache, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._thumbs = theme, thumbs
        self._tile: tuple[Results, Tile, str] | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Current image and its neighbours"))
        self._hint = QLabel(self.tr("Choose an image to see it beside its neighbours."), wordWrap=True)
        self._hint.setProperty("muted", True)
        self.marks = text_label()
        self._verdict = text_label()
        self._scores = text_label()
        self._parts: list[_Part] = []
        self._making = Turns(self)
        inner = QWidget()
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(8, 8, 8, 8)
        self._column.setSpacing(4)
        for label in (self._hint, self.marks, self._verdict, self._scores):
            self._column.addWidget(label)
        self._column.addStretch(1)
        self.setWidget(inner)
        self._make_parts(3)
        self.show_tile(None, None, "")
        theme.changed.connect(self._on_theme_changed)

    @property
    def panes(self) -> tuple[ImagePane, ...]:
        """The pictures, the image itself first; those not needed are hidden."""
        return tuple(part.pane for part in self._parts)

    def show_tile(self, results: Results | None, tile: Tile | None, by: str) -> None:
        """Show one tile of `results` with distances in the space `by`; None shows a hint instead."""
        self._tile = (results, tile, by) if results is not None and tile is not None else None
        self._hint.setVisible(self._tile is None)
        for widget in (self._verdict, self._scores):
            widget.setVisible(self._tile is not None)
        self._making.stop()
        if results is None or tile is None:
            self.marks.hide()
            self._hide_parts(0)
            return
        found = self._neighbours(tile, by)
        self._show_part(0, self.tr("Image"), results, tile.dataset, tile.index, None, by)
        there = len(self._parts)
        for _ in self._show_neighbours(results, found[: there - 1], 1):
            pass
        self._hide_parts(1 + len(found))
        # A new part takes 4 ms to stand in its place: those of ten neighbours took 35 in one turn.
        self._making.begin_later(self._show_neighbours(results, found[there - 1 :], there))
        self._verdict.setText(_verdict_html(tile) + _near_words(tile) + _gap_words(tile))
        self._scores.setText(_scores_html(results, tile))
        for label in (self._verdict, self._scores):
            label.setVisible(bool(label.text()))

    def show_marks(self, is_flagged: bool, is_excluded: bool, rating: int = 0) -> None:
        """Say what was noted on the image. rating: 1 to 5, 0 for none."""
        words = [
            *([f"<b>{rating_words(rating)}</b>"] if rating else []),
            *([self.tr("<b>⚑ Flagged</b>")] if is_flagged else []),
            *([self.tr("<b>✕ Excluded from the next run.</b> Its file stays where it is.")] if is_excluded else []),
        ]
        self.marks.setText("<br>".join(words))
        self.marks.setVisible(bool(words) and self._tile is not None)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            for part in getattr(self, "_parts", ()):
                part.fit()

    def _neighbours(self, tile: Tile, by: str) -> list[tuple[str, Partner, str]]:
        """Return title, neighbour and space of each part after the first."""
        nearest = tile.partners or (tile.nearest,)
        is_real = tile.toward is Toward.SYNTHETIC
        if tile.other is None:
            first = self.tr("Nearest synthetic") if is_real else self.tr("Nearest reference")
            later = self.tr("Synthetic no. {0}") if is_real else self.tr("Reference no. {0}")
            titles = _titles(first, later, len(nearest))
            found = [(title, partner, by) for title, partner in zip(titles, nearest, strict=True)]
        else:
            found = []
            first = self.tr("{0}: nearest synthetic") if is_real else self.tr("{0}: nearest reference")
            later = self.tr("{0}: synthetic no. {{0}}") if is_real else self.tr("{0}: reference no. {{0}}")
            for letter, partners, space in (("A", nearest, by), ("B", tile.other.partners, tile.other.by)):
                titles = _titles(first.format(letter), later.format(letter), len(partners))
                found += [(title, partner, space) for title, partner in zip(titles, partners, strict=True)]
        if tile.held_out is not None:
            found.append((self.tr("Nearest held-out"), tile.held_out, by))
        return found

    def _make_parts(self, count: int) -> None:
        while len(self._parts) < count:
            part = _Part(self._theme, self._thumbs)
            part.pane.path_copied.connect(self.path_copied)
            part.pane.not_revealed.connect(self.not_revealed)
            # Before what two spaces say, the scores and the stretch.
            self._column.insertWidget(self._column.count() - 3, part)
            self._parts.append(part)

    def _show_neighbours(self, results: Results, found: list[tuple[str, Partner, str]], first: int) -> Iterator[None]:
        """Show one neighbour in each step, in the parts from `first` on; those that are not there yet are made."""
        for position, (title, partner, space) in enumerate(found, first):
            self._make_parts(position + 1)
            self._show_part(position, title, results, partner.dataset, partner.index, partner, space)
            self._parts[position].show()
            yield

    def _hide_parts(self, first: int) -> None:
        for position, part in enumerate(self._parts):
            part.setVisible(position < first)

    def _show_part(
        self, position: int, title: str, results: Results, dataset: str, index: int, partner: Partner | None, by: str
    ) -> None:
        record = results.dataset(dataset).images[index]
        part = self._parts[position]
        part.pane.set_role(title)
        part.pane.show_image(dataset, record, self._theme.dataset_colour(results, dataset), record.name)
        part.facts.setText(_facts_html(results, dataset, index, partner, by))

    def _on_theme_changed(self) -> None:
        if self._tile is not None:
            self.show_tile(*self._tile)


class _Part(QWidget):
    """A picture with its facts below."""

    def __init__(self, theme: Theme, thumbs: ThumbnailCache) -> None:
        super().__init__()
        self.pane = ImagePane("", theme, thumbs)
        self.facts = text_label()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.setSpacing(4)
        layout.addWidget(self.pane)
        layout.addWidget(self.facts)
        self.fit()

    def fit(self) -> None:
        """Keep the picture's size whatever the size of the text around it."""
        self.pane.setFixedHeight(_PICTURE_PX + _FRAME_PX + 2 * self.fontMetrics().height())


def text_label() -> QLabel:
    """Return a label of rich text that can be chosen and copied, and never widens its panel."""
    label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
    # Text takes the width that the panel has: its longest word must not widen the page beyond the panel's edge.
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label


def _titles(first: str, later: str, count: int) -> list[str]:
    return [first, *(later.format(place) for place in range(2, count + 1))]


def _facts_html(results: Results, dataset: str, index: int, partner: Partner | None, by: str) -> str:
    record = results.dataset(dataset).images[index]
    # The marks keep the order of the line where the name is written from right to left.
    facts = [f"\u200e<b>\u2068{escape(dataset)}\u2069</b> · #{index + 1:,}", _size_words(record)]
    if record.label:
        facts.append(tr("class {0}").format(escape(record.label)))
    entropy = results.entropy_bits.get(dataset)
    if entropy is not None and index < entropy.size and np.isfinite(entropy[index]):
        facts.append(tr("entropy {0} bits").format(f"{entropy[index]:.3f}"))
    lines = [" · ".join(facts)]
    if partner is not None:
        distance = tr("distance {0} by {1}")
        lines.insert(0, distance.format(f"<b>{format_value(partner.distance)}</b>", escape(space_label(by))))
    # Breaks are allowed after separators: a path without spaces would widen the panel instead of wrapping.
    path = escape(path_text(record)).replace("/", "/\u200b").replace("_", "_\u200b").replace("-", "-\u200b")
    return "<br>".join((*lines, f"<span style='font-size:small'>{path}</span>"))


def _size_words(record: ImageRecord) -> str:
    bands = {1: "grey", 2: "grey + alpha", 3: "RGB", 4: "RGBA"}.get(record.bands, f"{record.bands} bands")
    return f"{record.width} × {record.height} px, {bands}, {escape(record.dtype)}"


def _verdict_html(tile: Tile) -> str:
    if tile.other is None:
        return ""
    sign = "=" if tile.other.is_same else "≠"
    return f"<p>{sign} <b>{tr('A and B')}</b>: {escape(verdict_words(tile.other))}.</p>"


def _near_words(tile: Tile) -> str:
    if not tile.is_much_nearer or tile.held_out is None:
        return ""
    words = tr("less than {0}× as far as the nearest held-out image. Look whether it repeats the reference image.")
    return f"<p>▲ <b>{tr('Nearer to reference')}</b>: {words.format(f'{MUCH_NEARER:g}')}</p>"


def _gap_words(tile: Tile) -> str:
    """Say whether a synthetic image lies in the ball of a real one, and how wide that is."""
    if tile.radius is None:
        return ""
    radius, distance = format_value(tile.radius), format_value(tile.nearest.distance)
    if tile.is_gap:
        words = tr(
            "its 5th nearest real image is at {0}, the nearest synthetic one at {1}. No synthetic image is as near."
        )
        return f"<p>○ <b>{tr('Gap')}</b>: {words.format(radius, distance)}</p>"
    words = tr("the nearest synthetic image is nearer ({1}) than its 5th nearest real one ({0}).")
    return f"<p>● <b>{tr('Reached')}</b>: {words.format(radius, distance)}</p>"


def _scores_html(results: Results, tile: Tile) -> str:
    if tile.toward is Toward.SYNTHETIC:
        return ""
    try:
        pairs = results.pairs_of(tile.dataset)
    except KeyError:
        return ""
    row = pairs.row_of(tile.index)
    if row is None:
        return ""
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
    return f"<p><b>{tr('Pair scores')}</b>, {how}</p><table>{table}</table>"


def _score(pairs: PairTable, metric: str, row: int) -> str:
    score = float(pairs.scores[metric][row])
    if np.isnan(score):
        note = pairs.notes.get(metric, "")
        return f"{NO_VALUE}: {escape(note)}" if note else NO_VALUE
    unit = METRICS[metric].unit if metric in METRICS else ""
    return format_value(score, unit=unit)
