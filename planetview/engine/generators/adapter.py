"""What every generator gives, whatever file it came from: latents, styles, noise and images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from planetview.core.errors import UserError

# One draw of noise: planes (n, 1, side, side) in the order of the layers that take them.
Noise = tuple[Tensor, ...]
NoiseChoice = Literal["const", "none"] | Noise
NoiseKind = Literal["controllable", "fixed", "none"]
Rng = np.random.Generator | np.random.RandomState


@dataclass(frozen=True, slots=True)
class GeneratorInfo:
    """What is known about an opened generator.

    format: "stylegan2", "stylegan3", "onnx", "torchscript" or "torch.export". sha256: of the opened file; for an
    export in several files, of their digests in the order of their names. source: where the network comes from, in
    words. z_dim, c_dim: length of the latents and of the labels, 0 for no labels. resolution: (height, width) in
    pixels. channels: 1 or 3. output_range: the range of the file's own images, which are handed out as [-1, 1].
    output_dtype: of the file's own images, for instance "float32" or "uint8". has_w: whether styles can be had
    apart; num_ws and w_dim are 0 otherwise. truncation: whether psi may differ from 1. noise: "controllable" when
    planes can be given, "fixed" when the file holds its own. device: where images are made. z_normalised: whether the
    length of z makes no difference. images_at_once: more in one call bring no speed here.
    sampling_problem, path_length_problem: why the generator cannot be used for this, or empty.
    warnings: sentences for the user.
    """

    format: str
    path: Path
    sha256: str
    source: str
    z_dim: int
    c_dim: int
    resolution: tuple[int, int]
    channels: int
    output_range: tuple[float, float] = (-1.0, 1.0)
    output_dtype: str = "float32"
    has_w: bool = False
    num_ws: int = 0
    w_dim: int = 0
    truncation: bool = False
    noise: NoiseKind = "fixed"
    device: str = "cpu"
    z_normalised: bool = True
    images_at_once: int = 2
    sampling_problem: str = ""
    path_length_problem: str = ""
    warnings: tuple[str, ...] = ()


class Generator(Protocol):
    """An opened generator. Everything is float32 on `info.device`, samples first.

    z: (n, z_dim). c: (n, c_dim) float labels, one-hot or any vector; None when c_dim is 0. w: (n, num_ws, w_dim).
    Images: (n, channels, height, width), nominally in [-1, 1], not clamped. noise: "const" for the planes of the file,
    "none", or what `new_noise` gave. psi: truncation towards the mean w of the first `cutoff` rows (None: all).
    Methods raise UserError for what the generator cannot do, ValueError for arrays of another shape or type.
    """

    @property
    def info(self) -> GeneratorInfo:
        """Return what is known about the generator."""
        ...

    def sample_z(self, n: int, rng: Rng) -> Tensor:
        """Draw latents from N(0, 1)."""
        ...

    def mapping(self, z: Tensor, c: Tensor | None = None, psi: float = 1.0, cutoff: int | None = None) -> Tensor:
        """Return w."""
        ...

    def synthesis(self, w: Tensor, noise: NoiseChoice = "const") -> Tensor:
        """Return the images of w."""
        ...

    def generate(
        self,
        z: Tensor,
        c: Tensor | None = None,
        psi: float = 1.0,
        noise: NoiseChoice = "const",
        cutoff: int | None = None,
    ) -> Tensor:
        """Return the images of z."""
        ...

    def new_noise(self, rng: Rng, n: int) -> Noise | None:
        """Draw fresh planes from N(0, 1) for n images, or None where noise cannot be given."""
        ...

    def close(self) -> None:
        """Give memory and processes back; the generator is of no use afterwards."""
        ...


def standard_normal(rng: Rng, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return numbers from N(0, 1). A RandomState gives those of its `randn`, as NVIDIA's tools draw them."""
    return np.asarray(rng.standard_normal(shape), dtype=np.float32)


def stacked_noise(draws: Sequence[Noise]) -> Noise:
    """Return the noise of several images in one: draws of `new_noise`, in the order of the images."""
    return tuple(torch.cat(planes) for planes in zip(*draws, strict=True))


def one_hot(classes: Sequence[int], c_dim: int, device: torch.device | str = "cpu") -> Tensor:
    """Return labels (n, c_dim) float32 with a 1 at each class; raises UserError for classes outside [0, c_dim)."""
    for index in classes:
        if not 0 <= index < c_dim:
            raise UserError(f"There is no class {index}.", f"This generator knows the classes 0 to {c_dim - 1}.")
    return torch.eye(c_dim, device=device)[list(classes)]


def checked_z(info: GeneratorInfo, z: Tensor) -> Tensor:
    """Return z on the generator's device, or raise ValueError."""
    if z.ndim != 2 or z.shape[1] != info.z_dim or z.dtype != torch.float32:
        raise ValueError(f"z must be float32 (n, {info.z_dim}), got {z.dtype} {tuple(z.shape)}")
    return z.to(info.device)


def checked_c(info: GeneratorInfo, c: Tensor | None, n: int) -> Tensor | None:
    """Return the labels of n samples on the generator's device, or raise ValueError; None without labels.

    Class numbers are refused: a network that takes one-hot vectors would read them as something else.
    """
    if not info.c_dim:
        if c is not None and c.shape != (n, 0):
            raise ValueError("this generator takes no labels")
        return None
    if c is None or c.shape != (n, info.c_dim) or c.dtype != torch.float32:
        found = "none" if c is None else f"{c.dtype} {tuple(c.shape)}"
        raise ValueError(f"labels must be float32 ({n}, {info.c_dim}), got {found}")
    return c.to(info.device)


def checked_w(info: GeneratorInfo, w: Tensor) -> Tensor:
    """Return w on the generator's device, or raise ValueError."""
    if w.ndim != 3 or w.shape[1:] != (info.num_ws, info.w_dim) or w.dtype != torch.float32:
        raise ValueError(f"w must be float32 (n, {info.num_ws}, {info.w_dim}), got {w.dtype} {tuple(w.shape)}")
    return w.to(info.device)


def check_truncation(info: GeneratorInfo, psi: float) -> None:
    """Raise UserError when psi asks for a truncation that the generator cannot do."""
    if psi != 1 and not info.truncation:
        raise UserError("This generator cannot be truncated: its file holds no mean style.", "Use a psi of 1.")
