"""Where networks run, how many threads they take, how large their batches are."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from planetview.core.errors import UserError

if TYPE_CHECKING:
    import torch

DeviceChoice = Literal["auto", "cpu", "cuda", "mps"]


def choose_device(choice: str = "auto") -> torch.device:
    """Return the device to compute on.

    "auto": CUDA when there is one, else Apple's MPS, else the CPU.
    Raises UserError for a device this computer lacks, or an unknown name.
    """
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    # TF32 keeps ten bits of a float32's mantissa: published numbers are not made that way.
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    if choice == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if there[name]))
    if choice not in there:
        raise UserError(f"There is no device called {choice!r}.", f"Known: {', '.join(get_args(DeviceChoice))}.")
    if not there[choice]:
        title = {"cuda": "NVIDIA (CUDA)", "mps": "Apple (MPS)"}[choice]
        raise UserError(f"No {title} device that PyTorch can use was found.", "Choose the device 'auto' or 'cpu'.")
    return torch.device(choice)


def device_words(device: torch.device | str, threads: int) -> str:
    """Return a device as people name it: "CPU, 4 threads", or the name of the graphics card."""
    if str(device).startswith("cuda"):
        import torch

        return str(torch.cuda.get_device_name(device))
    if str(device).startswith("mps"):
        return "Apple GPU"
    return f"CPU, {threads} thread{'s' if threads != 1 else ''}"


def usable_cores() -> int:
    """Return how many processor cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def limit_threads(threads: int | None = None) -> int:
    """Set how many threads PyTorch uses for one operation, and return that number.

    threads: at least 1; None leaves one core for the window and the readers.
    """
    import torch

    count = max(1, usable_cores() - 1 if threads is None else threads)
    torch.set_num_threads(count)
    return count


class TimedBatch:
    """Batch size that follows the time a batch takes, so that progress and cancelling stay prompt.

    size: images in the next batch. Grows by half while a full batch takes well under `target_s` seconds, halves
    when it takes well over, stays within 1 and `largest`. step: what the network works on at once anyway; the size
    stays a multiple of it, since smaller batches would be filled up and cost as much.
    """

    # Between these the size rests; growing by half from just under the lower one stays under the upper one.
    _GROW_BELOW = 0.75
    _SHRINK_ABOVE = 1.5

    def __init__(self, *, start: int = 4, target_s: float = 0.2, largest: int = 256, step: int = 1) -> None:
        self._target_s = target_s
        self._largest = max(1, largest)
        self._step = max(1, min(step, self._largest))
        self.size = self._rounded(start)

    def record(self, seconds: float, count: int) -> None:
        """Learn from a batch of `count` images that took `seconds`; a short last batch teaches no growth."""
        share = seconds / self._target_s
        if share > self._SHRINK_ABOVE:
            self.size = self._rounded(self.size // 2)
        elif share < self._GROW_BELOW and count >= self.size:
            self.size = self._rounded(max(self.size + self._step, self.size * 3 // 2))

    def out_of_memory(self, count: int) -> None:
        """Learn that `count` images did not fit: never try so many again."""
        self._largest = max(1, min(self._largest, count // 2))
        self._step = min(self._step, self._largest)
        self.size = self._rounded(self.size)

    def _rounded(self, size: int) -> int:
        return max(1, min(size, self._largest) // self._step) * self._step


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that the device or the computer had too little memory."""
    if isinstance(error, MemoryError):
        return True
    # torch.OutOfMemoryError is a RuntimeError; the CPU and MPS allocators raise plain ones, known by their text.
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in text or "not enough memory" in text)


def run_halving(
    work: Callable[[NDArray[np.generic]], NDArray[np.float32]],
    batch: NDArray[np.generic],
    *,
    check: Callable[[], None],
    batch_size: TimedBatch | None = None,
    report: Callable[[int], None] | None = None,
) -> NDArray[np.float32]:
    """Return `work(batch)`; when memory runs out, do it in halves, then quarters, down to single images.

    work: (n, ...) -> (n, d). check: cancel hook, called before every attempt. batch_size learns the limit;
    report gets the new, smaller number of images. Raises UserError when one image does not fit.
    """
    check()
    try:
        return work(batch)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        if len(batch) <= 1:
            raise UserError(
                "There is too little memory for the network and a single image.",
                "Close other programs, or choose the device 'cpu'.",
                exit_code=4,
            ) from error
    # Outside the handler: while it runs, the error's traceback keeps the tensors of the failed attempt alive.
    _free_device_memory()
    if batch_size is not None:
        batch_size.out_of_memory(len(batch))
    half = len(batch) // 2
    if report is not None:
        report(half)
    parts = [
        run_halving(work, part, check=check, batch_size=batch_size, report=report)
        for part in (batch[:half], batch[half:])
    ]
    return np.concatenate(parts)


def _free_device_memory() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
