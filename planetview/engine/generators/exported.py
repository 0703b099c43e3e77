"""Generators that were exported as programs or graphs, behind the protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from planetview.core.errors import UserError
from planetview.engine.generators.adapter import (
    GeneratorInfo,
    Noise,
    NoiseChoice,
    Rng,
    check_truncation,
    checked_c,
    checked_w,
    checked_z,
    standard_normal,
)
from planetview.engine.generators.manifest import SUFFIX, Manifest

PartName = Literal["full", "mapping", "synthesis"]
Array = NDArray[Any]

_LARGEST_SIDE: Final = 16_384


@dataclass(frozen=True, slots=True)
class Part:
    """One callable of an export. inputs: the shape of each, None for a side that is free or not known."""

    inputs: tuple[tuple[int | None, ...], ...]

    @property
    def batch(self) -> int | None:
        """Return the number of samples that the export insists on, or None."""
        return self.inputs[0][0] if self.inputs and self.inputs[0] else None


class Runner(Protocol):
    """Runs the parts of an export. What it raises for people is UserError."""

    parts: Mapping[PartName, Part]

    def run(self, part: PartName, inputs: list[NDArray[np.float32]]) -> Array:
        """Return the one output of a part."""
        ...

    def close(self) -> None:
        """Give memory and processes back."""
        ...


class ExportedGenerator:
    """Implements `Generator` with the parts of an export; noise is whatever was exported.

    mean_style: (w_dim,) or None; truncation moves w towards it. flat_styles: whether the export's own w are
    (n, w_dim), one row for all layers.
    """

    def __init__(
        self, info: GeneratorInfo, runner: Runner, mean_style: Tensor | None = None, flat_styles: bool = False
    ) -> None:
        self._info = info
        self._runner = runner
        self._mean = mean_style
        self._flat = flat_styles

    @property
    def info(self) -> GeneratorInfo:
        """Return what is known about the generator."""
        return self._info

    def learn(self, **known: Any) -> None:
        """Take over what trying the generator has told: fields of its info."""
        self._info = replace(self._info, **known)

    def sample_z(self, n: int, rng: Rng) -> Tensor:
        """Draw latents from N(0, 1)."""
        return torch.from_numpy(standard_normal(rng, (n, self._info.z_dim)))

    def mapping(self, z: Tensor, c: Tensor | None = None, psi: float = 1.0, cutoff: int | None = None) -> Tensor:
        """Return w. Raises UserError when the export has no mapping of its own."""
        if not self._info.has_w:
            raise UserError("This export has no mapping apart: styles cannot be had from it.")
        check_truncation(self._info, psi)
        w = torch.from_numpy(_as_float32(self._run("mapping", self._latents(z, c))))
        if w.ndim == 2:
            w = w.unsqueeze(1)
        if w.shape != (len(z), self._info.num_ws, self._info.w_dim):
            raise UserError(f"The export's mapping gave an array of shape {tuple(w.shape)}.")
        if psi != 1 and self._mean is not None:
            w[:, :cutoff] = torch.lerp(self._mean, w[:, :cutoff], psi)
        return w

    def synthesis(self, w: Tensor, noise: NoiseChoice = "const") -> Tensor:
        """Return the images of w. noise: "const" only."""
        if not self._info.has_w:
            raise UserError("This export has no synthesis apart: it cannot start from styles.")
        self._refuse_noise(noise)
        given = [checked_w(self._info, w).numpy()]
        if self._flat:
            given = [given[0][:, 0]]
        return self._images(self._run("synthesis", given))

    def generate(
        self,
        z: Tensor,
        c: Tensor | None = None,
        psi: float = 1.0,
        noise: NoiseChoice = "const",
        cutoff: int | None = None,
    ) -> Tensor:
        """Return the images of z. noise: "const" only."""
        if psi != 1 or "full" not in self._runner.parts:
            check_truncation(self._info, psi)
            return self.synthesis(self.mapping(z, c, psi, cutoff), noise)
        self._refuse_noise(noise)
        return self._images(self.raw(z, c))

    def raw(self, z: Tensor, c: Tensor | None = None) -> Array:
        """Return the images of z as the export gives them: its own type and range."""
        if "full" in self._runner.parts:
            return self._run("full", self._latents(z, c))
        return self._run("synthesis", [_as_float32(self._run("mapping", self._latents(z, c)))])

    def new_noise(self, rng: Rng, n: int) -> Noise | None:
        """Return None: an export holds its own noise."""
        return None

    def close(self) -> None:
        """Give memory and processes back."""
        self._runner.close()

    def _latents(self, z: Tensor, c: Tensor | None) -> list[NDArray[np.float32]]:
        z = checked_z(self._info, z)
        labels = checked_c(self._info, c, len(z))
        return [z.numpy()] if labels is None else [z.numpy(), labels.numpy()]

    def _run(self, part: PartName, inputs: list[NDArray[np.float32]]) -> Array:
        """Run a part on any number of samples: an export with a fixed number gets so many at a time."""
        n, fixed = len(inputs[0]), self._runner.parts[part].batch
        if fixed is None or fixed == n:
            return _rows(self._runner.run(part, inputs), n)
        results = []
        for begin in range(0, n, fixed):
            pieces = [array[begin : begin + fixed] for array in inputs]
            count = len(pieces[0])
            # A fixed number of samples is always given: the last one repeats.
            pieces = [np.concatenate((piece, np.repeat(piece[-1:], fixed - count, axis=0))) for piece in pieces]
            results.append(_rows(self._runner.run(part, pieces), fixed)[:count])
        return np.concatenate(results)

    def _images(self, raw: Array) -> Tensor:
        info = self._info
        if raw.shape[1:] != (info.channels, *info.resolution):
            raise UserError(f"The export gave an array of shape {raw.shape} instead of images.")
        images = torch.from_numpy(_as_float32(raw))
        low, high = info.output_range
        return images if (low, high) == (-1, 1) else (images - low).mul_(2 / (high - low)).sub_(1)

    @staticmethod
    def _refuse_noise(noise: NoiseChoice) -> None:
        if noise != "const":
            raise UserError("This export holds its own noise; it cannot be changed.", "Use the noise 'const'.")


def exported_generator(
    runner: Runner, manifest: Manifest | None, *, format: str, path: Path, sha256: str, source: str
) -> ExportedGenerator:
    """Return the generator of an export, its image size found by making one image.

    What the manifest does not tell comes from the shapes of the inputs. Raises UserError when that is not enough, or
    when what comes out is no image.
    """
    told = manifest or Manifest(format="onnx", files={"full": "-"}, sha256={"full": "0" * 64})
    parts = runner.parts
    first = parts.get("full") or parts.get("mapping")
    if first is None or ("mapping" in parts) != ("synthesis" in parts):
        raise UserError("The export has no function that makes images of latents.")
    z_dim = told.z_dim or _second_side(first, 0)
    c_dim = told.c_dim if told.c_dim is not None else (_second_side(first, 1) if len(first.inputs) > 1 else 0)
    if z_dim is None or c_dim is None:
        raise UserError(
            f"'{path.name}' does not tell how long its latents are.",
            f"Write 'z_dim' and 'c_dim' into a file NAME{SUFFIX} beside it.",
        )
    if len(first.inputs) != 1 + (c_dim > 0):
        raise UserError(f"The export takes {len(first.inputs)} inputs; latents and labels are all that can be given.")
    info = GeneratorInfo(format, path, sha256, source, z_dim, c_dim, (1, 1), 1, images_at_once=2)
    generator = ExportedGenerator(info, runner)
    z, c = torch.ones(1, z_dim), torch.zeros(1, c_dim) if c_dim else None
    if "mapping" in parts:
        generator = _with_styles(generator, runner, told, z, c)
    _learn_size(generator, told, z, c)
    return generator


def _with_styles(
    generator: ExportedGenerator, runner: Runner, told: Manifest, z: Tensor, c: Tensor | None
) -> ExportedGenerator:
    """Return the generator with the shape of its styles, found by mapping one latent."""
    inputs = [z.numpy()] if c is None else [z.numpy(), c.numpy()]
    fixed = runner.parts["mapping"].batch or 1
    shape = runner.run("mapping", [np.repeat(array, fixed, axis=0) for array in inputs]).shape
    num_ws, w_dim = (1, shape[-1]) if len(shape) == 2 else shape[-2:]
    if len(shape) not in (2, 3) or (told.w_shape is not None and told.w_shape != [num_ws, w_dim]):
        raise UserError(f"The export's mapping gave an array of shape {shape}.")
    if told.w_avg is not None and len(told.w_avg) != w_dim:
        raise UserError(f"'w_avg' has {len(told.w_avg)} numbers, a style has {w_dim}.")
    mean = None if told.w_avg is None else torch.tensor(told.w_avg, dtype=torch.float32)
    info = replace(generator.info, has_w=True, num_ws=num_ws, w_dim=w_dim, truncation=mean is not None)
    return ExportedGenerator(info, runner, mean, len(shape) == 2)


def _learn_size(generator: ExportedGenerator, told: Manifest, z: Tensor, c: Tensor | None) -> None:
    raw = generator.raw(z, c)
    if raw.ndim != 4 or raw.shape[1] not in (1, 3) or not all(1 <= side <= _LARGEST_SIDE for side in raw.shape[2:]):
        raise UserError(
            f"The export gave an array of shape {raw.shape}; images are (samples, 1 or 3 channels, height, width)."
        )
    channels, height, width = (int(side) for side in raw.shape[1:])
    if told.channels not in (None, channels) or told.resolution not in (None, [height, width]):
        raise UserError(f"The export makes images of {channels} channels, {width}x{height}; its description differs.")
    low, high = told.output_range or (-1.0, 1.0)
    generator.learn(
        resolution=(height, width), channels=channels, output_range=(low, high), output_dtype=str(raw.dtype)
    )


def _second_side(part: Part, index: int) -> int | None:
    shape = part.inputs[index] if index < len(part.inputs) else ()
    return shape[1] if len(shape) == 2 else None


def _rows(result: Array, n: int) -> Array:
    if result.ndim < 1 or len(result) != n:
        raise UserError(f"The export gave an array of shape {result.shape} for {n} samples.")
    return result


def _as_float32(array: Array) -> NDArray[np.float32]:
    """Return a float32 array that owns its memory, which torch may write to."""
    result = np.array(array, dtype=np.float32, order="C")
    if not math.prod(result.shape):
        raise UserError("The export gave an empty array.")
    return result
