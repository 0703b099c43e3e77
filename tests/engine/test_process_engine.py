"""The engine in a child: messages, cancellation, crashes, and no orphan left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.errors import UserError
from planetview.core.messages import JobFailure, JobResult, Message, Notice, Progress, ScanRequest, ScanTarget
from planetview.engine.engine import TorchEngine
from planetview.engine.process_engine import EngineError, ProcessEngine
from tests.patience import PATIENCE_S, SOON_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by POSIX signals")

FACTORY = "tests.engine.fake_engines:ScriptedEngine"


@pytest.fixture(scope="module")
def shared_engine() -> Iterator[ProcessEngine]:
    """One child for the tests that leave it alive: each start costs half a second."""
    engine = ProcessEngine(FACTORY, {"greeting": "hello"}, preload=())
    yield engine
    engine.shutdown()


def request(behaviour: str) -> ScanRequest:
    return ScanRequest((ScanTarget(Path(behaviour)),))


def run(engine: ProcessEngine, behaviour: str, token: CancelToken | None = None) -> list[Message]:
    return list(engine.run(request(behaviour), token or CancelToken()))


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.01)
    return True


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_messages_arrive_in_order_from_another_process(shared_engine: ProcessEngine) -> None:
    messages = run(shared_engine, "succeed")

    kinds = [type(message) for message in messages]
    assert kinds == [Notice, Progress, Progress, JobResult]
    greeting, pid, _ = messages[0].text.split()  # type: ignore[union-attr]
    assert greeting == "hello"
    assert int(pid) == shared_engine.pid != os.getpid()


def test_the_same_child_serves_the_next_job(shared_engine: ProcessEngine) -> None:
    first, second = (run(shared_engine, "succeed")[0].text.split() for _ in range(2))  # type: ignore[union-attr]

    assert first[1] == second[1]
    assert int(second[2]) == int(first[2]) + 1


def test_a_user_error_keeps_its_words(shared_engine: ProcessEngine) -> None:
    with pytest.raises(UserError) as caught:
        run(shared_engine, "refuse")

    assert (caught.value.message, caught.value.hint, caught.value.exit_code) == (
        "No images.",
        "Choose a folder with images.",
        3,
    )


def test_a_program_to_agree_to_arrives_with_its_digest(shared_engine: ProcessEngine) -> None:
    with pytest.raises(UserError) as caught:
        run(shared_engine, "ask")

    program = JobFailure.from_exception(caught.value).program
    assert program is not None
    assert (program.sha256, program.name, program.kind) == ("ab" * 32, "net.pt", "TorchScript file")


def test_an_unexpected_error_arrives_as_text_with_the_childs_traceback(shared_engine: ProcessEngine) -> None:
    with pytest.raises(EngineError, match="_UnpicklableError") as caught:
        run(shared_engine, "break")

    assert "fake_engines.py" in JobFailure.from_exception(caught.value).details


def test_a_polite_job_is_cancelled_without_losing_the_child(shared_engine: ProcessEngine) -> None:
    pid = shared_engine.pid or int(run(shared_engine, "succeed")[0].text.split()[1])  # type: ignore[union-attr]
    token = CancelToken()

    with pytest.raises(Cancelled):
        for message in shared_engine.run(request("wait_politely"), token):
            if isinstance(message, Progress) and message.done == 2:
                token.cancel()

    assert shared_engine.pid == pid
    assert len(run(shared_engine, "succeed")) == 4


class Ticking:
    """A job in a thread whose work shows outside as a growing number in a file."""

    def __init__(self, engine: ProcessEngine, file: Path) -> None:
        self.token, self._file = CancelToken(), file
        self.ending = ""
        self._engine = engine
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def tick(self) -> int:
        try:
            return int(self._file.read_text() or -1)
        except FileNotFoundError:
            return -1

    def goes_on(self) -> bool:
        before = self.tick()
        return wait_until(lambda: self.tick() > before)

    def rests(self) -> bool:
        """Whether the number stops growing: the same at two looks, twenty steps of the work apart."""

        def same() -> bool:
            before = self.tick()
            threading.Event().wait(0.2)
            return self.tick() == before

        return wait_until(same)

    def has_ended(self) -> bool:
        self._thread.join(5)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            run(self._engine, "write_ticks", self.token)
        except Cancelled:
            self.ending = "cancelled"
        except UserError as error:
            self.ending = error.message


@pytest.fixture
def ticking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ticking]:
    """A job that goes on until it is told to stop, in a child of its own."""
    monkeypatch.setenv("PLANETVIEW_TEST_TICKS", str(tmp_path / "ticks"))
    engine = ProcessEngine(FACTORY, preload=())
    job = Ticking(engine, tmp_path / "ticks")
    yield job
    job.token.cancel()
    engine.shutdown()
    assert job.has_ended()


def test_a_paused_job_rests_in_the_child_and_goes_on_when_resumed(ticking: Ticking) -> None:
    assert ticking.goes_on()

    ticking.token.pause()
    assert ticking.rests()
    ticking.token.resume()
    assert ticking.goes_on()


def test_a_job_of_another_window_waits_for_its_turn_and_says_so(ticking: Ticking) -> None:
    assert ticking.goes_on()
    token, messages, endings = CancelToken(), [], []

    def work() -> None:
        try:
            for message in ticking._engine.run(request("succeed"), token):
                messages.append(message)
        except Cancelled:
            endings.append("cancelled")

    other = threading.Thread(target=work, daemon=True)
    other.start()
    assert wait_until(lambda: len(messages) == 1)
    assert messages == [Notice("Another window is computing: this job begins when that one's has ended.")]

    token.cancel()
    other.join(2)
    assert endings == ["cancelled"]
    assert ticking.goes_on()


def test_a_paused_job_is_cancelled_without_losing_the_child(ticking: Ticking) -> None:
    assert ticking.goes_on()
    pid = ticking._engine.pid
    ticking.token.pause()
    assert ticking.rests()

    ticking.token.cancel()

    assert ticking.has_ended()
    assert ticking.ending == "cancelled"
    assert ticking._engine.pid == pid


def test_a_child_that_dies_while_its_job_is_paused_fails_the_job(ticking: Ticking) -> None:
    assert ticking.goes_on()
    ticking.token.pause()
    assert ticking.rests()

    os.kill(ticking._engine.pid or 0, signal.SIGKILL)

    assert ticking.has_ended()
    assert "SIGKILL" in ticking.ending


def test_what_the_child_logs_is_logged_here(shared_engine: ProcessEngine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        run(shared_engine, "log")

    lines = {record.name: record for record in caplog.records}
    assert lines["planetview.engine.fake"].getMessage() == "reading tiles"
    assert lines["planetview.engine.fake"].processName == "engine"
    assert "an old setting" in lines["py.warnings"].getMessage()


def test_progress_tells_the_memory_of_the_child(shared_engine: ProcessEngine) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells both the present memory and its peak")
    progress = [message for message in run(shared_engine, "succeed") if isinstance(message, Progress)]

    assert progress[0].memory_bytes is not None
    assert progress[0].peak_bytes is not None
    assert 2**22 < progress[0].memory_bytes <= progress[0].peak_bytes < 2**34


def test_leaving_a_job_early_cancels_it(shared_engine: ProcessEngine) -> None:
    messages = shared_engine.run(request("wait_politely"), CancelToken())
    next(messages)
    messages.close()  # type: ignore[attr-defined]

    assert len(run(shared_engine, "succeed")) == 4


def test_ctrl_c_does_not_reach_the_child(shared_engine: ProcessEngine) -> None:
    assert Notice("still here") in run(shared_engine, "interrupt")


def test_a_hanging_job_is_killed_soon_after_the_cancel() -> None:
    engine = ProcessEngine(FACTORY, preload=())
    token = CancelToken()
    cancelled_at = 0.0
    try:
        with pytest.raises(Cancelled):
            for message in engine.run(request("hang"), token):
                if isinstance(message, Progress):
                    pid = engine.pid
                    cancelled_at = time.monotonic()
                    token.cancel()

        assert time.monotonic() - cancelled_at < SOON_S  # 0.9 s on a quiet machine
        assert pid is not None
        assert not is_running(pid)
        assert len(run(engine, "succeed")) == 4
    finally:
        engine.shutdown()


def test_a_crashed_child_fails_its_job_and_the_next_job_gets_a_new_one() -> None:
    engine = ProcessEngine(FACTORY, preload=())
    try:
        with pytest.raises(UserError, match="SIGKILL") as caught:
            run(engine, "crash")

        assert "memory" in caught.value.hint
        assert len(run(engine, "succeed")) == 4
    finally:
        engine.shutdown()


def test_a_job_does_not_wait_for_the_preload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv("PLANETVIEW_TEST_GATE", str(gate))
    engine = ProcessEngine(FACTORY, preload=("tests.engine.slow_to_import",))
    try:
        engine.warm()
        assert wait_until(gate.with_suffix(".begun").exists)
        assert len(run(engine, "succeed")) == 4
        assert not gate.with_suffix(".loaded").exists()

        gate.touch()
        assert wait_until(gate.with_suffix(".loaded").exists)
    finally:
        engine.shutdown()


def test_shutdown_ends_a_running_job_and_the_child() -> None:
    engine = ProcessEngine(FACTORY, preload=())
    started, outcome = threading.Event(), []

    def work() -> None:
        try:
            for message in engine.run(request("hang"), CancelToken()):
                if isinstance(message, Progress):
                    started.set()
        except Cancelled:
            outcome.append("cancelled")

    worker = threading.Thread(target=work)
    worker.start()
    assert started.wait(PATIENCE_S)
    pid = engine.pid
    assert pid is not None

    engine.shutdown()
    worker.join(PATIENCE_S)

    assert outcome == ["cancelled"]
    assert not is_running(pid)
    with pytest.raises(Cancelled):
        run(engine, "succeed")


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.engine.fake_engines import hang_as_a_parent\n"
        "if __name__ == '__main__': hang_as_a_parent(Path(sys.argv[1]))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(pid_file)], cwd=Path(__file__).resolve().parents[2])
    assert wait_until(pid_file.exists)
    child = int(pid_file.read_text())
    assert is_running(child)

    parent.send_signal(signal.SIGKILL)
    parent.wait(PATIENCE_S)

    assert wait_until(lambda: not is_running(child))


def test_importing_it_does_not_import_torch() -> None:
    code = "import sys, planetview.engine.process_engine; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_real_scan_rests_while_it_is_paused(tiles: Callable[..., Path]) -> None:
    token, messages = CancelToken(), []
    scan = ScanRequest((ScanTarget(tiles(n=4)),))
    token.pause()
    worker = threading.Thread(target=lambda: messages.extend(TorchEngine().run(scan, token)), daemon=True)
    worker.start()

    worker.join(0.3)
    assert worker.is_alive()
    token.resume()
    worker.join(PATIENCE_S)
    assert isinstance(messages[-1], JobResult)
