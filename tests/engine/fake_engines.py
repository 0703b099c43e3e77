"""Engines that a spawned child can import, told what to do by the name of the first source."""

from __future__ import annotations

import itertools
import logging
import os
import signal
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

from planetview.core.cancel import CancelToken
from planetview.core.consent import ConsentNeeded
from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.errors import UserError
from planetview.core.messages import JobResult, Message, Notice, Progress, Request, ScanRequest, ScanResult


class ScriptedEngine:
    """Does what `request.targets[0].path` is called; `greeting` shows that the factory's arguments arrive."""

    def __init__(self, greeting: str = "ready") -> None:
        self._greeting = greeting
        self._jobs = 0

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        assert isinstance(request, ScanRequest)
        self._jobs += 1
        yield Notice(f"{self._greeting} {os.getpid()} {self._jobs}")
        yield Progress("scan", "Scanning", 1, 4, "images", 0.25)
        yield from getattr(self, "_" + request.targets[0].path.name)(token)
        yield JobResult(ScanResult(()))

    def _succeed(self, _token: CancelToken) -> Iterator[Message]:
        yield Progress("scan", "Scanning", 4, 4, "images", 1.0)

    def _read_many(self, _token: CancelToken) -> Iterator[Message]:
        yield Progress("scan", "Scanning", 2, 4, "images", 0.5)
        yield JobResult(ScanResult((many_images(),)))

    def _wait_politely(self, token: CancelToken) -> Iterator[Message]:
        pause = threading.Event()
        while True:
            pause.wait(0.02)
            token.check()
            yield Progress("scan", "Scanning", 2, 4, "images", 0.5)

    def _log(self, _token: CancelToken) -> Iterator[Message]:
        logging.getLogger("planetview.engine.fake").info("reading %s", "tiles")
        warnings.warn("an old setting", stacklevel=1)
        yield Progress("scan", "Scanning", 3, 4, "images", 0.75)

    def _write_ticks(self, token: CancelToken) -> Iterator[Message]:
        """Write a file for every check passed, so that a test sees from outside whether the work goes on."""
        pause = threading.Event()
        for tick in itertools.count():
            pause.wait(0.01)
            token.check()
            Path(os.environ["PLANETVIEW_TEST_TICKS"]).write_text(str(tick))
            yield Progress("scan", "Scanning", 2, 4, "images", 0.5)

    def _hang(self, _token: CancelToken) -> Iterator[Message]:
        threading.Event().wait()
        yield Notice("never")

    def _crash(self, _token: CancelToken) -> Iterator[Message]:
        os.kill(os.getpid(), signal.SIGKILL)
        yield Notice("never")

    def _refuse(self, _token: CancelToken) -> Iterator[Message]:
        raise UserError("No images.", "Choose a folder with images.", 3)
        yield Notice("never")

    def _ask(self, _token: CancelToken) -> Iterator[Message]:
        raise ConsentNeeded("ab" * 32, "net.pt", "TorchScript file")
        yield Notice("never")

    def _break(self, _token: CancelToken) -> Iterator[Message]:
        raise _UnpicklableError(threading.Lock())
        yield Notice("never")

    def _interrupt(self, _token: CancelToken) -> Iterator[Message]:
        os.kill(os.getpid(), signal.SIGINT)
        yield Notice("still here")


def many_images() -> Dataset:
    """Return a set that goes through the pipe in many parts."""
    source = Path("/sets/many")
    images = tuple(
        ImageRecord(f"{i:05}.png", source / f"{i:05}.png", None, f"class_{i % 3}", f"{i:064x}", i, 24, 24, 1, "uint8")
        for i in range(12_345)
    )
    return Dataset("many", Role.CANDIDATE, source, SourceKind.FOLDER, images)


class _UnpicklableError(Exception):
    """Holds a lock, so that no pickle of it can travel."""


def hang_as_a_parent(pid_file: Path) -> None:
    """Start an engine, write its child's pid, and wait for ever inside a job."""
    from planetview.core.messages import ScanTarget
    from planetview.engine.process_engine import ProcessEngine

    engine = ProcessEngine("tests.engine.fake_engines:ScriptedEngine", preload=())
    for message in engine.run(ScanRequest((ScanTarget(Path("hang")),)), CancelToken()):
        if isinstance(message, Progress):
            pid_file.with_suffix(".part").write_text(str(engine.pid))
            pid_file.with_suffix(".part").rename(pid_file)
