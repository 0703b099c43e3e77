"""StyleGAN2 and StyleGAN3 generators of our own, behind the protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
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
from planetview.engine.generators.modules import Module
from planetview.engine.generators.recorded import Recorded, take_tensors, unusable
from planetview.engine.generators.stylegan2 import StyleGAN2
from planetview.engine.generators.stylegan3 import StyleGAN3

# More images in one call bring nothing on a processor, measured at 64 and 256 px.
_AT_ONCE_ON_CPU, _AT_ONCE_ELSEWHERE = 2, 8


class StyleGenerator:
    """Implements `Generator` with one of our own networks.

    tree: the network as its file describes it, kept for safe copies. check: called before every block of layers; what
    it raises ends the call.
    """

    def __init__(self, tree: Module, info: GeneratorInfo, network: StyleGAN2 | StyleGAN3, check: Callable[[], None]):
        self.tree = tree
        self._info = info
        self._network: StyleGAN2 | StyleGAN3 | None = network
        self._check = check

    @property
    def info(self) -> GeneratorInfo:
        """Return what is known about the generator."""
        return self._info

    def sample_z(self, n: int, rng: Rng) -> Tensor:
        """Draw latents from N(0, 1)."""
        return torch.from_numpy(standard_normal(rng, (n, self._info.z_dim))).to(self._info.device)

    def mapping(self, z: Tensor, c: Tensor | None = None, psi: float = 1.0, cutoff: int | None = None) -> Tensor:
        """Return w."""
        check_truncation(self._info, psi)
        z = checked_z(self._info, z)
        with torch.inference_mode():
            w: Tensor = self._opened().mapping(z, checked_c(self._info, c, len(z)), psi, cutoff)
        return w

    def synthesis(self, w: Tensor, noise: NoiseChoice = "const") -> Tensor:
        """Return the images of w."""
        w = checked_w(self._info, w)
        network = self._opened()
        planes: NoiseChoice = noise
        if not isinstance(noise, str):
            self._check_planes(noise, len(w))
            planes = tuple(plane.to(self._info.device) for plane in noise)
        with torch.inference_mode():
            images: Tensor = network.synthesis(w, planes, self._check)
        return images

    def generate(
        self,
        z: Tensor,
        c: Tensor | None = None,
        psi: float = 1.0,
        noise: NoiseChoice = "const",
        cutoff: int | None = None,
    ) -> Tensor:
        """Return the images of z."""
        return self.synthesis(self.mapping(z, c, psi, cutoff), noise)

    def new_noise(self, rng: Rng, n: int) -> Noise | None:
        """Draw fresh planes from N(0, 1) for n images, or None where the network takes none."""
        sides = self._opened().synthesis.noise_sides()
        device = self._info.device
        planes = (torch.from_numpy(standard_normal(rng, (n, 1, side, side))).to(device) for side in sides)
        return tuple(planes) if sides else None

    def close(self) -> None:
        """Give the memory of the network back."""
        self._network = None

    def _opened(self) -> StyleGAN2 | StyleGAN3:
        if self._network is None:
            raise UserError("This generator was closed.", "Open it again.")
        return self._network

    def _check_planes(self, noise: Noise, n: int) -> None:
        sides = self._opened().synthesis.noise_sides()
        if len(noise) != len(sides):
            raise ValueError(f"this generator takes {len(sides)} planes of noise, got {len(noise)}")
        for plane, side in zip(noise, sides, strict=True):
            if plane.shape[1:] != (1, side, side) or plane.shape[0] not in (1, n):
                raise ValueError(f"a plane of noise must be ({n}, 1, {side}, {side}), got {tuple(plane.shape)}")


def style_generator(
    tree: Module,
    path: Path,
    sha256: str,
    source: str,
    *,
    warnings: tuple[str, ...] = (),
    device: torch.device | str = "cpu",
    check: Callable[[], None],
) -> StyleGenerator:
    """Build the generator that `tree` describes, its tensors on `device`.

    source: where the network comes from, in words. Raises UserError when it is neither StyleGAN2 nor StyleGAN3, or
    when its settings or tensors do not fit.
    """
    recorded = Recorded(tree)
    settings = recorded.child("synthesis").module.attributes
    network: StyleGAN2 | StyleGAN3
    if "block_resolutions" in settings:
        network = StyleGAN2(recorded)
    elif "layer_names" in settings:
        network = StyleGAN3(recorded)
    else:
        raise unusable("it is neither StyleGAN2 nor StyleGAN3")
    if network.channels not in (1, 3):
        raise unusable(f"it makes images of {network.channels} channels; PlanetView shows 1 or 3")
    take_tensors(network, tree.flatten())
    network = network.eval().to(device)
    network.prepare()
    sides = network.synthesis.noise_sides()
    info = GeneratorInfo(
        "stylegan2" if isinstance(network, StyleGAN2) else "stylegan3",
        path,
        sha256,
        source,
        network.z_dim,
        network.c_dim,
        (network.side, network.side),
        network.channels,
        has_w=True,
        num_ws=network.num_ws,
        w_dim=network.w_dim,
        truncation=network.mapping.averages,
        noise="controllable" if sides else "none",
        device=str(device),
        images_at_once=_AT_ONCE_ON_CPU if torch.device(device).type == "cpu" else _AT_ONCE_ELSEWHERE,
        warnings=warnings,
    )
    return StyleGenerator(tree, info, network, check)
