"""Tries a generator on four latents, to learn what its file does not tell and what it must not be used for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from planetview.core.errors import UserError
from planetview.engine.generators.adapter import Generator
from planetview.engine.generators.exported import ExportedGenerator

# Of images in [-1, 1]; rounding of sums in another order stays a hundred times below.
SAME_WITHIN: Final = 1e-3
_SEED: Final = 20_200_101
_RANGES: Final = ((-1.0, 1.0), (0.0, 1.0), (0.0, 255.0))

Make = Callable[[Tensor, Tensor | None], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Probe:
    """What four images told. Differences are the largest of any pixel, in parts of [-1, 1].

    dtype: of the images. finite: whether all their numbers are. low, high: their smallest and largest number.
    output_range: the range they fit, one of [-1, 1], [0, 1] and [0, 255]; a guess that a person confirms.
    repeated: between two images of one z. alone: between images made together and one by one.
    longer: between the images of z and of 3 z.
    """

    dtype: str
    finite: bool
    low: float
    high: float
    output_range: tuple[float, float]
    repeated: float
    alone: float
    longer: float

    @property
    def z_normalised(self) -> bool:
        """Return whether the length of z makes no difference."""
        return self.longer <= SAME_WITHIN

    @property
    def sampling_problem(self) -> str:
        """Return why no images should be made with it, or nothing."""
        if not self.finite:
            return "Its images hold numbers that are not finite."
        if self.repeated <= SAME_WITHIN < self.alone:
            return "An image depends on the images made together with it."
        return ""

    @property
    def path_length_problem(self) -> str:
        """Return why the path length cannot be measured, or nothing."""
        if self.sampling_problem:
            return self.sampling_problem
        if self.dtype not in ("float32", "float64"):
            return f"Its images are rounded to {self.dtype}; the path length would measure the rounding."
        if self.repeated > SAME_WITHIN:
            return (
                "It makes another image of the same latent each time: random noise is inside. Export it again with "
                "noise_mode='const'."
            )
        return ""


def probe(generator: Generator) -> Probe:
    """Make about seven images of four latents and return what they tell; the labels are all zero but the first.

    The generator's own numbers are looked at where they can be had, else its images in [-1, 1].
    """
    info = generator.info
    rng = np.random.RandomState(_SEED)
    z = generator.sample_z(2, rng)
    c: Tensor | None = None
    if info.c_dim:
        c = torch.zeros(2, info.c_dim, device=z.device)
        c[:, 0] = 1
    make = _maker(generator)
    pair = make(z, c)
    again = make(z, c)
    longer = make(3 * z, c)
    one = [make(z[i : i + 1], None if c is None else c[i : i + 1]) for i in range(2)]
    values = pair.astype(np.float64)
    finite = bool(np.isfinite(np.concatenate([pair, longer], dtype=np.float64)).all())
    low, high = (float(values.min()), float(values.max())) if finite else (0.0, 0.0)
    output_range = guessed_range(low, high, str(pair.dtype))
    scale = 2 / (output_range[1] - output_range[0])

    def difference(other: NDArray[Any]) -> float:
        return float(np.abs(values - other).max()) * scale if finite else 0.0

    return Probe(
        dtype=str(pair.dtype),
        finite=finite,
        low=low,
        high=high,
        output_range=output_range,
        repeated=difference(again),
        alone=difference(np.concatenate(one)),
        longer=difference(longer),
    )


def guessed_range(low: float, high: float, dtype: str) -> tuple[float, float]:
    """Return the range that images from `low` to `high` most likely fill; generators overshoot theirs a little."""
    signed, unit, bytes_ = _RANGES
    if dtype == "uint8" or high > 8:
        return bytes_
    return signed if low < -0.1 or high > 1.5 else unit


def learn_from_probe(generator: ExportedGenerator, stated_range: bool, stated_normalised: bool | None) -> Probe:
    """Try an export and let it keep what was found; raises UserError when it makes no usable images.

    stated_range: whether its range is known; a guess goes into its warnings. stated_normalised: what its description
    says about the length of z, or None; where the images disagree, they are believed.
    """
    found = probe(generator)
    if not found.finite:
        raise UserError("This generator's images hold numbers that are not finite.", "Export it again in float32.")
    warnings = list(generator.info.warnings)
    known: dict[str, Any] = {}
    if not stated_range:
        known["output_range"] = found.output_range
        low, high = found.output_range
        warnings.append(
            f"The range of its images is not recorded; from {found.low:.3g} to {found.high:.3g} they look like "
            f"{low:g} to {high:g}."
        )
    if stated_normalised is not None and stated_normalised != found.z_normalised:
        warnings.append("Its description says otherwise about the length of z than its images do.")
    generator.learn(
        **known,
        output_dtype=found.dtype,
        z_normalised=found.z_normalised,
        sampling_problem=found.sampling_problem,
        path_length_problem=found.path_length_problem,
        warnings=tuple(warnings),
    )
    return found


def _maker(generator: Generator) -> Make:
    if isinstance(generator, ExportedGenerator):
        return generator.raw
    return lambda z, c: generator.generate(z, c).cpu().numpy()
