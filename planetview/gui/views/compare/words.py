"""What the compare view says: facts of an image, the pixel under the cursor, the scores of a pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import QPointF

from planetview.core.catalogue import METRICS, metric_label
from planetview.core.formatting import format_value
from planetview.core.image_compare import Difference, Pixel, pixel_at, value_at
from planetview.core.results import PairTable, Results
from planetview.gui.models.neighbour_order import space_label
from planetview.gui.models.neighbour_set import Tile, Toward
from planetview.gui.models.wording import tr
from planetview.gui.views.compare.settings import Mode
from planetview.gui.views.compare.subjects import Map, Rendered, Subject

NO_DATA = "no data"


def number(value: float) -> str:
    """Return a sample or a difference with all digits that count: "57", "0.03125", "−4.5"."""
    text = f"{value:.6g}" if value != int(value) or abs(value) >= 1e15 else f"{int(value)}"
    return text.replace("-", "−")


def fact_words(subject: Subject, rendered: Rendered | None, *, is_broken: bool = False) -> str:
    """Return size, sample type, visible range and what the reader decided."""
    record = subject.record
    bands = {1: tr("grey"), 2: tr("grey + alpha"), 3: "RGB", 4: "RGBA"}.get(record.bands, f"{record.bands}")
    facts = [f"{record.width} × {record.height} px, {bands}, {record.dtype}"]
    if rendered is None:
        facts += [] if is_broken else [tr("reading…")]
    else:
        # First: the end of the line is cut where panes are narrow, and this says how much the image says at all.
        if rendered.picture.holes:
            share = float(f"{100 * rendered.picture.share_empty:.2g}")
            facts.append(tr("{0} % without data").format(number(share)))
        low, high = rendered.limits
        # Four digits: more push the rest off the line.
        facts.append(tr("black {0}, white {1}").format(*(number(float(f"{end:.4g}")) for end in (low, high))))
        if rendered.step > 1:
            facts.append(tr("large: one pixel of {0} × {0} is shown").format(rendered.step))
        facts += rendered.native.notes
    return " · ".join(facts)


def pair_title(titles: Iterable[str], mode: Mode) -> str:
    """Return titles as one, joined as the mode joins the images."""
    return {Mode.DIFFERENCE: " − ", Mode.SWIPE: " | "}.get(mode, " · ").join(titles)


def size_words(first: Rendered, second: Rendered) -> str:
    """Return the size of two images, and what becomes of unequal ones."""
    sizes = [f"{one.subject.record.width} × {one.subject.record.height} px" for one in (first, second)]
    if sizes[0] == sizes[1]:
        return sizes[0]
    return tr("{0} and {1}: the second is drawn as large as the first").format(*sizes)


def readout(subjects: Sequence[Rendered | None], place: QPointF, pair_map: Map | None, metric: str) -> list[str]:
    """Return what is under a relative place, one fact an item: where, each image's values, the difference or map."""
    lines: list[str] = []
    spots = [
        (one, pixel)
        for one in subjects
        if one is not None and (pixel := pixel_at(one.native, place.x(), place.y(), one.step)) is not None
    ]
    if not spots:
        return lines
    same_place = len({(pixel.x, pixel.y) for _, pixel in spots}) == 1
    if same_place:
        lines.append(f"x {spots[0][1].x}, y {spots[0][1].y}")
    for one, pixel in spots:
        where = "" if same_place else f" (x {pixel.x}, y {pixel.y})"
        lines.append(f"{one.subject.title}{where}: {_values(pixel)} {one.native.dtype}")
    if pair_map is not None:
        lines.append(_map_words(pair_map, place, metric))
    return lines


def gap_words(first: Rendered, second: Rendered, place: QPointF) -> str:
    """Return first minus second at a place where both have values of one type, or ""."""
    a, b = (pixel_at(one.native, place.x(), place.y(), one.step) for one in (first, second))
    if a is None or b is None or not (a.is_valid and b.is_valid) or first.native.dtype != second.native.dtype:
        return ""
    if len(a.values) != len(b.values):
        return ""
    gaps = ", ".join(number(x - y) for x, y in zip(a.values, b.values, strict=True))
    return tr("{0} − {1}: {2}").format(first.subject.title, second.subject.title, gaps)


def difference_words(found: Difference) -> str:
    """Return what the numbers of a difference are."""
    kind = tr("absolute difference") if found.is_absolute else tr("difference")
    unit = (
        tr("in native units ({0})").format(found.unit)
        if found.unit
        else tr("of what is seen, 0 to 255: the sample types differ")
    )
    words = [f"{kind} {unit}", tr("largest {0}").format(number(found.largest))]
    if found.is_resampled:
        height, width = found.values.shape
        words.append(tr("sizes differ: compared at {0} × {1} px").format(width, height))
    return ", ".join(words)


def pair_words(results: Results, tile: Tile) -> str:
    """Return the scores of an image with its partner in the reference, "" where there are none."""
    if tile.toward is Toward.SYNTHETIC:
        return ""
    try:
        pairs = results.pairs_of(tile.dataset)
    except KeyError:
        return ""
    row = pairs.row_of(tile.index)
    if row is None:
        return ""
    scores = [f"{metric_label(metric)} {_score(pairs, metric, row)}" for metric in pairs.scores]
    scores.append(tr("pair entropy {0} bits").format(format_value(float(pairs.entropy_bits[row]))))
    how = tr("Image and its nearest reference by {0}").format(space_label(pairs.paired_by))
    if int(pairs.bank_index[row]) != tile.nearest.index:
        partner = results.dataset(pairs.bank).images[int(pairs.bank_index[row])].name
        how = tr("Image and {0}, its nearest by {1} (not the reference shown)").format(
            partner, space_label(pairs.paired_by)
        )
    return f"{how}: {' · '.join(scores)}"


def _score(pairs: PairTable, metric: str, row: int) -> str:
    score = float(pairs.scores[metric][row])
    if np.isnan(score):
        return tr("n/a")
    return format_value(score, unit=METRICS[metric].unit if metric in METRICS else "")


def _values(pixel: Pixel) -> str:
    return ", ".join(number(value) for value in pixel.values) if pixel.is_valid else tr(NO_DATA)


def _map_words(pair_map: Map, place: QPointF, metric: str) -> str:
    value = value_at(pair_map.values, place.x(), place.y())
    if pair_map.difference is None:
        name = metric_label(metric)
        return tr("{0} here: {1}").format(name, format_value(value))
    return tr("difference: {0}").format(tr(NO_DATA) if value is None else number(value))
