"""The images of a tile as the compare view needs them: where they come from, and how they are made visible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planetview.core.datasets import ImageRecord
from planetview.core.decoding import NativeImage
from planetview.core.image_compare import (
    Difference,
    Limits,
    VisibleRange,
    colourise,
    difference,
    to_display,
    visible_limits,
)
from planetview.core.recorded_stretch import recorded_stretches
from planetview.core.results import Results
from planetview.core.stretch import ResolvedStretch
from planetview.gui.models.neighbour_set import Partner, Tile, Toward
from planetview.gui.models.wording import tr
from planetview.gui.views.compare.pictures import Picture, picture_of
from planetview.gui.views.compare.work import NativeCache


@dataclass(frozen=True, slots=True)
class Subject:
    """One image of the view. title: what it is in the comparison. stretch: what the run used for its dataset."""

    title: str
    dataset: str
    record: ImageRecord
    stretch: ResolvedStretch
    distance: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """A decoded image, the native values that are black and white, and its picture.

    step: every n-th pixel of every n-th row was kept, 1 for all.
    """

    subject: Subject
    native: NativeImage
    step: int
    limits: Limits
    picture: Picture


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    """Numbers in place of pixels, with the picture of them. limits: the ends of the colours."""

    values: NDArray[np.float32]
    limits: Limits
    picture: Picture
    difference: Difference | None = None


def titles(toward: Toward = Toward.REAL) -> tuple[str, str, str]:
    """Return what the images of a tile are."""
    nearest = tr("Nearest synthetic") if toward is Toward.SYNTHETIC else tr("Nearest reference")
    return tr("Image"), nearest, tr("Nearest held-out")


def subjects_of(results: Results, tile: Tile) -> tuple[Subject | None, ...]:
    """Return the three images of a tile; None where there is no held-out one."""
    stretches = recorded_stretches(results)
    unrecorded = ResolvedStretch(results.settings.stretch)
    image, *banks = titles(tile.toward)

    def partner(title: str, found: Partner | None) -> Subject | None:
        if found is None:
            return None
        return Subject(title, found.dataset, found.record, _of(stretches, found.dataset, unrecorded), found.distance)

    first = Subject(image, tile.dataset, tile.record, _of(stretches, tile.dataset, unrecorded))
    return first, partner(banks[0], tile.nearest), partner(banks[1], tile.held_out)


def _of(stretches: Mapping[str, ResolvedStretch], name: str, unrecorded: ResolvedStretch) -> ResolvedStretch:
    return stretches.get(name, unrecorded)


def render(
    cache: NativeCache,
    subject: Subject,
    visible: VisibleRange,
    colours: NDArray[np.uint8] | None,
    model: Subject | None,
    fixed: Limits,
) -> Rendered:
    """Decode an image and make it visible; `model` lends its visible range, `fixed` is one. Safe in any thread.

    Raises ImageProblem when the image cannot be read; a model that cannot be read lends nothing.
    """
    native, step = cache.get(subject.record)
    limits = limits_of(cache, subject, native, visible, model, fixed)
    picture = picture_of(to_display(native, limits, colours), step, native.valid)
    return Rendered(subject, native, step, limits, picture)


def limits_of(
    cache: NativeCache,
    subject: Subject,
    native: NativeImage,
    visible: VisibleRange,
    model: Subject | None,
    fixed: Limits,
) -> Limits:
    """Return the visible range of an image, that of `model` where there is one of the same sample type."""
    if model is not None and model.record.dtype == subject.record.dtype:
        lender, _ = cache.get(model.record)
        return visible_limits(lender, visible, model.stretch, fixed)
    return visible_limits(native, visible, subject.stretch, fixed)


def difference_map(
    first: Rendered, second: Rendered, colours: NDArray[np.uint8], *, absolute: bool, usual: bool
) -> Map:
    """Return the difference of two images in colours that end at its largest value, or where 99 % of it does."""
    found = difference(first.native, second.native, (first.limits, second.limits), absolute=absolute)
    end = (found.usual if usual else found.largest) or 1.0
    limits = (0.0, end) if absolute else (-end, end)
    picture = picture_of(colourise(found.values, limits, colours), valid=~np.isnan(found.values))
    return Map(found.values, limits, picture, found)


def heat_map(values: NDArray[np.float32], colours: NDArray[np.uint8]) -> Map:
    """Return a perceptual map in colours from 0 to its largest value."""
    limits = (0.0, float(values.max(initial=0.0)) or 1.0)
    return Map(values, limits, picture_of(colourise(values, limits, colours)))
