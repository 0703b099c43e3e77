"""The trial of the built window, under Xvfb and by hand: folders dropped, a run, files written, a second start.

Part of `smoke.py`, which starts it. Keys and places on the screen are those of a window without a manager, at (0, 0).
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import drag

SCREEN = (1280, 800)
# Where a window that has a set offers the roles, four in a row right of its rail: the third is Candidate.
_CANDIDATE_X = 0.68


class Failed(Exception):
    """What did not come out as it should."""


class Skipped(Exception):
    """What cannot be tried on this computer."""


class Desk:
    """A display with the programs that run on it; a person's hands, in the form of xdotool.

    environment: what every program gets. work: folder of the pictures and logs.
    """

    def __init__(self, environment: dict[str, str], work: Path, before: Sequence[str] = ()) -> None:
        self.environment, self.work, self.before = environment, work, list(before)
        self.running: list[tuple[subprocess.Popen[bytes], Path]] = []

    def start(self, *words: str) -> float:
        """Start a program; return the seconds until a window of it shows."""
        log = self.work / f"window-stderr-{len(self.running)}.txt"
        began = time.perf_counter()
        with log.open("wb") as stream:
            program = subprocess.Popen(
                [*self.before, *words], env=self.environment, cwd=self.work, stderr=stream, stdout=stream
            )
        self.running.append((program, log))
        until_visible(self.environment)
        return time.perf_counter() - began

    def stop(self) -> list[str]:
        """End every program that runs; return what each has written on its streams."""
        texts = []
        for program, log in self.running:
            program.terminate()
            program.wait(30)
            texts.append(log.read_text(encoding="utf-8", errors="replace"))
        return texts

    def windows(self, title: str = "PlanetView") -> list[int]:
        """Return the ids of the windows that show and have `title` in their titles."""
        found = self._xdotool("search", "--onlyvisible", "--name", title)
        return [int(line) for line in found.split()]

    def title(self, window: int) -> str:
        """Return the title of a window."""
        return self._xdotool("getwindowname", str(window)).strip()

    def keys(self, window: int, *keys: str) -> None:
        """Press keys in a window; without a manager nothing else gives it the keyboard."""
        self._xdotool("windowraise", str(window), "windowfocus", str(window))
        time.sleep(0.3)
        self._xdotool("key", "--clearmodifiers", "--delay", "120", *keys)

    def write(self, window: int, text: str) -> None:
        """Replace the text of the field that has the keyboard, and confirm it."""
        self.keys(window, "ctrl+a")
        self._xdotool("type", "--delay", "15", text)
        self.keys(window, "Return")

    def drop(self, window: int, path: Path, across: float = 0.5) -> None:
        """Drop a folder on the window; raises Failed when it is not taken."""
        place = (str(round(SCREEN[0] * across)), str(SCREEN[1] // 2))
        words = [shutil.which("python3") or "python3", drag.__file__, str(window), *place, str(path)]
        if subprocess.run(words, env=self.environment, check=False).returncode:
            raise Failed(f"the window did not take '{path.name}'")

    def picture(self, name: str) -> Path:
        """Save a picture of the screen in the work folder; raises Failed for an empty one."""
        path = self.work / f"{name}.png"
        subprocess.run(["import", "-window", "root", str(path)], env=self.environment, check=True)
        if path.stat().st_size < 10_000:
            raise Failed(f"{path.name} shows nothing")
        return path

    def check_running(self) -> None:
        """Raise Failed when the first program has ended."""
        program, log = self.running[0]
        if program.poll() is not None:
            raise Failed(f"ended with {program.returncode}: {log.read_text(errors='replace')[-1000:]}")

    def _xdotool(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout


def wait_for(what: str, is_there: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until `is_there()`; raises Failed with `what` when it does not come."""
    end = time.monotonic() + seconds
    while not is_there():
        if time.monotonic() > end:
            raise Failed(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.3)


def drop_and_run(desk: Desk, reference: Path, candidate: Path, home: Path) -> None:
    """Drop two folders on the window that is open, and let it compute."""
    window = desk.windows()[0]
    time.sleep(3)
    desk.drop(window, reference)
    take_in(desk)
    wait_for("a study with the dropped folder", lambda: "—" in desk.title(window))
    time.sleep(3)
    desk.drop(window, candidate, _CANDIDATE_X)
    take_in(desk)
    time.sleep(4)
    desk.picture("window-dropped")
    before = store_bytes(home)
    desk.keys(window, "F5")
    wait_for("features in the store: Run was pressed", lambda: store_bytes(home) > before, 180)
    # "32 % – " stands before the title while it computes.
    wait_for("the end of the run", lambda: _is_quiet(lambda: desk.title(window)), 300)
    desk.picture("window-run")
    desk.check_running()


def take_in(desk: Desk) -> None:
    """Confirm the sheet that shows what was dropped."""
    title = "Take images in"
    wait_for("the sheet that shows the dropped folder", lambda: desk.windows(title))
    desk.keys(desk.windows(title)[0], "Return")


def _is_quiet(title: Callable[[], str]) -> bool:
    """Return whether a title names no progress for two seconds."""
    for _ in range(8):
        if " – " in title():
            return False
        time.sleep(0.25)
    return True


def save_and_export(desk: Desk, folder: Path) -> tuple[Path, Path]:
    """Save the study and its report as PDF by the dialogs of the window; return both files, looked into."""
    window, study, report = desk.windows()[0], folder / "saved.planetview", folder / "report.pdf"
    desk.keys(window, "ctrl+s")
    desk.write(_dialog(desk, "Save"), str(study))
    wait_for("the saved study", study.is_file)
    time.sleep(2)
    desk.keys(window, "ctrl+e")
    dialog = _dialog(desk, "Export the results")
    desk.keys(dialog, "alt+d", "Return")
    wait_for("the question for a file", lambda: desk.windows("Export the results") not in ([], [dialog]))
    time.sleep(1)
    desk.write(next(one for one in desk.windows("Export the results") if one != dialog), str(report))
    wait_for("the report as PDF", report.is_file)
    time.sleep(2)
    if not report.read_bytes().startswith(b"%PDF-"):
        raise Failed("the report is no PDF")
    with zipfile.ZipFile(study) as archive:
        roles = {one["name"]: one["role"] for one in json.loads(archive.read("study.json"))["sources"]}
    if sorted(roles.values()) != ["candidate", "reference"]:
        raise Failed(f"the saved study has {roles}")
    return study, report


def second_start(desk: Desk, words: Sequence[str], study: Path) -> float:
    """Start the program again with a study: it hands it to the first and ends; return the seconds that took."""
    before, began = desk.windows(), time.perf_counter()
    done = subprocess.run(
        [*desk.before, *words, str(study)], env=desk.environment, cwd=desk.work, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    if done.returncode or done.stderr.strip():
        raise Failed(f"the second start ended with {done.returncode}: {done.stderr}")
    wait_for(f"a window with '{study.stem}'", lambda: len(desk.windows(study.stem)) > 0)
    if len(desk.windows()) <= len(before):
        raise Failed("no other window opened")
    time.sleep(4)
    desk.picture("window-second")
    desk.check_running()
    return seconds


def manual(desk: Desk) -> None:
    """Open the manual that ships with the program."""
    desk.keys(desk.windows()[0], "shift+F1")
    dialog = _dialog(desk, "Manual")
    time.sleep(2)
    desk.picture("window-manual")
    desk.keys(dialog, "Escape")


def _dialog(desk: Desk, title: str) -> int:
    wait_for(f"the dialog '{title}'", lambda: desk.windows(title))
    time.sleep(1)
    return desk.windows(title)[-1]


def until_visible(environment: dict[str, str], seconds: float = 60.0) -> None:
    """Wait for a visible window with PlanetView in its title; raises Failed."""
    search = ["xdotool", "search", "--sync", "--onlyvisible", "--name", "PlanetView"]
    try:
        subprocess.run(search, env=environment, capture_output=True, timeout=seconds, check=True)
    except subprocess.SubprocessError as error:
        raise Failed(f"no window within {seconds:.0f} s") from error


def store_bytes(home: Path) -> int:
    """Return the size of what the engine's own process has written: proof that it was started and works."""
    return sum(path.stat().st_size for path in home.rglob("features*") if path.is_file())


@contextlib.contextmanager
def x_display() -> Iterator[str]:
    """Start Xvfb; yield the name of its display."""
    for tool in ("Xvfb", "xdotool", "import"):
        if shutil.which(tool) is None:
            raise Skipped(f"{tool} is not installed (Debian: xvfb xdotool imagemagick)")
    sockets = Path("/tmp/.X11-unix")
    number = next(number for number in range(90, 200) if not (sockets / f"X{number}").exists())
    words = ["Xvfb", f":{number}", "-screen", "0", f"{SCREEN[0]}x{SCREEN[1]}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for("a display of Xvfb", (sockets / f"X{number}").exists, 20)
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)
