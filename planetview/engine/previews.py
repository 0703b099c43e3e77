"""Pictures of a generator to look at, made at once because the generator stays open between requests."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Final, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from planetview.core.consent import ConsentStore
from planetview.core.errors import UserError
from planetview.core.generation import Preview
from planetview.core.messages import GeneratorRequest, JobResult, PreviewRequest
from planetview.engine import generation
from planetview.engine.devices import limit_threads, usable_cores
from planetview.engine.generators.adapter import Generator, check_truncation, one_hot
from planetview.engine.generators.opening import open_generator
from planetview.engine.generators.sampling import to_bytes
from planetview.engine.metrics.path_length import lerp, slerp
from planetview.engine.pickle_machine import never_cancelled

Check = Callable[[], None]

_WAIT_S: Final = 0.1
_LARGEST_SEED: Final = 2**32 - 1


class KeptGenerator:
    """Holds the last opened generator, one at most. Safe from any thread: jobs take turns."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._generator: Generator | None = None
        self._key: tuple[object, ...] = ()
        self._check: Check = never_cancelled

    def describe(self, request: GeneratorRequest, check: Check) -> JobResult:
        """Open a generator, keep it, and return its `GeneratorDescription`. Raises UserError, ConsentNeeded."""
        if request.safe_copy is not None:
            return generation.describe(request, check)
        with self._opened(request.generator, request.device, check) as generator:
            return JobResult(generation.description(generator.info))

    def preview(self, request: PreviewRequest, check: Check) -> JobResult:
        """Make a few pictures and return the `Preview`. Raises UserError, ConsentNeeded."""
        with self._opened(request.generator, request.device, check) as generator:
            limit_threads(usable_cores())
            return JobResult(make_preview(generator, request, check))

    @contextlib.contextmanager
    def _opened(self, path: Path, device: str, check: Check) -> Iterator[Generator]:
        """Lend the generator of a file, opened anew when the file or the device is another one."""
        while not self._lock.acquire(timeout=_WAIT_S):
            check()
        try:
            # The generator asks the job that uses it now, not the one that opened it.
            self._check = check
            yield self._open(path, device)
        except BaseException:
            # A program that was cancelled has lost its process.
            self._close()
            raise
        finally:
            self._check = never_cancelled
            self._lock.release()

    def _open(self, path: Path, device: str) -> Generator:
        key = (path.absolute(), device, *_stamp(path))
        if self._generator is None or key != self._key:
            self._close()
            self._generator = open_generator(path, self._ask_the_job, device, ConsentStore())
            self._key = key
        return self._generator

    def _ask_the_job(self) -> None:
        self._check()

    def _close(self) -> None:
        generator, self._generator, self._key = self._generator, None, ()
        if generator is not None:
            generator.close()


def make_preview(generator: Generator, request: PreviewRequest, check: Check) -> Preview:
    """Return the pictures of the seeds, or of a walk between two.

    A walk goes straight in w; in z along the arc, with the interpolated length.
    Raises UserError for what the generator cannot do.
    """
    info = generator.info
    _refuse_impossible(generator, request)
    z = torch.cat([generator.sample_z(1, np.random.RandomState(seed)) for seed in request.seeds])
    labels = one_hot([request.class_index or 0], info.c_dim, z.device) if info.c_dim else None
    places = torch.tensor(request.walk, device=z.device)[:, None]

    def of_z(latents: Tensor) -> Tensor:
        c = None if labels is None else labels.expand(len(latents), -1)
        return generator.generate(latents, c, request.truncation)

    walk: Literal["", "w", "z"] = ""
    make: Callable[[Tensor], Tensor] = of_z
    if not request.walk:
        points = z
    elif info.has_w:
        walk, make = "w", generator.synthesis
        ends = generator.mapping(z, None if labels is None else labels.expand(2, -1), request.truncation)
        points = lerp(ends[:1], ends[1:], places[:, :, None])
    else:
        walk = "z"
        points = _arc(z[:1], z[1:], places)
    made = []
    for block in torch.split(points, max(1, info.images_at_once)):
        check()
        made.append(to_bytes(_reduced(make(block), request.side)))
    return Preview(np.concatenate(made), walk)


def _arc(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    lengths = [end.square().mean(dim=1, keepdim=True).sqrt() for end in (a, b)]
    points = slerp(a.expand(len(t), -1), b.expand(len(t), -1), t)
    points = points / points.square().mean(dim=1, keepdim=True).sqrt()
    return points * lerp(lengths[0], lengths[1], t)


def _reduced(images: Tensor, side: int) -> Tensor:
    """Average blocks of pixels, as few as bring the longest side to at most `side`."""
    factor = -(-max(images.shape[2:]) // max(1, side))
    return avg_pool2d(images, factor) if factor > 1 else images


def _refuse_impossible(generator: Generator, request: PreviewRequest) -> None:
    info = generator.info
    if info.sampling_problem:
        raise UserError(f"No images can be made with this generator. {info.sampling_problem}")
    if not request.seeds or any(not 0 <= seed <= _LARGEST_SEED for seed in request.seeds):
        raise UserError("A seed lies outside 0 to 4,294,967,295.", "Choose a smaller seed.")
    if request.walk and len(request.seeds) != 2:
        raise UserError("A walk needs two seeds.")
    check_truncation(info, request.truncation)


def _stamp(path: Path) -> tuple[int, int]:
    """Return what changes with the content of a file; zeros where it cannot be read, which opening will tell."""
    try:
        state = path.stat()
    except OSError:
        return (0, 0)
    return (state.st_mtime_ns, state.st_size)
