"""What all one-network extractors share: batches, memory, precision, weights that do not fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from planetview.core.errors import UserError
from planetview.engine.extractors.network import NetworkExtractor, Pipeline, load_strictly

SIDE = 12


class Sums(nn.Module):
    """Means of the three channels, refusing more images than fit."""

    def __init__(self, fits: int = 100) -> None:
        super().__init__()
        self.fits = fits
        self.seen: list[int] = []
        self.gain = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(len(x))
        if len(x) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return x.mean(dim=(2, 3)) * self.gain


def extractor(network: Sums, precision: str = "float32") -> NetworkExtractor:
    pipeline = Pipeline("plain", SIDE, lambda rgb8: rgb8[:SIDE, :SIDE], lambda x: x / 255)
    return NetworkExtractor(
        "sums",
        lambda: network,
        pipeline,
        dim=3,
        weights_digest="0",
        device="cpu",
        precision=precision,
        images_at_once=4,
    )


def images(n: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, SIDE, SIDE, 3), dtype=np.uint8)


def test_rows_are_those_of_the_network_for_any_number_of_images() -> None:
    network = Sums()
    for n in (1, 4, 9):
        batch = images(n)
        found = extractor(network).features(batch)
        np.testing.assert_allclose(found, batch.mean(axis=(1, 2)) / 255, rtol=1e-5)
        assert found.dtype == np.float32
    # Always full batches: the last digits of an image then do not depend on its company.
    assert set(network.seen) == {4}


def test_after_running_out_of_memory_it_tries_with_half() -> None:
    network = Sums(fits=2)
    subject = extractor(network)
    with pytest.raises(torch.OutOfMemoryError):
        subject.features(images(4))
    assert subject.features(images(4)).shape == (4, 3)
    assert network.seen == [4, 2, 2]


def test_a_released_network_is_built_again_when_needed() -> None:
    subject = extractor(Sums())
    first = subject.features(images(3))
    subject.release()
    np.testing.assert_array_equal(subject.features(images(3)), first)


def test_bfloat16_gives_float32_rows_near_the_exact_ones() -> None:
    batch = images(5)
    found = extractor(Sums(), "bfloat16").features(batch)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, batch.mean(axis=(1, 2)) / 255, rtol=1e-2)
    assert not np.array_equal(found, extractor(Sums()).features(batch))


def test_only_rgb_bytes_of_the_right_shape_are_read() -> None:
    subject = extractor(Sums())
    for wrong in (np.zeros((20, 20), np.uint8), np.zeros((20, 20, 3), np.float32), np.zeros((20, 20, 4), np.uint8)):
        with pytest.raises(ValueError, match="uint8"):
            subject.prepare(wrong)
    with pytest.raises(ValueError, match="12, 12"):
        subject.features(np.zeros((2, 5, 5, 3), np.uint8))


def test_tensors_that_do_not_fit_are_refused_in_words() -> None:
    for tensors in ({"gain": torch.ones(4)}, {}, {"gain": torch.ones(3), "more": torch.ones(1)}):
        with pytest.raises(UserError, match="do not fit"):
            load_strictly(Sums(), tensors, "some file")
    network = Sums()
    load_strictly(network, {"gain": torch.full((3,), 2.0, dtype=torch.float16)}, "half precision")
    assert network.gain.dtype == torch.float32
    assert network.gain.tolist() == [2.0, 2.0, 2.0]
