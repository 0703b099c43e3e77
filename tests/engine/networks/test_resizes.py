from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

from planetview.engine.resize import float_bicubic, pytorch_bilinear, squash, tensorflow1_bilinear

SIZES = [(1, 1), (2, 900), (64, 64), (227, 227), (299, 299), (512, 200), (1024, 1024)]
Resize = Callable[[NDArray[np.uint8], int], NDArray[np.float32]]


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


def planes(rgb: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(rgb).permute(2, 0, 1)[None].float()


def line(values: list[int]) -> NDArray[np.uint8]:
    return np.repeat(np.array(values, np.uint8)[None, :, None], 3, axis=2)


def test_tensorflow_1_reads_from_the_corner_of_a_pixel() -> None:
    row = np.repeat(line([0, 100]), 4, axis=0)
    assert tensorflow1_bilinear(row, 4)[0, :, 0].tolist() == [0, 50, 100, 100]


def test_pytorch_reads_from_the_centre_of_a_pixel() -> None:
    row = np.repeat(line([0, 100]), 4, axis=0)
    assert pytorch_bilinear(row, 4)[0, :, 0].tolist() == [0, 25, 75, 100]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_tf1_equals_torch_fidelitys_slow_resize_to_the_bit(height: int, width: int) -> None:
    rgb = noise(height, width)
    theirs = interpolate_bilinear_2d_like_tensorflow1x(planes(rgb), (299, 299), align_corners=False)
    assert np.array_equal(tensorflow1_bilinear(rgb, 299), theirs[0].permute(1, 2, 0).numpy())


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_ptf_equals_interpolate(height: int, width: int) -> None:
    rgb = noise(height, width)
    # In float64 the answer does not depend on how a processor rounds positions.
    theirs = F.interpolate(planes(rgb).double(), (299, 299), mode="bilinear", align_corners=False)
    assert np.abs(pytorch_bilinear(rgb, 299) - theirs[0].permute(1, 2, 0).numpy()).max() < 0.02


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_clean_equals_clean_fids_resize_to_the_bit(height: int, width: int) -> None:
    rgb = noise(height, width)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from cleanfid.resize import build_resizer

        theirs = build_resizer("clean")(rgb)
    assert np.array_equal(float_bicubic(rgb, 299), theirs)


@pytest.mark.parametrize("resize", [tensorflow1_bilinear, pytorch_bilinear, float_bicubic])
def test_equal_channels_stay_equal_and_nothing_leaves_the_range(resize: Resize) -> None:
    steps = np.repeat(np.where(np.indices((90, 70)).sum(axis=0) % 7 < 3, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    resized = resize(steps, 299)
    assert (resized == resized[..., :1]).all()
    assert resized.dtype == np.float32
    assert resized.min() >= 0.0
    assert resized.max() <= 255.0


@pytest.mark.parametrize("resize", [tensorflow1_bilinear, pytorch_bilinear, float_bicubic, squash])
def test_only_8_bit_rgb_is_resized(resize: Resize) -> None:
    for wrong in (np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3), np.float32)):
        with pytest.raises(ValueError, match="uint8 image"):
            resize(wrong, 4)  # type: ignore[arg-type]
