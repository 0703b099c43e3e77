"""Inputs of the benchmarks: feature clouds and terrain-like tiles, made from fixed seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def features(n: int, d: int, seed: int, shift: float = 0.0) -> NDArray[np.float32]:
    """Return (n, d) non-negative features, correlated and with a decaying spectrum, as pooled network layers have.

    Every seed draws from the same distribution; `shift` moves all means.
    """
    mixing = np.random.default_rng(1).normal(size=(d, d)).astype(np.float32)
    mixing *= (1.0 / np.sqrt(d)) * np.exp(-3.0 * np.arange(d) / d).astype(np.float32)[:, None]
    drawn = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32) @ mixing
    drawn += np.float32(0.5 + shift)
    return np.abs(drawn, out=drawn)


def tile(rng: np.random.Generator, side: int) -> NDArray[np.uint8]:
    """Return a grey tile whose amplitude falls as 1/f, as that of natural terrain does."""
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    frequency[0, 0] = np.inf
    heights = np.fft.irfft2(np.exp(2j * np.pi * rng.random(frequency.shape)) / frequency, s=(side, side))
    return np.clip(128 + 40 * heights / heights.std(), 0, 255).astype(np.uint8)


def tiles(n: int, side: int, seed: int, channels: int = 1) -> NDArray[np.uint8]:
    """Return n tiles, (n, side, side) for one channel, else (n, side, side, 3) with different channels."""
    rng = np.random.default_rng(seed)
    if channels == 1:
        return np.stack([tile(rng, side) for _ in range(n)])
    return np.stack([np.stack([tile(rng, side) for _ in range(3)], axis=2) for _ in range(n)])


def disturbed(images: NDArray[np.uint8], seed: int, sd: float = 12.0) -> NDArray[np.uint8]:
    """Return the images with white noise of `sd` grey levels."""
    noise = np.random.default_rng(seed).normal(0.0, sd, images.shape)
    return np.clip(np.rint(images + noise), 0, 255).astype(np.uint8)


def write_jpegs(folder: Path, n: int, side: int, seed: int = 7) -> list[Path]:
    """Write n grey JPEG tiles into `folder` and return their paths in order."""
    rng = np.random.default_rng(seed)
    paths = [folder / f"tile_{i:05d}.jpg" for i in range(n)]
    for path in paths:
        Image.fromarray(tile(rng, side)).save(path, quality=85)
    return paths
