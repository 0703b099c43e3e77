"""Sets of very many images between the engine's process and the window: whole, in order, or not at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.messages import JobResult, Message, Notice, Progress, ScanRequest, ScanResult, ScanTarget
from planetview.engine.process_engine import ProcessEngine
from tests.engine.fake_engines import many_images

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by POSIX signals")


@pytest.fixture(scope="module")
def engine() -> Iterator[ProcessEngine]:
    engine = ProcessEngine("tests.engine.fake_engines:ScriptedEngine", preload=())
    yield engine
    engine.shutdown()


def request(behaviour: str) -> ScanRequest:
    return ScanRequest((ScanTarget(Path(behaviour)),))


def run(engine: ProcessEngine, behaviour: str) -> list[Message]:
    return list(engine.run(request(behaviour), CancelToken()))


def test_a_set_of_very_many_images_arrives_whole_and_in_order(engine: ProcessEngine) -> None:
    found = next(message for message in run(engine, "read_many") if isinstance(message, JobResult))

    assert found.outcome == ScanResult((many_images(),))


def test_a_job_cancelled_while_very_many_images_arrive_leaves_nothing_of_them_to_the_next(
    engine: ProcessEngine,
) -> None:
    assert len(run(engine, "succeed")) == 4
    pid = engine.pid
    token, messages = CancelToken(), []

    with pytest.raises(Cancelled):
        for message in engine.run(request("read_many"), token):
            messages.append(message)
            if isinstance(message, Progress) and message.done == 2:
                token.cancel()

    assert not any(isinstance(message, JobResult) for message in messages)
    assert engine.pid == pid
    kinds = [type(message) for message in run(engine, "succeed")]
    assert kinds == [Notice, Progress, Progress, JobResult]
