"""Path length: how far an image moves, to the eye of a network, for a small step in latent space.

Karras et al., arXiv 1812.04948 (the measure) and 1912.04958, with the settings of StyleGAN2-ADA's `ppl_*` metrics.
Everything is float32 from latent to distance: the step is so small that any rounding outweighs it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from planetview.core.catalogue.path_length import EPSILON, LOWER_PERCENTILE, UPPER_PERCENTILE, PathLengthSpec, Space
from planetview.core.errors import UserError
from planetview.core.stats import Interval
from planetview.engine.generators.adapter import Generator, Noise, NoiseChoice, one_hot, stacked_noise
from planetview.engine.generators.classes import class_shares

Array = NDArray[np.float64]

_LONGER_STEP: Final = 1e-3
CHECKED_PAIRS: Final = 16
# Float32 networks measured 1.00; half precision 11, 8-bit images 10, TF32 32, bfloat16 93.
_MOST_RATIO: Final = 1.2
_SIDE_OF_THE_NETWORK: Final = 256
_REPLICATES: Final = 1000
_BLOCK_ENTRIES: Final = 2_000_000


class ImageDistance(Protocol):
    """What compares the images: the part of `PairNetwork` that a path length needs."""

    @property
    def smallest_side(self) -> int: ...
    @property
    def weights_digest(self) -> str: ...
    @property
    def note(self) -> str: ...

    def distance_float(self, images: Tensor, *others: Tensor) -> Tensor:
        """Return the distances (len(others), n) of `images` to each of `others`; all (n, 3, h, w) float32."""
        ...


@dataclass(frozen=True, slots=True)
class Draws:
    """The random numbers of n samples, on the generator's device.

    t: (n, 1) in [0, 1). z0, z1: (n, z_dim). c: (n, c_dim) labels, the same at both ends, or None.
    noise: the same planes at both ends.
    """

    t: Tensor
    z0: Tensor
    z1: Tensor
    c: Tensor | None
    noise: NoiseChoice


def draw(generator: Generator, label_counts: Sequence[int], seed: int, indices: Sequence[int]) -> Draws:
    """Return the draws of some samples; each depends on `seed` and its own index alone.

    label_counts: images of each class in the training set; classes are drawn in their proportion, evenly without.
    """
    info = generator.info
    ts, latents, classes, noise = [], [], [], list[Noise]()
    for index in indices:
        rng = np.random.RandomState([seed, index])
        ts.append(rng.random_sample())
        latents.append(generator.sample_z(2, rng))
        if info.c_dim:
            classes.append(int(rng.choice(info.c_dim, p=class_shares(info, label_counts))))
        if info.noise == "controllable" and (planes := generator.new_noise(rng, 1)) is not None:
            noise.append(planes)
    pairs = torch.stack(latents)
    return Draws(
        torch.tensor(ts, dtype=torch.float32, device=pairs.device)[:, None],
        pairs[:, 0],
        pairs[:, 1],
        one_hot(classes, info.c_dim, pairs.device) if info.c_dim else None,
        stacked_noise(noise) if noise else "const",
    )


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Return the points at the share t of the arc from a to b on the unit sphere. a, b: (n, d), t: (n, 1)."""
    a, b = _unit(a), _unit(b)
    cosine = (a * b).sum(dim=-1, keepdim=True)
    angle = t * cosine.clamp(-1, 1).acos()
    return _unit(a * angle.cos() + _unit(b - cosine * a) * angle.sin())


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Return a + (b - a) t, written so that rounding does not jump at t = 1/2 as `torch.lerp` does."""
    return a + (b - a) * t.reshape(-1, *(1 for _ in a.shape[1:]))


def crop_face(images: Tensor) -> Tensor:
    """Return rows 3/8 to 7/8 and columns 2/8 to 6/8 of (n, c, h, w) images."""
    v, u = images.shape[2] // 8, images.shape[3] // 8
    return images[:, :, 3 * v : 7 * v, 2 * u : 6 * u]


def prepared(images: Tensor, crop: bool, resolution: int) -> Tensor:
    """Return (n, c, h, w) images as the network sees them: cropped, reduced, three channels; never clamped.

    resolution: of the whole image; it decides the reduction of the cropped one as well.
    """
    images = crop_face(images) if crop else images
    factor = resolution // _SIDE_OF_THE_NETWORK
    if factor > 1:
        images = torch.nn.functional.avg_pool2d(images, factor)
    return images.expand(-1, 3, -1, -1).contiguous()


def seen_side(side: int, crop: bool, resolution: int) -> int:
    """Return how many pixels of a side of the whole image `prepared` leaves."""
    return (side // 8 * 4 if crop else side) // max(1, resolution // _SIDE_OF_THE_NETWORK)


class PathWalker:
    """Takes small steps through a generator's latent space and measures how far the images move.

    distance: compares images. label_counts: images of each class in the training set, () for even shares.
    check: called between calls of the networks; what it raises ends the work.
    """

    def __init__(
        self,
        generator: Generator,
        distance: ImageDistance,
        *,
        label_counts: Sequence[int] = (),
        seed: int = 0,
        check: Callable[[], None],
    ) -> None:
        self._generator, self._distance, self._check = generator, distance, check
        self._label_counts, self._seed = label_counts, seed

    def distances(self, specs: Sequence[PathLengthSpec], start: int, stop: int) -> dict[str, Array]:
        """Return d / step² of the samples `start` to `stop` by id of the spec, each float64 (stop - start,).

        specs: that share their first image: all "end" ones, or a single "full" one. Raises UserError when the images
        hold numbers that are not finite.
        """
        return {id: rows[0] for id, rows in self._measured(specs, range(start, stop), (EPSILON,)).items()}

    def rounding(self, spec: PathLengthSpec) -> Array:
        """Return the mean of d / step² over 16 samples for steps of 1e-4 and of 1e-3: float64 (2,)."""
        found = self._measured([spec], range(CHECKED_PAIRS), (EPSILON, _LONGER_STEP))
        means: Array = found[spec.id].mean(axis=1)
        return means

    def _measured(self, specs: Sequence[PathLengthSpec], indices: range, steps: tuple[float, ...]) -> dict[str, Array]:
        """Return (steps, samples) values by id of the spec."""
        at_once = max(1, self._generator.info.images_at_once // (1 + len(steps)))
        parts: dict[str, list[Array]] = {spec.id: [] for spec in specs}
        with strict_float32(self._generator.info.device), torch.inference_mode():
            for first in range(0, len(indices), at_once):
                self._check()
                for id, rows in self._batch(specs, indices[first : first + at_once], steps).items():
                    parts[id].append(rows)
        return {id: np.concatenate(rows, axis=1) for id, rows in parts.items()}

    def _batch(self, specs: Sequence[PathLengthSpec], indices: range, steps: tuple[float, ...]) -> dict[str, Array]:
        draws = draw(self._generator, self._label_counts, self._seed, indices)
        if specs[0].start == "full":
            (spec,) = specs
            spaces: tuple[Space, ...] = (spec.space,)
            begin, *ends = self._paint(self._full(draws, spec.space, steps), draws)
        else:
            spaces = tuple(dict.fromkeys(spec.space for spec in specs))
            begin, *ends = self._paint(self._from_end(draws, spaces, steps), draws)
        if not all(bool(torch.isfinite(image).all()) for image in (begin, *ends)):
            raise UserError("This generator made images of numbers that are not finite.", "Use another generator.")
        ends_of = {space: ends[i * len(steps) : (i + 1) * len(steps)] for i, space in enumerate(spaces)}
        values: dict[str, Array] = {}
        for crop in (True, False):
            alike = [spec for spec in specs if spec.crop is crop]
            if alike:
                self._check()
                images = [begin, *(image for spec in alike for image in ends_of[spec.space])]
                resolution = self._generator.info.resolution[0]
                seen = self._distance.distance_float(*(prepared(image, crop, resolution) for image in images))
                rows = seen.double().cpu().numpy().reshape(len(alike), len(steps), -1)
                scaled = rows / np.square(np.asarray(steps))[:, None]
                values |= {spec.id: scaled[i] for i, spec in enumerate(alike)}
        return values

    def _full(self, draws: Draws, space: Space, steps: tuple[float, ...]) -> list[Tensor]:
        """Return the latents at t and at t + each step."""
        places = [draws.t + step for step in (0.0, *steps)]
        if space == "z":
            return self._styles([self._on_arc(draws, t) for t in places], draws)
        w0, w1 = self._styles([draws.z0, draws.z1], draws)
        return [lerp(w0, w1, t) for t in places]

    def _from_end(self, draws: Draws, spaces: Collection[Space], steps: tuple[float, ...]) -> list[Tensor]:
        """Return the latent of z0, then those one step from it, by space and step.

        Both spaces begin at one point, so its image is made once; w of a unit z0 is that of z0 to 3 parts in 10⁶.
        """
        places = [torch.full_like(draws.t, step) for step in steps]
        points = [self._on_arc(draws, torch.zeros_like(draws.t))]
        points += [self._on_arc(draws, t) for t in places if "z" in spaces]
        points += [draws.z1] if "w" in spaces else []
        begin, *mapped = self._styles(points, draws)
        ends = {"z": mapped[: len(steps)], "w": [lerp(begin, mapped[-1], t) for t in places] if "w" in spaces else []}
        return [begin, *(latent for space in spaces for latent in ends[space])]

    def _on_arc(self, draws: Draws, t: Tensor) -> Tensor:
        """Return the z at t. A generator that heeds the length of z gets the interpolated length in place of 1."""
        points = slerp(draws.z0, draws.z1, t)
        if self._generator.info.z_normalised:
            return points
        return points * lerp(_lengths(draws.z0), _lengths(draws.z1), t)

    def _styles(self, points: list[Tensor], draws: Draws) -> list[Tensor]:
        """Return the w of each z where the generator has them, else z."""
        if not self._generator.info.has_w:
            return points
        w = self._generator.mapping(torch.cat(points), _repeated(draws.c, len(points)))
        return list(w.chunk(len(points)))

    def _paint(self, latents: list[Tensor], draws: Draws) -> list[Tensor]:
        """Return the images of each latent, all with the same noise."""
        times, noise = len(latents), draws.noise
        if not isinstance(noise, str):
            noise = tuple(plane.repeat(times, 1, 1, 1) for plane in noise)
        together = torch.cat(latents)
        if self._generator.info.has_w:
            images = self._generator.synthesis(together, noise)
        else:
            images = self._generator.generate(together, _repeated(draws.c, times), noise=noise)
        return list(images.chunk(times))


def refuse_rounding(means: Array) -> None:
    """Raise UserError when the values at 1e-4 exceed those at 1e-3: the images are rounded, or not repeatable.

    means: what `PathWalker.rounding` returns.
    """
    if means[0] > _MOST_RATIO * means[1]:
        ratio = means[0] / means[1] if means[1] > 0 else float("inf")
        raise UserError(
            "This generator's output is rounded or noisy, so its path length would measure the rounding: a ten times "
            f"smaller step gives {ratio:.3g} times the value, and should give the same.",
            "Export it in float32, without 8-bit images and with fixed noise.",
        )


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A mean without the extremes. low, high: what was kept lies from the one to the other. kept: of n."""

    mean: float
    low: float
    high: float
    kept: int


def trimmed_mean(values: Array) -> Trimmed:
    """Return the mean of the values from percentile 1 (next lower value) to 99 (next higher), both included."""
    low = float(np.percentile(values, LOWER_PERCENTILE, method="lower"))
    high = float(np.percentile(values, UPPER_PERCENTILE, method="higher"))
    inside = values[(values >= low) & (values <= high)]
    return Trimmed(float(inside.mean()), low, high, int(inside.size))


def bootstrap(values: Array, seed: int, check: Callable[[], None]) -> tuple[float, Interval] | None:
    """Return the standard error of the trimmed mean and its 95 % percentile interval, or None for one value.

    Every replicate is trimmed anew. Efron 1979.
    """
    n = values.size
    if n < 2:
        return None
    rng = np.random.default_rng(seed)
    low, high = (n - 1) * LOWER_PERCENTILE // 100, -(-(n - 1) * UPPER_PERCENTILE // 100)
    means: list[Array] = []
    step = max(1, _BLOCK_ENTRIES // n)
    for done in range(0, _REPLICATES, step):
        check()
        block = values[rng.integers(n, size=(min(step, _REPLICATES - done), n))]
        # Ties with the ends are kept too, but change the mean of so many values by nothing that matters here.
        means.append(np.partition(block, (low, high), axis=1)[:, low : high + 1].mean(axis=1))
    replicates = np.concatenate(means)
    ends = np.percentile(replicates, (2.5, 97.5))
    interval = Interval(float(ends[0]), float(ends[1]), 0.95, "bootstrap of the trimmed mean")
    return float(replicates.std(ddof=1)), interval


@contextlib.contextmanager
def strict_float32(device: str = "cpu") -> Iterator[None]:
    """Switch off everything by which PyTorch trades digits for speed, and restore it afterwards."""
    before = (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32)
    try:
        # This one governs matmul.allow_tf32 of CUDA too; setting both leaves PyTorch with a state it refuses to tell.
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False
        with torch.autocast(torch.device(device).type, enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]


def _unit(x: Tensor) -> Tensor:
    return x / _lengths(x)


def _lengths(x: Tensor) -> Tensor:
    lengths: Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return lengths


def _repeated(c: Tensor | None, times: int) -> Tensor | None:
    return None if c is None else c.repeat(times, 1)
