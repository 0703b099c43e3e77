"""Tries the built program as a stranger would: empty environment, no network, another home, odd and read-only paths.

    python packaging/smoke.py dist/planetview
    python packaging/smoke.py dist/planetview --source .venv/bin/python --quick

Needs nothing but the standard library; the window is tried under Xvfb, the read-only mount and the missing network as
root or with unprivileged user namespaces (Linux). What cannot be tried here is named as "skipped", never passed over.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import smoke_window
from smoke_window import Failed, Skipped

_TIMEOUT = 3600
_ODD_FOLDER = "Mars é 火星 (copy)"
# What a quiet run has written; Qt under Xvfb; Mesa without a card.
_STDERR_ALLOWED = ("Wrote results.json", "libEGL warning:", "MESA:", "qt.qpa.theme.gnome", "Xlib:  extension")


class Smoke:
    """The checks, over one built folder and one throw-away home."""

    def __init__(self, folder: Path, work: Path, source: Sequence[str], quick: bool) -> None:
        suffix = ".exe" if os.name == "nt" else ""
        self.folder, self.work, self.source, self.quick = folder, work, list(source), quick
        self.command, self.window = folder / f"planetview{suffix}", folder / f"planetview-gui{suffix}"
        self.home = work / "home of another"
        self.home.mkdir(parents=True)
        self.times: dict[str, float] = {}

    def environment(self, **more: str) -> dict[str, str]:
        """Return what a bare login has; on Windows a program needs a few more names to run at all."""
        if os.name == "nt":
            kept = {name: os.environ[name] for name in ("SYSTEMROOT", "TEMP", "TMP", "PATHEXT") if name in os.environ}
            return {
                **kept,
                "USERPROFILE": str(self.home),
                "LOCALAPPDATA": str(self.home),
                "APPDATA": str(self.home),
                **more,
            }
        return {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **more}

    def run(self, program: Path | Sequence[str], *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run without a network, check exit status and stderr, note the time."""
        words = [str(program)] if isinstance(program, Path) else list(program)
        began = time.perf_counter()
        done = subprocess.run(
            [*_without_network(), *words, *arguments],
            env=self.environment(**more), cwd=self.work, capture_output=True, text=True, encoding="utf-8",
            errors="replace", timeout=_TIMEOUT, check=False,
        )  # fmt: skip
        self.times[" ".join((Path(words[0]).name, *arguments[:1]))] = time.perf_counter() - began
        if done.returncode:
            raise Failed(f"exit status {done.returncode}: {(done.stderr or done.stdout)[-2000:]}")
        check_quiet(done.stderr)
        return done

    def run_source(self, *arguments: str) -> None:
        """Run the same from source, with caches of its own: features of the other run would prove nothing."""
        self.run([*self.source, "-m", "planetview"], *arguments, PLANETVIEW_HOME=str(self.work / "home of the source"))

    def version(self) -> str:
        """`planetview --version` says PlanetView and a number."""
        text = self.run(self.command, "--version").stdout.strip()
        if not text.startswith("PlanetView ") or not text[11:12].isdigit():
            raise Failed(f"the version line is {text!r}")
        return text

    def doctor(self) -> str:
        """`planetview doctor` finds no problem and both ST-LPIPS networks."""
        checks = json.loads(self.run(self.command, "doctor", "--json").stdout)
        bad = [check for check in checks if check["state"] == "problem"]
        if bad:
            raise Failed(str(bad))
        window = next(check for check in checks if check["name"] == "Qt window")
        if window["state"] != "ok":
            raise Failed(f"the window: {window['text']}")
        networks = [check for check in checks if "ST-LPIPS" in check["text"] and check["state"] == "ok"]
        if len(networks) < 2:
            raise Failed("the ST-LPIPS weights are not found")
        return f"{len(checks)} lines, {len(networks)} ST-LPIPS networks"

    def demo(self) -> str:
        """`planetview demo` gives the numbers of the source run, which is made here, or given."""
        out = self.work / "frozen"
        self.run(self.command, "demo", "--quiet", "--out", str(out))
        mine = values(out / "results.json")
        if not mine:
            raise Failed("the demo gave no numbers")
        if not self.source:
            return f"{len(mine)} numbers, not compared: no --source"
        expected = self.work / "source"
        if len(self.source) == 1 and self.source[0].endswith(".json"):
            theirs = values(Path(self.source[0]))
        else:
            self.run_source("demo", "--quiet", "--out", str(expected))
            theirs = values(expected / "results.json")
        return compare(mine, theirs)

    def small_run(self) -> str:
        """A comparison of few images gives the same numbers as the source; much faster than the demo."""
        sets = demo_sets(self)
        names = ("frozen-small", "source-small")
        arguments = ["compare", *sets, "--quiet", "--out"]
        self.run(self.command, *arguments, str(self.work / names[0]))
        if not self.source or self.source[0].endswith(".json"):
            return "not compared: no --source"
        self.run_source(*arguments, str(self.work / names[1]))
        first, second = (values(self.work / name / "results.json") for name in names)
        return compare(first, second)

    def studies(self) -> str:
        """A study is collected into a folder, run again from there with the same numbers, and nothing else changes."""
        results, archive, again = (self.work / name for name in ("frozen-small", "collected é", "run-again"))
        self.run(self.command, "archive", str(results / "results.json"), str(archive), "--quiet")
        study = next(archive.glob("*.planetview"))
        before = study.read_bytes()
        self.run(self.command, "run", str(study), "--quiet", "--out", str(again))
        if study.read_bytes() != before:
            raise Failed("the run changed the study file")
        text = compare(values(again / "results.json"), values(results / "results.json"))
        self.run(self.command, "archive", str(study), str(self.work / "collected.zip"), "--quiet")
        return f"collected, run again, {text}"

    def window_opens(self) -> str:
        """Under Xvfb: two dropped folders, Run, Save, PDF, the manual; a second start hands its study over."""
        if not sys.platform.startswith("linux"):
            raise Skipped("Xvfb is for Linux; open the window by hand")
        real, made = (
            a_few_images(self.work / "dropped é" / name, 24, seed) for seed, name in ((5, "real"), (6, "new"))
        )
        study = next((self.work / "collected é").glob("*.planetview"))
        with smoke_window.x_display() as display:
            desk = smoke_window.Desk(self.environment(DISPLAY=display), self.work, _without_network())
            try:
                seconds = desk.start(str(self.window))
                smoke_window.drop_and_run(desk, real, made, self.home)
                smoke_window.save_and_export(desk, self.work)
                smoke_window.manual(desk)
                second = smoke_window.second_start(desk, [str(self.window)], study)
            finally:
                texts = desk.stop()
        check_quiet("\n".join(texts))
        self.times["planetview-gui first picture"], self.times["planetview-gui second start"] = seconds, second
        return f"folders dropped, run, saved, PDF, manual; the second start handed its study over in {second:.1f} s"

    def study_opens(self) -> str:
        """A study that is double-clicked, and `planetview open`, open a window with it."""
        if not sys.platform.startswith("linux"):
            raise Skipped("Xvfb is for Linux; open a study by hand")
        study = self.work / "saved.planetview"
        for number, words in enumerate(([str(self.window)], [str(self.command), "open"])):
            with smoke_window.x_display() as display:
                desk = smoke_window.Desk(self.environment(DISPLAY=display), self.work, _without_network())
                try:
                    desk.start(*words, str(study))
                    smoke_window.wait_for("the study in the window", lambda desk=desk: desk.windows(study.stem))
                    time.sleep(3)
                    desk.picture(f"window-study-{number}")
                finally:
                    texts = desk.stop()
            check_quiet("\n".join(texts))
        return "by its name, and by `planetview open`"

    def odd_path(self) -> str:
        """The program runs from a folder with spaces and letters outside ASCII."""
        odd = self.work / _ODD_FOLDER / "planetview"
        odd.parent.mkdir()
        copy_tree(self.folder, odd)
        try:
            text = self.run(odd / self.command.name, "--version").stdout.strip()
            self.run(odd / self.command.name, "doctor", "--json")
        finally:
            shutil.rmtree(odd)
        return f"{text} from '{odd.parent.name}'"

    def read_only(self) -> str:
        """The program runs from a mount that nobody can write to."""
        if not sys.platform.startswith("linux") or shutil.which("unshare") is None:
            raise Skipped("mount namespaces are for Linux")
        script = (
            'mount --bind "$0" "$1" && mount -o remount,bind,ro "$1" && ! touch "$1/x" 2>/dev/null '
            '&& "$1/planetview" --version && "$1/planetview" doctor --json >/dev/null'
        )
        place = self.work / "mounted"
        place.mkdir()
        words = ["unshare", "--mount", *_as_root(), "sh", "-c", script, str(self.folder), str(place)]
        done = subprocess.run(
            words, env=self.environment(), capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
        if "permitted" in done.stderr and "unshare" in done.stderr:
            raise Skipped("no permission to mount")
        if done.returncode:
            raise Failed(done.stderr[-1000:])
        check_quiet(done.stderr)
        return done.stdout.strip()

    def notices(self) -> str:
        """Licences, notices, bill of materials and help are there, and no link leads nowhere."""
        wanted = ["LICENSE", "THIRD_PARTY_NOTICES.txt", "sbom.cdx.json"]
        missing = [name for name in wanted if not (self.folder / name).is_file()]
        if not list((self.folder / "_internal" / "help").rglob("*.md")):
            missing.append("help")
        if not (self.folder / "_internal" / "help" / "CITATION.cff").is_file():
            missing.append("how to cite")
        missing += [path.name for path in self.folder.rglob("*") if path.is_symlink() and not path.exists()]
        if missing:
            raise Failed(f"missing: {', '.join(missing)}")
        return ", ".join(wanted)


def check_quiet(stderr: str) -> None:
    """Raise Failed when `stderr` holds a line that is not allowed."""
    lines = [line for line in stderr.splitlines() if line.strip() and not line.startswith(_STDERR_ALLOWED)]
    if lines:
        raise Failed("unexpected on stderr: " + " | ".join(lines[:5]))


def values(path: Path) -> dict[str, float]:
    """Return every number of the metric table in results.json by its place there."""
    found: dict[str, float] = {}
    for row in json.loads(path.read_text(encoding="utf-8"))["values"]:
        name = "/".join(str(row.get(key)) for key in ("metric", "candidate", "dataset", "extractor", "variant"))
        for key in ("value", "floor"):
            if isinstance(row.get(key), (int, float)):
                found[f"{name}/{key}"] = float(row[key])
    return found


def compare(mine: dict[str, float], theirs: dict[str, float]) -> str:
    """Return how far the numbers lie apart; raises Failed above a relative difference of 1e-6."""
    if mine.keys() != theirs.keys():
        raise Failed(f"other numbers than the source run: {sorted(mine.keys() ^ theirs.keys())[:5]}")
    worst = max((abs(mine[key] - theirs[key]) / max(abs(theirs[key]), 1e-12), key) for key in mine if not
                math.isnan(mine[key]))  # fmt: skip
    if worst[0] > 1e-6:
        raise Failed(f"{worst[1]} is {mine[worst[1]]}, the source run has {theirs[worst[1]]}")
    return f"{len(mine)} numbers, largest relative difference {worst[0]:.1e}"


def demo_sets(smoke: Smoke, each: int = 24) -> list[str]:
    """Return three folders with `each` synthetic images; drawn here, since the demo's own need the program."""
    return [str(a_few_images(smoke.work / "small" / name, each, seed)) for seed, name in enumerate(("real", "made"))]


def a_few_images(folder: Path, count: int = 12, seed: int = 0, side: int = 64) -> Path:
    """Write `count` grey PGM-like PNG files that differ, without any library."""
    import random
    import struct
    import zlib

    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    for number in range(count):
        level, slope = rng.randrange(40, 120), rng.random() * 1.5
        rows = b"".join(
            b"\0"
            + bytes(
                min(255, int(level + slope * x + rng.randrange(24) + 30 * math.sin(y / (3 + seed))))
                for x in range(side)
            )
            for y in range(side)
        )

        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
        body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
        (folder / f"tile_{number:03d}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + body)
    return folder


def _without_network() -> list[str]:
    if not sys.platform.startswith("linux") or shutil.which("unshare") is None:
        return []
    words = ["unshare", "--net", *_as_root()]
    probe = subprocess.run([*words, "true"], capture_output=True, check=False)
    return words if probe.returncode == 0 else []


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["--map-root-user"]


def copy_tree(source: Path, target: Path) -> None:
    """Copy by hard links where the disk allows it: the folder has gigabytes."""
    if os.name == "posix" and subprocess.run(["cp", "-al", str(source), str(target)], check=False).returncode == 0:
        return
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)


@contextlib.contextmanager
def _work_folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="planetview-smoke-") as name:
        yield Path(name)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the checks; return 0 when none failed."""
    parser = argparse.ArgumentParser(description="Try the built program.")
    parser.add_argument("folder", type=Path, help="the built folder, with planetview and planetview-gui")
    parser.add_argument("--source", nargs="+", default=[], help="a Python with planetview, or results.json of its demo")
    parser.add_argument("--quick", action="store_true", help="a small comparison in place of the demo")
    parser.add_argument("--keep", type=Path, help="work in this new folder and keep it")
    chosen = parser.parse_args(argv)
    failures = 0
    # The checks run in a folder of their own. A virtual environment's python must not be followed to what it links to.
    source = [str(Path(word).absolute()) if Path(word).exists() else word for word in chosen.source]
    with _work_folder(chosen.keep) as work:
        smoke = Smoke(chosen.folder.resolve(), work, source, chosen.quick)
        checks = [smoke.version, smoke.doctor, smoke.notices, smoke.small_run, smoke.studies]
        checks += [] if chosen.quick else [smoke.demo]
        checks += [smoke.window_opens, smoke.study_opens, smoke.odd_path, smoke.read_only]
        for check in checks:
            try:
                state, text = "ok", check()
            except Skipped as reason:
                state, text = "skipped", str(reason)
            except (Failed, OSError, subprocess.SubprocessError) as problem:
                state, text = "FAILED", str(problem)
                failures += 1
            print(f"{state:<8}{check.__name__:<14}{text}", flush=True)
        print("network: " + ("none" if _without_network() else "could not be taken away here"))
        for name, seconds in smoke.times.items():
            print(f"{seconds:8.1f} s  {name}")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
