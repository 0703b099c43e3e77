"""StyleGAN's synthesis in numpy, float64 and one sample at a time: slow, plain, and made of other operations.

Where the product scales inputs and shifts sums, this makes one kernel a sample and calls scipy's convolutions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import signal

Array = np.ndarray
State = dict[str, np.ndarray]
Settings = dict[str, dict[str, Any]]

_ACTIVATIONS = {
    "linear": lambda x: x,
    "lrelu": lambda x: np.maximum(x, 0.2 * x),
    "relu": lambda x: np.maximum(x, 0),
    "swish": lambda x: x / (1 + np.exp(-x)),
    "tanh": np.tanh,
}
_GAINS = {"lrelu": math.sqrt(2), "relu": math.sqrt(2), "swish": math.sqrt(2)}


def styles(
    state: State, settings: Settings, z: Array, c: Array | None, psi: float = 1, cutoff: int | None = None
) -> Array:
    """Return w (n, num_ws, w_dim)."""
    rows = []
    for i, latent in enumerate(z.astype(np.float64)):
        hidden = latent / math.sqrt(np.mean(latent**2) + 1e-8)
        if c is not None:
            label = _linear(state, settings, "mapping.embed", c[i].astype(np.float64))
            hidden = np.concatenate([hidden, label / math.sqrt(np.mean(label**2) + 1e-8)])
        for layer in range(settings["mapping"]["num_layers"]):
            hidden = _linear(state, settings, f"mapping.fc{layer}", hidden)
        rows.append(hidden)
    w = np.repeat(np.array(rows)[:, None, :], settings["."]["num_ws"], axis=1)
    if psi != 1:
        mean = state["mapping.w_avg"].astype(np.float64)
        w[:, :cutoff] = mean + psi * (w[:, :cutoff] - mean)
    return w


def paint2(state: State, settings: Settings, w: Array, noise: dict[str, Array] | None = None) -> Array:
    """Return StyleGAN2's image (channels, side, side) of one sample; w: (num_ws, w_dim).

    noise: a plane for each layer by its path; None: the stored ones.
    """
    x: Array | None = None
    image: Array | None = None
    row = 0
    for side in settings["synthesis"]["block_resolutions"]:
        path = f"synthesis.b{side}"
        fir = state[f"{path}.resample_filter"].astype(np.float64)
        before = x
        residual = settings[path]["architecture"] == "resnet" and side > 4
        if x is None:
            x = state[f"{path}.const"].astype(np.float64)
        else:
            x = _styled2(state, settings, f"{path}.conv0", x, w[row], noise, 1)
            row += 1
        x = _styled2(state, settings, f"{path}.conv1", x, w[row], noise, math.sqrt(0.5) if residual else 1)
        row += 1
        if residual:
            kernel = state[f"{path}.skip.weight"][:, :, 0, 0] / math.sqrt(len(before))
            x = x + math.sqrt(0.5) * _double(np.tensordot(kernel, before, 1), fir)
        if image is not None:
            image = _double(image, fir)
        if f"{path}.torgb" in settings:
            painted = _to_image2(state, settings, f"{path}.torgb", x, w[row])
            image = painted if image is None else image + painted
    return image


def paint3(state: State, settings: Settings, w: Array) -> Array:
    """Return StyleGAN3's image (channels, side, side) of one sample; w: (num_ws, w_dim)."""
    x = _waves(state, settings["synthesis.input"], w[0], settings)
    for row, name in enumerate(settings["synthesis"]["layer_names"], start=1):
        x = _layer3(state, settings, f"synthesis.{name}", x, w[row])
    return x * settings["synthesis"]["output_scale"]


def _linear(state: State, settings: Settings, path: str, x: Array) -> Array:
    described = settings[path]
    rate = described["bias_gain"]
    weight = state[f"{path}.weight"].astype(np.float64) * rate / math.sqrt(x.shape[-1])
    kind = described["activation"]
    return _GAINS.get(kind, 1) * _ACTIVATIONS[kind](weight @ x + state[f"{path}.bias"] * rate)


def _styled2(
    state: State, settings: Settings, path: str, x: Array, w: Array, noise: dict[str, Array] | None, gain: float
) -> Array:
    described = settings[path]
    style = _linear(state, settings, f"{path}.affine", w)
    kernels = state[f"{path}.weight"].astype(np.float64) * style[None, :, None, None]
    kernels /= np.sqrt((kernels**2).sum(axis=(1, 2, 3), keepdims=True) + 1e-8)
    if described["up"] == 2:
        spread = np.zeros((len(x), 2 * x.shape[1] - 1, 2 * x.shape[2] - 1))
        spread[:, ::2, ::2] = x
        y = _sum_of(signal.convolve2d, kernels, spread, "full")
        fir = state[f"{path}.resample_filter"].astype(np.float64)
        taps = len(fir)
        y = np.pad(y, ((0, 0), *[((taps + 1) // 2 - 1, (taps - 2) // 2)] * 2))
        y = np.stack([signal.convolve2d(plane, 4 * fir, "valid") for plane in y])
    else:
        y = _sum_of(signal.correlate2d, kernels, x, "same")
    if described["use_noise"]:
        plane = state[f"{path}.noise_const"] if noise is None else noise[path]
        y = y + plane * state[f"{path}.noise_strength"]
    y = y + state[f"{path}.bias"][:, None, None]
    kind = described["activation"]
    y = _GAINS.get(kind, 1) * gain * _ACTIVATIONS[kind](y)
    clamp = described["conv_clamp"]
    return y if clamp is None else np.clip(y, -clamp * gain, clamp * gain)


def _to_image2(state: State, settings: Settings, path: str, x: Array, w: Array) -> Array:
    style = _linear(state, settings, f"{path}.affine", w) / math.sqrt(len(x))
    image = np.tensordot(state[f"{path}.weight"][:, :, 0, 0] * style, x, 1) + state[f"{path}.bias"][:, None, None]
    clamp = settings[path]["conv_clamp"]
    return image if clamp is None else np.clip(image, -clamp, clamp)


def _sum_of(convolve: Any, kernels: Array, x: Array, mode: str) -> Array:
    return np.stack([sum(convolve(plane, k, mode) for plane, k in zip(x, kernel, strict=True)) for kernel in kernels])


def _double(image: Array, fir: Array) -> Array:
    taps = len(fir)
    spread = np.zeros((len(image), 2 * image.shape[1], 2 * image.shape[2]))
    spread[:, ::2, ::2] = image
    spread = np.pad(spread, ((0, 0), *[((taps + 1) // 2, (taps - 2) // 2)] * 2))
    return np.stack([signal.convolve2d(plane, 4 * fir, "valid") for plane in spread])


def _waves(state: State, described: dict[str, Any], w: Array, settings: Settings) -> Array:
    pose = _linear(state, settings, "synthesis.input.affine", w)
    pose = pose / math.hypot(pose[0], pose[1])
    turn = np.array([[pose[0], -pose[1], 0], [pose[1], pose[0], 0], [0, 0, 1]])
    shift = np.array([[1, 0, -pose[2]], [0, 1, -pose[3]], [0, 0, 1]])
    matrix = turn @ shift @ state["synthesis.input.transform"].astype(np.float64)
    width, height = described["size"]
    rate, bandwidth = described["sampling_rate"], described["bandwidth"]
    maps = np.zeros((described["channels"], height, width))
    for k in range(described["channels"]):
        own = state["synthesis.input.freqs"][k].astype(np.float64)
        phase = state["synthesis.input.phases"][k] + own @ matrix[:2, 2]
        frequency = own @ matrix[:2, :2]
        fade = np.clip(1 - (math.hypot(*frequency) - bandwidth) / (rate / 2 - bandwidth), 0, 1)
        for row in range(height):
            for column in range(width):
                x, y = (column + 0.5 - width / 2) / rate, (row + 0.5 - height / 2) / rate
                maps[k, row, column] = fade * math.sin(2 * math.pi * (frequency[0] * x + frequency[1] * y + phase))
    mix = state["synthesis.input.weight"].astype(np.float64) / math.sqrt(described["channels"])
    return np.tensordot(mix, maps, 1)


def _layer3(state: State, settings: Settings, path: str, x: Array, w: Array) -> Array:
    described = settings[path]
    style = _linear(state, settings, f"{path}.affine", w)
    kernels = state[f"{path}.weight"].astype(np.float64)
    if described["is_torgb"]:
        kernels = kernels * style[None, :, None, None] / math.sqrt(len(x))
    else:
        kernels = kernels / np.sqrt((kernels**2).mean(axis=(1, 2, 3), keepdims=True))
        kernels = kernels * (style / math.sqrt(np.mean(style**2)))[None, :, None, None]
        kernels = kernels / np.sqrt((kernels**2).sum(axis=(1, 2, 3), keepdims=True) + 1e-8)
    x = _sum_of(signal.correlate2d, kernels / math.sqrt(state[f"{path}.magnitude_ema"]), x, "full")
    x = x + state[f"{path}.bias"][:, None, None]
    up, down = described["up_factor"], described["down_factor"]
    x = _up3(x, state.get(f"{path}.up_filter"), up, described["padding"])
    if not described["is_torgb"]:
        x = math.sqrt(2) * np.maximum(x, 0.2 * x)
    x = np.clip(x, -described["conv_clamp"], described["conv_clamp"])
    fir = state.get(f"{path}.down_filter")
    if fir is not None:
        table = np.outer(fir, fir) if fir.ndim == 1 else fir
        x = np.stack([signal.convolve2d(plane, table, "valid") for plane in x])[:, ::down, ::down]
    return x


def _up3(x: Array, fir: Array | None, up: int, padding: list[int]) -> Array:
    left, right, top, bottom = padding
    spread = np.zeros((len(x), x.shape[1] * up, x.shape[2] * up))
    spread[:, ::up, ::up] = x
    spread = np.pad(spread, ((0, 0), (max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0))))
    spread = spread[
        :, max(-top, 0) : spread.shape[1] - max(-bottom, 0), max(-left, 0) : spread.shape[2] - max(-right, 0)
    ]
    if fir is None:
        return spread
    table = (np.outer(fir, fir) if fir.ndim == 1 else fir) * up**2
    return np.stack([signal.convolve2d(plane, table, "valid") for plane in spread])
