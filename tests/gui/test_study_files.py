"""Studies: saved, opened, recovered, never lost."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from planetview.core.fingerprints import Fingerprint
from planetview.core.messages import Engine
from planetview.core.results import Results
from planetview.core.results_io import write_results
from planetview.core.study import load_study, save_study
from planetview.gui.dialogs.closing import CloseQuestion, PlaceQuestion
from planetview.gui.main_window import MainWindow
from planetview.gui.preferences import load_preferences
from planetview.gui.study_files import autosave_dir
from tests.gui.conftest import Drop, close_without_saving
from tests.gui.test_shell import press

MakeWindow = Callable[[Engine], MainWindow]
CTRL = Qt.KeyboardModifier.ControlModifier


def run(window: MainWindow, qtbot: QtBot) -> None:
    window.controller.run()
    qtbot.waitUntil(lambda: window.workspace.results is not None)


def save(window: MainWindow, path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.controller.files.saved, timeout=5000):
        window.controller.files.save(path)


def test_a_saved_study_opens_with_sets_settings_and_results(
    filled: MainWindow, make_window: MakeWindow, engine: Engine, tmp_path: Path, qtbot: QtBot
) -> None:
    filled.workspace.set_title("Mars GAN")
    run(filled, qtbot)
    path = tmp_path / "mars.planetview"
    save(filled, path, qtbot)
    assert not filled.isWindowModified()
    close_without_saving(filled)

    other = make_window(engine)
    other.controller.open_study(path)
    qtbot.waitUntil(lambda: len(other.workspace.datasets) == 4 and not other.controller.is_busy)

    assert other.workspace.title == "Mars GAN"
    assert [(d.name, d.role.value) for d in other.workspace.datasets] == [
        ("real_train", "reference"),
        ("real_test", "held-out"),
        ("gan_v1", "candidate"),
        ("gan_v2", "candidate"),
    ]
    assert other.workspace.results is not None
    assert other.workspace.results.value("fd", "gan_v1") == filled.workspace.results.value("fd", "gan_v1")  # type: ignore[union-attr]
    assert other.current_page() == "overview"
    assert not other.isWindowModified()
    assert other.header.state_text() == ""
    assert str(path) in other.preferences.studies.latest


def test_every_change_marks_the_study_unsaved(filled: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    assert filled.isWindowModified()
    save(filled, tmp_path / "a.planetview", qtbot)
    assert not filled.isWindowModified()

    filled.workspace.remove("gan_v2")
    assert filled.isWindowModified()
    filled.workspace.undo_stack.undo()
    assert not filled.isWindowModified()
    filled.workspace.set_title("Another")
    assert filled.isWindowModified()


def test_a_change_during_saving_stays_unsaved(filled: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(filled.controller.files.saved, timeout=5000):
        filled.controller.files.save(tmp_path / "a.planetview")
        filled.workspace.set_title("Later")

    assert filled.isWindowModified()
    assert load_study(tmp_path / "a.planetview").title == "Untitled study"


def test_ctrl_s_asks_for_a_name_once(filled: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    qtbot.keyClick(filled, Qt.Key.Key_S, CTRL)
    dialog = filled.findChild(QFileDialog)
    with qtbot.waitSignal(filled.controller.files.saved, timeout=5000):
        dialog.filesSelected.emit([str(tmp_path / "named")])
    dialog.reject()
    assert (tmp_path / "named.planetview").is_file()

    filled.workspace.set_title("Second")
    with qtbot.waitSignal(filled.controller.files.saved, timeout=5000):
        filled.actions_by_id["save"].trigger()
    assert load_study(tmp_path / "named.planetview").title == "Second"


def test_a_place_that_cannot_be_written_is_told_and_nothing_is_lost(
    filled: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    filled.controller.files.save(blocked / "a.planetview")
    qtbot.waitUntil(lambda: bool(filled.messages.messages()))

    assert "Cannot write" in filled.messages.messages()[0].text
    assert filled.isWindowModified()


def test_a_damaged_study_is_told_and_left_as_it_is(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "bad.planetview"
    path.write_bytes(b"not a zip")

    window.controller.add_paths([path])
    qtbot.waitUntil(lambda: bool(window.messages.messages()))

    assert "damaged" in window.messages.messages()[0].text
    assert path.read_bytes() == b"not a zip"
    assert window.current_page() == "welcome"


def test_a_study_whose_folder_is_gone_opens_and_keeps_the_source(
    filled: MainWindow, make_window: MakeWindow, engine: Engine, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "mars.planetview"
    save(filled, path, qtbot)
    filled.workspace.datasets[3].source.rename(tmp_path / "moved")
    engine.script = _without(engine.script, "gan_v2")  # type: ignore[attr-defined]

    filled.controller.open_study(path)
    qtbot.waitUntil(lambda: len(filled.workspace.datasets) == 3 and not filled.controller.is_busy)

    assert [item.source.name for item in filled.workspace.contents.missing] == ["gan_v2"]
    assert "gan_v2" in {source.name for source in filled.workspace.study().sources}


def _without(script: Callable[..., object], name: str) -> Callable[..., object]:
    from dataclasses import replace

    from planetview.core.messages import ScanRequest

    def changed(request: object) -> object:
        if isinstance(request, ScanRequest):
            targets = tuple(
                replace(t, path=t.path.with_name("gone")) if t.path.name == name else t for t in request.targets
            )
            messages = script(replace(request, targets=targets))
            found = messages[-1].outcome  # type: ignore[index]
            failures = tuple(replace(f, path=request.targets[-1].path) for f in found.failures)
            return [*messages[:-1], type(messages[-1])(replace(found, failures=failures))]  # type: ignore[index]
        return script(request)

    return changed


def test_work_is_autosaved_after_a_job_and_a_clean_end_removes_the_copy(filled: MainWindow, qtbot: QtBot) -> None:
    run(filled, qtbot)
    qtbot.waitUntil(lambda: bool(list(autosave_dir().glob("*.planetview"))))
    (copy,) = autosave_dir().glob("*.planetview")
    qtbot.waitUntil(lambda: load_study(copy).results is not None)

    close_without_saving(filled)

    assert not list(autosave_dir().glob("*.planetview"))


def test_after_a_crash_the_study_is_offered_and_restored_unsaved(
    sets: dict[str, Path], make_window: MakeWindow, engine: Engine, qtbot: QtBot
) -> None:
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from PySide6.QtCore import QCoreApplication\n"
        "from planetview.core.datasets import Dataset, Role, SourceKind\n"
        "from planetview.gui.background import Background\n"
        "from planetview.gui.study_files import StudyFiles, autosave_dir\n"
        "from planetview.gui.workspace import Workspace\n"
        "app = QCoreApplication([])\n"
        "workspace, background = Workspace(), Background('files')\n"
        "files = StudyFiles(workspace, background)\n"
        "source = Path(sys.argv[1])\n"
        "workspace.add([Dataset(source.name, Role.CANDIDATE, source, SourceKind.FOLDER, ())])\n"
        "workspace.set_title('Lost and found')\n"
        "files.autosave()\n"
        "while background.is_busy: app.processEvents()\n"
        "os._exit(9)"
    )
    root = Path(__file__).resolve().parents[2]
    crashed = subprocess.run([sys.executable, "-c", code, str(sets["gan_v1"])], cwd=root, env=os.environ, check=False)
    assert crashed.returncode == 9

    window = make_window(engine)
    qtbot.waitUntil(lambda: bool(window.messages.messages()))
    assert "'Lost and found' has unsaved changes" in window.messages.messages()[0].text
    press(window, "Restore")
    qtbot.waitUntil(lambda: [d.name for d in window.workspace.datasets] == ["gan_v1"])

    assert window.workspace.title == "Lost and found"
    assert window.isWindowModified()
    assert window.workspace.path is None


def test_the_copy_of_a_window_that_still_runs_is_not_offered(
    filled: MainWindow, make_window: MakeWindow, engine: Engine, qtbot: QtBot
) -> None:
    filled.controller.files.autosave()
    qtbot.waitUntil(lambda: bool(list(autosave_dir().glob("*.json"))))

    other = make_window(engine)
    with qtbot.waitSignal(other.controller.files.failed, timeout=5000):
        other.controller.open_study(autosave_dir() / "none.planetview")  # answered after the search

    assert not [m for m in other.messages.messages() if m.key.startswith("recovery")]


def test_closing_an_unsaved_study_can_save_it_first(filled: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "mars.planetview"
    save(filled, path, qtbot)
    filled.workspace.set_title("Changed")

    assert not filled.close()
    with qtbot.waitSignal(filled.closed, timeout=5000):
        filled.findChild(CloseQuestion).save_button.click()

    assert load_study(path).title == "Changed"


def test_the_copy_goes_when_the_study_is_saved(filled: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    filled.controller.files.autosave()
    qtbot.waitUntil(lambda: len(list(autosave_dir().glob("*.planetview"))) == 1)

    save(filled, tmp_path / "mars.planetview", qtbot)

    qtbot.waitUntil(lambda: not list(autosave_dir().glob("*.planetview")))


def test_the_place_on_the_screen_is_remembered(window: MainWindow) -> None:
    close_without_saving(window)

    assert load_preferences().geometry


@pytest.mark.parametrize(("signal_name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_an_interrupt_keeps_what_is_not_saved_for_the_next_start(
    sets: dict[str, Path], tmp_path: Path, signal_name: str, status: int
) -> None:
    code = (
        "import os, signal, sys\n"
        "from planetview import app\n"
        "if __name__ == '__main__':\n"
        "    build = app.build\n"
        "    def build_and_interrupt(engine, beside=None):\n"
        "        window = build(engine, beside)\n"
        "        def interrupt():\n"
        f"            if window.workspace.datasets: os.kill(os.getpid(), signal.{signal_name})\n"
        "        window.workspace.contents_changed.connect(interrupt)\n"
        "        return window\n"
        "    app.build = build_and_interrupt\n"
        "    sys.exit(app.main([sys.argv[1]]))"
    )
    script = tmp_path / "start.py"
    script.write_text(code)
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}

    done = subprocess.run(
        [sys.executable, str(script), str(sets["gan_v1"])],
        env=environment, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip

    assert (done.returncode, done.stderr.replace("This plugin does not support propagateSizeHints()\n", "")) == (
        status,
        "",
    )
    (copy,) = autosave_dir().glob("*.planetview")
    assert [source.name for source in load_study(copy).sources] == ["gan_v1"]


def test_a_new_study_is_empty_once_the_unsaved_one_may_go(filled: MainWindow, qtbot: QtBot) -> None:
    run(filled, qtbot)

    filled.actions_by_id["new_study"].trigger()
    assert not filled.workspace.is_empty
    filled.findChild(PlaceQuestion).discard_button.click()

    assert filled.workspace.is_empty
    assert filled.current_page() == "welcome"
    assert not filled.isWindowModified()


def test_results_are_exported_by_suffix(filled: MainWindow, results: Results, tmp_path: Path, qtbot: QtBot) -> None:
    run(filled, qtbot)
    for suffix in filled.controller.export_suffixes():
        path = tmp_path / f"report{suffix}"
        filled.controller.export(path)
        qtbot.waitUntil(path.is_file, timeout=20_000)
        assert path.stat().st_size > 500
    assert set(filled.controller.export_suffixes()) == {".html", ".pdf", ".csv", ".json"}


def test_a_part_of_the_file_that_is_damaged_is_told_and_the_file_kept_when_saved_again(
    filled: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "mars.planetview"
    run(filled, qtbot)
    save(filled, path, qtbot)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, b"{}" if name == "results.json" else data)
    damaged = path.read_bytes()

    files = filled.controller.files
    with qtbot.waitSignal(files.part_lost, timeout=5000) as lost:
        files.open(path)
    assert lost.args == [path, ("the results",)]
    save(filled, path, qtbot)

    kept = list(tmp_path.glob("mars (damaged *).planetview"))
    assert [other.read_bytes() for other in kept] == [damaged]
    assert not load_study(path).damaged
    save(filled, path, qtbot)
    assert len(list(tmp_path.glob("mars (damaged *).planetview"))) == 1


def test_a_set_that_changed_since_the_study_was_saved_is_told(
    filled: MainWindow, results: Results, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "mars.planetview"
    save(filled, path, qtbot)
    study = load_study(path)
    assert all(source.fingerprint is not None for source in study.sources)
    other = Fingerprint(3, "0" * 64)
    changed = tuple(replace(one, fingerprint=other) if one.name == "gan_v1" else one for one in study.sources)
    save_study(replace(study, sources=changed), path)

    told: list[tuple[str, str]] = []
    filled.controller.files.set_changed.connect(lambda name, difference: told.append((name, difference)))
    filled.controller.open_study(path)
    qtbot.waitUntil(lambda: bool(told))

    assert told == [("gan_v1", "3 images then, 24 now")]


def test_a_saved_study_keeps_what_the_window_shows_and_what_it_does_not_know(
    filled: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "mars.planetview"
    save(filled, path, qtbot)
    save_study(replace(load_study(path), extra={"notes": ["from a later version"]}), path)
    files = filled.controller.files
    with qtbot.waitSignal(files.opened, timeout=5000):
        files.open(path)
    files.window_state = lambda: {"page": "entropy"}

    save(filled, path, qtbot)

    found = load_study(path)
    assert (found.window, found.extra) == ({"page": "entropy"}, {"notes": ["from a later version"]})


def test_dropped_results_open_as_a_study_that_is_saved_under_another_name(
    window: MainWindow, results: Results, tmp_path: Path, drop: Drop, qtbot: QtBot
) -> None:
    write_results(results, tmp_path / "results.json")
    before = (tmp_path / "results.json").read_bytes()

    assert drop(window, tmp_path / "results.json")
    qtbot.waitUntil(lambda: len(window.workspace.datasets) == 4 and not window.controller.is_busy)

    assert window.workspace.results is not None
    window.actions_by_id["save"].trigger()
    (dialog,) = (one for one in window.findChildren(QFileDialog) if one.isVisible())
    assert [Path(name).name for name in dialog.selectedFiles()] == ["results.planetview"]
    dialog.close()
    save(window, tmp_path / "results.json", qtbot)
    assert (tmp_path / "results.json").read_bytes() == before
    assert load_study(tmp_path / "results.planetview").results is not None
