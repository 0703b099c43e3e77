"""Several windows in one process, and later starts of the program."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from planetview.app import build
from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.messages import CompareRequest, ScanRequest, ScanTarget
from planetview.core.results import Results
from planetview.gui.dialogs.closing import CloseQuestion, PlaceQuestion
from planetview.gui.instance import Instance, hand_over, server_name
from planetview.gui.main_window import MainWindow
from planetview.windows import TakingTurns, Windows
from tests.gui.conftest import Drop, close_without_saving, scripted
from tests.gui.fake_engine import FakeEngine


class OwnEngine(FakeEngine):
    """A fake engine that knows whether it was ended."""

    def warm(self) -> None:
        """Nothing is slow."""

    def shutdown(self) -> None:
        self.has_ended = True


@pytest.fixture
def engines() -> list[OwnEngine]:
    return []


@pytest.fixture
def windows(results: Results, engines: list[OwnEngine], qtbot: QtBot) -> Iterator[Windows]:
    def make() -> OwnEngine:
        engines.append(OwnEngine(scripted(results).script))
        return engines[-1]

    opened = Windows(build, make)
    yield opened
    for window in opened.all:
        close_without_saving(window)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert opened.all == ()


def fill(window: MainWindow, sets: dict[str, Path], qtbot: QtBot) -> None:
    window.controller.add_paths(sets.values())
    qtbot.waitUntil(lambda: len(window.workspace.datasets) == 4 and not window.controller.is_busy)


def test_a_new_window_has_a_study_and_an_engine_of_its_own(
    windows: Windows, engines: list[OwnEngine], sets: dict[str, Path], qtbot: QtBot
) -> None:
    first = windows.open()
    qtbot.waitExposed(first)
    first.activateWindow()
    qtbot.waitUntil(first.isActiveWindow)

    qtbot.keyClick(first, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    second = windows.all[1]
    fill(second, sets, qtbot)

    assert first.workspace.is_empty
    assert [len(engine.requests) > 0 for engine in engines] == [False, True]
    close_without_saving(second)
    assert engines[1].has_ended
    assert windows.all == (first,)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not isValid(second)


def test_looks_and_keys_are_those_of_all_windows(windows: Windows, qtbot: QtBot) -> None:
    first, second = windows.open(), windows.open()

    first.use_preferences(first.preferences.with_shortcuts({"models": ("Ctrl+M",)}).scaled(1))
    second.use_preferences(second.preferences.with_study(Path("/b.planetview")))

    assert second.actions_by_id["models"].shortcuts() == first.actions_by_id["models"].shortcuts()
    assert first.preferences == second.preferences
    assert first.preferences.text_scale > 1
    assert first.preferences.studies.latest == ("/b.planetview",)
    first.use_preferences(first.preferences.scaled(0))


def test_a_study_dropped_on_unsaved_work_asks_and_opens_beside_it(
    windows: Windows, sets: dict[str, Path], tmp_path: Path, drop: Drop, qtbot: QtBot
) -> None:
    first = windows.open()
    study = tmp_path / "mars.planetview"
    fill(first, sets, qtbot)
    with qtbot.waitSignal(first.controller.study_saved):
        first.controller.files.save(study)
    first.workspace.remove("gan_v2")

    assert drop(first, study)
    question = first.findChild(PlaceQuestion)
    question.window_button.click()

    qtbot.waitUntil(lambda: len(windows.all) == 2)
    second = windows.all[1]
    qtbot.waitUntil(lambda: len(second.workspace.datasets) == 4)
    assert len(first.workspace.datasets) == 3
    assert first.workspace.is_dirty


def test_unsaved_work_is_kept_when_the_question_is_cancelled(
    windows: Windows, sets: dict[str, Path], qtbot: QtBot
) -> None:
    first = windows.open()
    fill(first, sets, qtbot)

    first.actions_by_id["new_study"].trigger()
    first.findChild(PlaceQuestion).cancel_button.click()

    assert len(first.workspace.datasets) == 4
    assert len(windows.all) == 1


def test_a_study_that_is_open_comes_to_the_front_instead_of_opening_twice(
    windows: Windows, sets: dict[str, Path], tmp_path: Path, qtbot: QtBot
) -> None:
    first = windows.open()
    study = tmp_path / "mars.planetview"
    fill(first, sets, qtbot)
    with qtbot.waitSignal(first.controller.study_saved):
        first.controller.files.save(study)

    assert windows.open_paths((study,)) is first
    assert len(windows.all) == 1
    assert windows.open_paths((tmp_path / "other.planetview",)) is not first


def test_an_empty_window_takes_what_is_handed_over(windows: Windows, sets: dict[str, Path], qtbot: QtBot) -> None:
    first = windows.open()
    qtbot.waitExposed(first)

    assert windows.open_paths((sets["gan_v1"],)) is first
    qtbot.waitUntil(lambda: [d.name for d in first.workspace.datasets] == ["gan_v1"])


def test_a_file_double_clicked_on_macos_is_opened(windows: Windows, sets: dict[str, Path], qtbot: QtBot) -> None:
    first = windows.open()

    assert windows.eventFilter(windows, QFileOpenEvent(str(sets["gan_v1"])))
    qtbot.waitUntil(lambda: [d.name for d in first.workspace.datasets] == ["gan_v1"])


def test_a_run_waits_for_that_of_another_window_and_a_scan_does_not(results: Results) -> None:
    turn = threading.Lock()
    engine = TakingTurns(scripted(results), turn)
    reference, _held_out, *candidates = results.datasets
    run = CompareRequest(reference, tuple(candidates))
    turn.acquire()

    messages = engine.run(run, CancelToken())
    assert "another window" in next(messages).text  # type: ignore[union-attr]
    assert list(engine.run(ScanRequest((ScanTarget(reference.source, None, None),)), CancelToken()))
    turn.release()
    assert list(messages)
    assert turn.acquire(blocking=False)


def test_a_waiting_run_is_cancelled_at_once(results: Results) -> None:
    turn = threading.Lock()
    turn.acquire()
    token = CancelToken()
    messages = TakingTurns(scripted(results), turn).run(
        CompareRequest(results.datasets[0], results.datasets[2:]), token
    )
    next(messages)
    token.cancel()

    with pytest.raises(Cancelled):
        list(messages)


@pytest.fixture
def instance(qtbot: QtBot) -> Iterator[Instance]:
    running = Instance(name=f"{server_name()}-test")
    assert running.listen()
    yield running
    running.close()
    running.deleteLater()


def test_a_later_start_hands_its_files_over(instance: Instance, tmp_path: Path, qtbot: QtBot) -> None:
    code = (
        "import sys; from pathlib import Path; from planetview.gui.instance import hand_over\n"
        "sys.exit(0 if hand_over([Path(sys.argv[1])], demo=True, name=sys.argv[2]) else 3)"
    )
    # A process of its own: waiting for an answer holds the interpreter.
    command = [sys.executable, "-c", code, str(tmp_path / "mars.planetview"), f"{server_name()}-test"]
    with qtbot.waitSignal(instance.asked, timeout=20_000) as asked:
        later = subprocess.Popen(command, cwd=Path(__file__).resolve().parents[2])

    assert asked.args == [(tmp_path / "mars.planetview",), True]
    assert later.wait(timeout=20) == 0


def test_without_a_running_program_nothing_is_handed_over(tmp_path: Path) -> None:
    assert not hand_over((tmp_path,), name=f"{server_name()}-nobody")


def test_a_socket_left_by_a_crash_is_replaced(qtbot: QtBot) -> None:
    name = f"{server_name()}-stale"
    dead = QLocalServer()
    assert dead.listen(name)
    path = Path(dead.fullServerName())
    dead.close()
    path.touch()

    running = Instance(name=name)

    assert running.listen()
    running.close()


def test_nonsense_on_the_socket_is_ignored(instance: Instance, qtbot: QtBot) -> None:
    asked: list[object] = []
    instance.asked.connect(lambda *request: asked.append(request))
    socket = QLocalSocket()
    socket.connectToServer(f"{server_name()}-test")
    for line in (b"{\n", b"[]\n", b'{"paths": 3}\n', b'{"paths": [3]}\n', b'{"paths": ["/a"]}\n'):
        socket.write(line)
    socket.flush()
    qtbot.waitUntil(lambda: bool(asked))

    assert asked == [((Path("/a"),), False)]
    socket.abort()


def test_quit_asks_in_each_window_that_has_unsaved_work(windows: Windows, sets: dict[str, Path], qtbot: QtBot) -> None:
    first, second = windows.open(), windows.open()
    fill(first, sets, qtbot)

    second.actions_by_id["quit"].trigger()

    assert windows.all == (first,)
    first.findChild(CloseQuestion).stay_button.click()
    assert first.isVisible()
    assert len(first.workspace.datasets) == 4
