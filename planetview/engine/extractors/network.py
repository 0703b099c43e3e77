"""What extractors of one network have in common: device, precision, batches that do not change the numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from planetview.core.errors import UserError
from planetview.engine.devices import is_out_of_memory

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The way from an 8-bit image to the input of a network.

    id: exact and stable; part of every store key ("TF1-299: ..."). side: of the square input.
    prepare: one (h, w, 3) uint8 image to (side, side, 3), uint8 or float32; runs in decoding threads.
    scale: a float32 (n, 3, side, side) tensor of `prepare` values to the network's range, on the device.
    """

    id: str
    side: int
    prepare: Callable[[NDArray[np.uint8]], NDArray[Any]]
    scale: Callable[[Tensor], Tensor]


class NetworkExtractor:
    """An extractor made of a pipeline and a network; see `Extractor` for the attributes.

    build: makes the float32 network, (n, 3, side, side) -> (n, dim); called at the first `features`, so that a run
    whose features are all stored loads no weights. images_at_once: images the network sees together; one
    fixed number makes the features of an image independent of its company on one device.
    classifier: makes the (dim, classes) matrix, or None. precision: "float32", "bfloat16" or "float16".
    """

    def __init__(
        self,
        id: str,
        build: Callable[[], nn.Module],
        pipeline: Pipeline,
        *,
        dim: int,
        weights_digest: str,
        device: torch.device | str,
        precision: str = "float32",
        images_at_once: int = 8,
        note: str = "",
        classifier: Callable[[], NDArray[np.float32]] | None = None,
    ) -> None:
        self.id = id
        self.dim = dim
        self.preprocessing_id = pipeline.id
        self.weights_digest = weights_digest
        self.precision = precision
        self.note = note
        self._classifier = classifier
        self.device = torch.device(device)
        self._pipeline = pipeline
        self.images_at_once = images_at_once
        self._dtype = _DTYPES[precision]
        self._build = build
        self._network: nn.Module | None = None

    @property
    def classifier(self) -> NDArray[np.float32] | None:
        """(dim, classes) matrix from features to class logits without bias, or None without classes."""
        return self._classifier() if self._classifier is not None else None

    def prepare(self, rgb8: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the image at the input size. rgb8: (h, w, 3) uint8; raises ValueError for anything else."""
        if rgb8.dtype != np.uint8 or rgb8.ndim != 3 or rgb8.shape[2] != 3:
            raise ValueError(f"expected an (h, w, 3) uint8 image, got {rgb8.dtype} of shape {rgb8.shape}")
        return self._pipeline.prepare(rgb8)

    def features(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        """Return the features, float32 (n, dim). batch: (n, side, side, 3) from `prepare`."""
        side = self._pipeline.side
        if batch.ndim != 4 or batch.shape[1:] != (side, side, 3):
            raise ValueError(f"{self.id} reads (n, {side}, {side}, 3) arrays, got shape {batch.shape}")
        vectors = np.empty((len(batch), self.dim), dtype=np.float32)
        network = self._loaded()
        try:
            with torch.inference_mode():
                for start in range(0, len(batch), self.images_at_once):
                    part = batch[start : start + self.images_at_once]
                    vectors[start : start + len(part)] = self._run(network, part)
        except RuntimeError as error:
            if is_out_of_memory(error):
                # Whoever halves the batch and tries again must not meet the same full one.
                self.images_at_once = max(1, self.images_at_once // 2)
            raise
        return vectors

    def release(self) -> None:
        """Give the memory of the network back; the next `features` takes it again."""
        self._network = None

    def _loaded(self) -> nn.Module:
        if self._network is None:
            network = self._build().requires_grad_(False).eval().to(self.device, self._dtype)
            # Convolutions run 1.6 times faster on channels-last data; transformers do not care.
            self._network = network.to(memory_format=torch.channels_last)
        return self._network

    def _run(self, network: nn.Module, part: NDArray[Any]) -> NDArray[np.float32]:
        count = len(part)
        if count < self.images_at_once:
            # A full batch always: other batch sizes take other kernels, whose last digits differ.
            part = np.concatenate((part, np.repeat(part[-1:], self.images_at_once - count, axis=0)))
        pixels = torch.from_numpy(np.ascontiguousarray(part)).to(self.device).permute(0, 3, 1, 2).to(torch.float32)
        found = network(self._pipeline.scale(pixels).to(self._dtype))
        rows: NDArray[np.float32] = found[:count].to(torch.float32).cpu().numpy()
        return rows


def load_strictly(network: nn.Module, tensors: dict[str, Tensor], title: str) -> None:
    """Give a network built on the meta device its tensors, as float32, by name.

    Raises UserError when names or shapes do not fit: the file is not what its name says.
    """
    try:
        network.load_state_dict({name: _as_float(value) for name, value in tensors.items()}, strict=True, assign=True)
    except RuntimeError as error:
        raise UserError(
            f"The tensors of {title} do not fit the network.",
            "Import the published file again: planetview models import.",
        ) from error


def _as_float(value: Tensor) -> Tensor:
    return value.to(torch.float32) if value.is_floating_point() else value
