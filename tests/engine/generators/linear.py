"""A generator whose images are a linear map of its latents, and a distance whose path lengths are known on paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from planetview.engine.generators.adapter import GeneratorInfo, Noise, NoiseChoice, Rng, standard_normal


class LinearGenerator:
    """w = W z (plus c), image = M w (plus the noise plane); `rounded` is applied to every image."""

    def __init__(
        self,
        side: int = 32,
        z_dim: int = 12,
        channels: int = 1,
        rounded: Callable[[Tensor], Tensor] = lambda image: image,
        **info: object,
    ) -> None:
        rng = np.random.default_rng(4)
        self.into_w = torch.from_numpy(rng.standard_normal((7, z_dim))).float()
        self.into_image = torch.from_numpy(rng.standard_normal((channels * side * side, 7))).float()
        self.rounded = rounded
        self.images_made = 0
        base = GeneratorInfo(
            "stylegan2", Path("linear.pkl"), "ab" * 32, "test", z_dim, 0, (side, side), channels,
            has_w=True, num_ws=1, w_dim=7, noise="none",
        )  # fmt: skip
        self.info = replace(base, **info)  # type: ignore[arg-type]

    def sample_z(self, n: int, rng: Rng) -> Tensor:
        return torch.from_numpy(standard_normal(rng, (n, self.info.z_dim)))

    def mapping(self, z: Tensor, c: Tensor | None = None, psi: float = 1.0, cutoff: int | None = None) -> Tensor:
        w = z @ self.into_w.t()
        if c is not None:
            w[:, : self.info.c_dim] += c
        return w[:, None]

    def synthesis(self, w: Tensor, noise: NoiseChoice = "const") -> Tensor:
        self.images_made += len(w)
        images = (w[:, 0] @ self.into_image.t()).reshape(len(w), self.info.channels, *self.info.resolution)
        return self.rounded(images if isinstance(noise, str) else images + noise[0])

    def generate(self, z: Tensor, c: Tensor | None = None, psi: float = 1.0, noise: NoiseChoice = "const",
                 cutoff: int | None = None) -> Tensor:  # fmt: skip
        return self.synthesis(self.mapping(z, c, psi, cutoff), noise)

    def new_noise(self, rng: Rng, n: int) -> Noise | None:
        if self.info.noise != "controllable":
            return None
        return (torch.from_numpy(standard_normal(rng, (n, 1, *self.info.resolution))),)

    def close(self) -> None:
        pass


class SquaredDistance:
    """The squared Euclidean distance of the first channel; `seen` keeps the shapes that were compared."""

    smallest_side = 1
    weights_digest = "00" * 32
    note = ""

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def distance_float(self, images: Tensor, *others: Tensor) -> Tensor:
        self.seen.append(tuple(images.shape))
        return torch.stack([(images - other)[:, 0].square().sum(dim=(1, 2)) for other in others])
