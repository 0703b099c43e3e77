"""Render every page, dialog and state of the window, light and dark, to PNG files.

Usage: python docs/take_screenshots.py [--study STUDY.planetview] [--out FOLDER] [--sample] [--only PART]
       [--documented] [--scale 2] [--text 2.0] [--themes light,dark,contrast]

Shows the results of the study; without one, those of the demo, computed on this machine (minutes the
first time, kept in the cache). `--sample` shows made-up numbers over small tiles instead, in seconds.
The pictures that the documentation shows go to docs/screenshots, all others to build/screenshots; `--out`
takes all of them to one folder. `--only` takes one part of the window, `--documented` only the pictures that the
documentation shows. `--scale 2` renders as a screen of twice the density does, `--text` with larger or smaller text.
Needs no display.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
PARTS = (
    "study", "states", "compare", "dialogs", "panels", "sources", "extremes", "problems", "models", "generator",
    "taking-in", "holes",
)  # fmt: skip
DOCUMENTED = frozenset({
    "welcome", "datasets", "overview", "overview-empty", "running", "neighbours", "entropy", "correlation", "failure",
    "compare", "compare-swipe", "compare-heat", "correlation-brushed", "correlation-open", "neighbours-marked",
    "overview-worse", "stretch", "problems", "missing", "options", "palette-found", "export",
    "jobs-running", "tour-4", "models", "generator", "generator-measured", "intake", "gaps", "compare-no-data",
})  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, help="a study with results")
    parser.add_argument("--out", type=Path, help="one folder for all pictures")
    parser.add_argument("--sample", action="store_true", help="made-up numbers over small tiles")
    parser.add_argument("--documented", action="store_true", help="only those that the documentation shows")
    parser.add_argument("--only", choices=PARTS, help="one part of the window")
    parser.add_argument("--scale", type=float, default=1.0, help="device pixels a logical pixel")
    parser.add_argument("--text", type=float, default=1.0, help="text size, 0.8 to 2")
    parser.add_argument("--themes", default="light,dark", help="themes, with commas")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        # Qt reads both when it is loaded.
        os.environ.setdefault("QT_QPA_PLATFORM", f"offscreen:configfile={_desk(Path(scratch), arguments.scale)}")
        os.environ["QT_SCALE_FACTOR"] = str(arguments.scale)
        take(arguments, Path(scratch))
    return 0


def _desk(scratch: Path, scale: float) -> Path:
    """Describe a screen as a workstation has one: on Qt's own, of 800 x 800, menus break and questions are narrow."""
    file = scratch / "screens.json"
    screen = {"name": "desk", "x": 0, "y": 0, "width": round(1920 * scale), "height": round(1200 * scale),
              "logicalDpi": 96, "dpr": 1.0}  # fmt: skip
    file.write_text(json.dumps({"screens": [screen]}), encoding="utf-8")
    return file


def take(arguments: argparse.Namespace, scratch: Path) -> None:
    """Take the pictures that the arguments name."""
    from pictures.compare_view import take_compare
    from pictures.extremes import take_extremes
    from pictures.generator_page import take_generator
    from pictures.holes import take_holes
    from pictures.models_page import take_models
    from pictures.page_states import take_states
    from pictures.problems import take_problems
    from pictures.results import nearby, results_to_show
    from pictures.side_panels import take_panels
    from pictures.sources import take_sources
    from pictures.study_pages import take_study
    from pictures.taking import Studio
    from pictures.taking_in import take_taking_in
    from pictures.weights import WEIGHTS_FOLDER
    from pictures.window_dialogs import take_dialogs
    from PySide6.QtWidgets import QApplication

    import planetview

    folders = [arguments.out] * 2 if arguments.out else [ROOT / "docs" / "screenshots", ROOT / "build" / "screenshots"]
    shown, rest = (folder.resolve() for folder in folders)
    for folder in (shown, rest):
        folder.mkdir(parents=True, exist_ok=True)
    results = nearby(results_to_show(arguments.study, arguments.sample, scratch))
    os.environ["PLANETVIEW_WEIGHTS"] = str(WEIGHTS_FOLDER)
    os.environ["PLANETVIEW_HOME"] = str(scratch / "home")
    _app = QApplication.instance() or QApplication([])
    QApplication.setApplicationName("PlanetView")
    QApplication.setApplicationVersion(planetview.__version__)
    is_light_weight = arguments.scale == 1
    themes = tuple(arguments.themes.split(","))
    studio = Studio(shown, rest, DOCUMENTED, themes, arguments.text, is_light_weight, arguments.documented)
    parts = {
        "study": lambda: take_study(studio, results),
        "states": lambda: take_states(studio, results),
        "compare": lambda: take_compare(studio, results),
        "dialogs": lambda: take_dialogs(studio, results),
        "panels": lambda: take_panels(studio, results),
        "sources": lambda: take_sources(studio, scratch / "sources"),
        "extremes": lambda: take_extremes(studio, results, scratch),
        "problems": lambda: take_problems(studio, scratch / "problems"),
        "models": lambda: take_models(studio),
        "generator": lambda: take_generator(studio),
        "taking-in": lambda: take_taking_in(studio, scratch / "taking-in"),
        "holes": lambda: take_holes(studio, scratch / "holes"),
    }
    for part in PARTS if arguments.only is None else (arguments.only,):
        parts[part]()
    os.chdir(ROOT)


if __name__ == "__main__":
    raise SystemExit(main())
