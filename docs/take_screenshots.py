"""Render every page and state of the window, light and dark, to PNG files of 1280 × 800 pixels.

Usage: python docs/take_screenshots.py [--study STUDY.planetview] [--out FOLDER] [--sample]

Shows the results of the study; without one, those of the demo, computed on this machine (minutes the
first time, kept in the cache). `--sample` shows made-up numbers over small tiles instead, in seconds.
Needs no display.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QTimer  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from planetview.app import build, prepare_demo  # noqa: E402
from planetview.core.cancel import CancelToken  # noqa: E402
from planetview.core.datasets import Role  # noqa: E402
from planetview.core.messages import (  # noqa: E402
    CompareRequest,
    JobResult,
    Message,
    PartialValues,
    Progress,
    Request,
    ScanRequest,
    ScanResult,
)
from planetview.core.results import Results  # noqa: E402
from planetview.core.study import Study, load_study, save_study  # noqa: E402
from planetview.gui.actions import PAGE_ACTIONS  # noqa: E402
from planetview.gui.main_window import MainWindow  # noqa: E402
from planetview.gui.widgets.message_bar import BarMessage  # noqa: E402

SIZE = (1280, 800)


class Replay:
    """Gives back known results; a run stops half-way until it is cancelled, so that it can be pictured."""

    def __init__(self, results: Results) -> None:
        # A picture must not show where the files lie on the machine that took it.
        datasets = tuple(replace(d, source=Path("~/planetview-demo") / d.name) for d in results.datasets)
        self._results = replace(results, datasets=datasets)

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        if isinstance(request, ScanRequest):
            yield JobResult(ScanResult(self._results.datasets, self._results.shared))
            return
        candidate = self._results.with_role(Role.CANDIDATE)[0].name
        label = f"Features of '{candidate}' (VGG-16)"
        yield Progress("features", label, 310, 450, "images", 0.42, 38.0, 52.0)
        yield PartialValues(self._results.values[: len(self._results.values) // 3])
        while not token.is_cancelled():
            wait(50, via_loop=False)
        token.check()


def wait(ms: int, *, via_loop: bool = True) -> None:
    """Let `ms` pass; with `via_loop` the window works meanwhile."""
    if via_loop:
        loop = QEventLoop()
        QTimer.singleShot(ms, loop.quit)
        loop.exec()
    else:
        import threading

        threading.Event().wait(ms / 1000)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, help="a study with results")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screenshots")
    parser.add_argument("--sample", action="store_true", help="made-up numbers over small tiles")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        results = results_to_show(arguments, Path(scratch))
        os.environ["PLANETVIEW_HOME"] = str(Path(scratch) / "home")
        take_all(results, arguments.out)
    return 0


def results_to_show(arguments: argparse.Namespace, scratch: Path) -> Results:
    """Return the results that the arguments name."""
    if arguments.sample:
        from tests.samples import sample_results

        return sample_results(scratch / "tiles", 60)
    if arguments.study is not None:
        results = load_study(arguments.study).results
        if results is None:
            raise SystemExit(f"{arguments.study} has no results: open it, run it, save it.")
        return results
    return demo_results()


def demo_results() -> Results:
    """Return the results of the demo, from the cache or computed here."""
    from planetview.core.paths import cache_dir
    from planetview.engine.engine import TorchEngine

    kept = cache_dir() / "screenshots.planetview"
    if kept.is_file() and (results := load_study(kept).results) is not None:
        return results
    engine, token = TorchEngine(), CancelToken()
    found = outcome_of(engine.run(ScanRequest(prepare_demo(token.check)), token))
    assert isinstance(found, ScanResult)
    sets = {role: tuple(d for d in found.datasets if d.role is role) for role in Role}
    request = CompareRequest(sets[Role.REFERENCE][0], sets[Role.CANDIDATE], sets[Role.HELD_OUT][0])
    results = outcome_of(engine.run(request, token))
    assert isinstance(results, Results)
    save_study(Study("Demo", results=results), kept)
    return results


def outcome_of(messages: Iterator[Message]) -> Results | ScanResult:
    """Return what a job found, telling its progress on the way."""
    for message in messages:
        if isinstance(message, Progress):
            sys.stderr.write(f"\r{message.fraction:4.0%} {message.label:60}")
        elif isinstance(message, JobResult):
            sys.stderr.write("\n")
            return message.outcome
    raise RuntimeError("the engine ended without a result")


def take_all(results: Results, folder: Path) -> None:
    """Write one picture per page and state and theme."""
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication.instance() or QApplication([])
    window = build(Replay(results))
    window.resize(*SIZE)
    window.show()
    take = picture_taker(window, folder)
    take("welcome")
    window.controller.add_paths([dataset.source for dataset in results.datasets])
    until(lambda: len(window.workspace.datasets) > 0)
    window.workspace.set_title("Demo: the Moon")
    take("datasets")
    window.controller.run()
    until(lambda: window.job_bar.value() > 0)
    take("running")
    window.controller.cancel()
    window.messages.dismiss("run")
    window.workspace.set_results(results, window.workspace.request())
    for page in PAGE_ACTIONS[1:]:
        window.show_page(page)
        take(page)
    window.messages.show_message(
        BarMessage(
            "run",
            "The engine stopped in the middle of its work (ended by SIGKILL).",
            "Most often the machine ran out of memory. Finished work is kept: run again.",
            "danger",
            "details",
            (("Retry", window.controller.run),),
        )
    )
    window.show_page("overview")
    take("failure")
    window.closed.emit()
    window.hide()
    app.processEvents()


def picture_taker(window: MainWindow, folder: Path) -> Callable[[str], None]:
    """Return `take(name)`, which pictures the window in both themes."""

    def take(name: str) -> None:
        for theme in ("light", "dark"):
            window._theme.use(theme)
            # Thumbnails and plots arrive a moment later.
            wait(900)
            file = folder / f"{name}-{theme}.png"
            if not window.grab().save(str(file)):
                raise OSError(f"cannot write {file}")
            sys.stdout.write(f"{file}\n")

    return take


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Let the window work until `condition` holds."""
    for _ in range(round(seconds / 0.05)):
        if condition():
            return
        wait(50)
    raise TimeoutError("the window did not get there")


if __name__ == "__main__":
    raise SystemExit(main())
