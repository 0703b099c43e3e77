"""Seeded StyleGAN2 networks as files describe them: tensors by name and settings by module, for tests without data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Network = tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]]
BINOMIAL = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64


class _Maker:
    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.state: dict[str, np.ndarray] = {}
        self.attributes: dict[str, dict[str, Any]] = {}

    def normal(self, path: str, *shape: int, scale: float = 1.0, centre: float = 0.0) -> None:
        self.state[path] = np.asarray(centre + scale * self.rng.standard_normal(shape), dtype=np.float32)

    def describe(self, path: str, kind: str, **settings: Any) -> None:
        self.attributes[path] = {"class_name": kind, "training": False, **settings}

    def linear(
        self, path: str, inputs: int, outputs: int, activation: str = "linear", rate: float = 1.0, centre: float = 0.0
    ) -> None:
        """One fully connected layer with learning rate multiplier `rate`."""
        gain = rate / math.sqrt(inputs)
        self.describe(path, "FullyConnectedLayer", activation=activation, weight_gain=gain, bias_gain=rate)
        self.normal(f"{path}.weight", outputs, inputs, scale=1 / rate)
        self.normal(f"{path}.bias", outputs, scale=0.1 / rate, centre=centre)


def stylegan2(
    side: int = 16,
    widths: Sequence[int] = (8, 6, 4),
    *,
    z_dim: int = 6,
    c_dim: int = 0,
    w_dim: int = 5,
    channels: int = 3,
    mapping_layers: int = 2,
    architecture: str = "skip",
    clamp: float | None = 256,
    noise: bool = True,
    activation: str = "lrelu",
    fir: np.ndarray = BINOMIAL,
    w_avg: bool = True,
    seed: int = 0,
) -> Network:
    """Return the tensors and settings of a random generator; widths: feature maps at 4, 8, ... `side` px."""
    make = _Maker(seed)
    sides = [2**power for power in range(2, side.bit_length())]
    num_ws = 2 * len(sides)
    sizes = {"w_dim": w_dim, "img_resolution": side, "img_channels": channels, "num_ws": num_ws}
    make.describe(".", "Generator", z_dim=z_dim, c_dim=c_dim, **sizes)
    make.describe("synthesis", "SynthesisNetwork", block_resolutions=sides, **sizes)
    inputs = 0
    for resolution, width in zip(sides, widths, strict=True):
        _block(make, resolution, inputs, width, side, architecture, clamp, noise, activation, fir, w_dim, channels)
        inputs = width
    make.describe("mapping", "MappingNetwork", z_dim=z_dim, c_dim=c_dim, num_layers=mapping_layers, num_ws=num_ws)
    if w_avg:
        make.normal("mapping.w_avg", w_dim, scale=0.3)
    wide = z_dim
    if c_dim:
        make.linear("mapping.embed", c_dim, w_dim)
        wide += w_dim
    for i in range(mapping_layers):
        make.linear(f"mapping.fc{i}", wide, w_dim, "lrelu", 0.01)
        wide = w_dim
    return make.state, make.attributes


def _block(
    make: _Maker,
    side: int,
    inputs: int,
    width: int,
    last_side: int,
    architecture: str,
    clamp: float | None,
    noise: bool,
    activation: str,
    fir: np.ndarray,
    w_dim: int,
    channels: int,
) -> None:
    path = f"synthesis.b{side}"
    make.describe(path, "SynthesisBlock", resolution=side, architecture=architecture, is_last=side == last_side)
    make.state[f"{path}.resample_filter"] = fir.astype(np.float32)
    if side == 4:
        make.normal(f"{path}.const", width, 4, 4)
        inputs = width
    gain = math.sqrt(2) if activation in ("lrelu", "relu", "swish") else 1
    for name, up, wide in (("conv0", 2, inputs), ("conv1", 1, width)) if side > 4 else (("conv1", 1, width),):
        layer = f"{path}.{name}"
        make.describe(
            layer,
            "SynthesisLayer",
            resolution=side,
            up=up,
            use_noise=noise,
            activation=activation,
            conv_clamp=clamp,
            act_gain=gain,
        )
        make.normal(f"{layer}.weight", width, wide, 3, 3)
        make.normal(f"{layer}.bias", width, scale=0.3)
        make.state[f"{layer}.resample_filter"] = fir.astype(np.float32)
        make.linear(f"{layer}.affine", w_dim, wide, centre=1.0)
        if noise:
            make.normal(f"{layer}.noise_const", side, side)
            make.normal(f"{layer}.noise_strength", scale=0.3)
    if architecture == "resnet" and side > 4:
        make.describe(
            f"{path}.skip",
            "Conv2dLayer",
            up=2,
            activation="linear",
            conv_clamp=None,
            weight_gain=1 / math.sqrt(inputs),
            act_gain=1,
        )
        make.normal(f"{path}.skip.weight", width, inputs, 1, 1)
        make.state[f"{path}.skip.resample_filter"] = fir.astype(np.float32)
    if architecture == "skip" or side == last_side:
        make.describe(f"{path}.torgb", "ToRGBLayer", conv_clamp=clamp, weight_gain=1 / math.sqrt(width))
        make.normal(f"{path}.torgb.weight", channels, width, 1, 1)
        make.normal(f"{path}.torgb.bias", channels, scale=0.1)
        make.linear(f"{path}.torgb.affine", w_dim, width, centre=1.0)


def stylegan3(*, radial: bool = False, c_dim: int = 0, w_dim: int = 5, clamp: float = 256, seed: int = 0) -> Network:
    """Return a random StyleGAN3 generator of three filtered layers and one to the image, 12 px, 3 channels.

    radial: filters on the way down that are no products, as configuration R has them.
    """
    make = _Maker(seed)
    sizes = {"w_dim": w_dim, "img_resolution": 12, "img_channels": 3, "num_ws": 5}
    names = ["L0_14_5", "L1_18_4", "L2_12_4", "L3_12_3"]
    make.describe(".", "Generator", z_dim=6, c_dim=c_dim, **sizes)
    make.describe("synthesis", "SynthesisNetwork", layer_names=names, output_scale=0.25, **sizes)
    make.describe("synthesis.input", "SynthesisInput", channels=6, size=[14, 14], sampling_rate=8.0, bandwidth=1.5)
    make.normal("synthesis.input.weight", 6, 6)
    make.state["synthesis.input.transform"] = np.array(
        [[0.9, -0.2, 0.1], [0.2, 0.9, -0.3], [0, 0, 1]], dtype=np.float32
    )
    make.normal("synthesis.input.freqs", 6, 2)
    make.normal("synthesis.input.phases", 6, scale=0.3)
    make.linear("synthesis.input.affine", w_dim, 4, centre=0.5)
    # (name, inputs, outputs, kernel, side, up, down, padding)
    for name, inputs, outputs, kernel, side, up, down, padding in (
        (names[0], 6, 5, 3, 14, 2, 2, [2, 3, 2, 3]),
        (names[1], 5, 4, 3, 18, 4, 2, [-7, -6, -7, -6]),
        (names[2], 4, 4, 1, 12, 2, 2, [-1, -2, -1, -2]),
        (names[3], 4, 3, 1, 12, 1, 1, [0, 0, 0, 0]),
    ):
        path = f"synthesis.{name}"
        make.describe(
            path,
            "SynthesisLayer",
            is_torgb=name == names[-1],
            conv_kernel=kernel,
            out_size=[side, side],
            up_factor=up,
            down_factor=down,
            padding=padding,
            conv_clamp=clamp,
        )
        make.normal(f"{path}.weight", outputs, inputs, kernel, kernel)
        make.normal(f"{path}.bias", outputs, scale=0.2)
        make.state[f"{path}.magnitude_ema"] = np.array(1.7, dtype=np.float32)
        make.linear(f"{path}.affine", w_dim, inputs, centre=1.0)
        if up > 1:
            make.normal(f"{path}.up_filter", 3 * up, scale=0.2, centre=1 / (3 * up))
            make.normal(
                f"{path}.down_filter", *((6, 6) if radial else (6,)), scale=0.05, centre=1 / 36 if radial else 1 / 6
            )
    make.describe("mapping", "MappingNetwork", z_dim=6, c_dim=c_dim, num_layers=2, num_ws=5, embed=None)
    make.normal("mapping.w_avg", w_dim, scale=0.3)
    wide = 6
    if c_dim:
        make.linear("mapping.embed", c_dim, w_dim)
        wide += w_dim
    for i in range(2):
        make.linear(f"mapping.fc{i}", wide, w_dim, "lrelu", 0.01)
        wide = w_dim
    return make.state, make.attributes
