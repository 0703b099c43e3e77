"""Render every page, dialog and state of the window, light and dark, to PNG files.

Usage: python docs/take_screenshots.py [--study STUDY.planetview] [--out FOLDER] [--sample] [--only PART]
       [--scale 2] [--text 2.0] [--themes light,dark,contrast]

Shows the results of the study; without one, those of the demo, computed on this machine (minutes the
first time, kept in the cache). `--sample` shows made-up numbers over small tiles instead, in seconds.
`--only` takes one part: study, problems, models or generator. `--scale 2` renders as a screen of twice
the density does, `--text` with larger or smaller text. Needs no display.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
PARTS = ("study", "problems", "models", "generator")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, help="a study with results")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screenshots")
    parser.add_argument("--sample", action="store_true", help="made-up numbers over small tiles")
    parser.add_argument("--only", choices=PARTS, help="one part of the window")
    parser.add_argument("--scale", type=float, default=1.0, help="device pixels a logical pixel")
    parser.add_argument("--text", type=float, default=1.0, help="text size, 0.8 to 2")
    parser.add_argument("--themes", default="light,dark", help="themes, with commas")
    arguments = parser.parse_args()
    # Qt reads both when it is loaded.
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["QT_SCALE_FACTOR"] = str(arguments.scale)
    with tempfile.TemporaryDirectory() as scratch:
        take(arguments, Path(scratch))
    return 0


def take(arguments: argparse.Namespace, scratch: Path) -> None:
    """Take the pictures that the arguments name."""
    from pictures.generator_page import take_generator
    from pictures.models_page import take_models
    from pictures.problems import take_problems
    from pictures.results import nearby, results_to_show
    from pictures.study_pages import take_study
    from pictures.taking import Studio
    from pictures.weights import WEIGHTS_FOLDER
    from PySide6.QtWidgets import QApplication

    out = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    parts = PARTS if arguments.only is None else (arguments.only,)
    results = results_to_show(arguments.study, arguments.sample, scratch) if "study" in parts else None
    os.environ["PLANETVIEW_WEIGHTS"] = str(WEIGHTS_FOLDER)
    os.environ["PLANETVIEW_HOME"] = str(scratch / "home")
    _app = QApplication.instance() or QApplication([])
    studio = Studio(out, tuple(arguments.themes.split(",")), arguments.text, is_light_weight=arguments.scale == 1)
    if results is not None:
        take_study(studio, nearby(results))
    if "problems" in parts:
        take_problems(studio, scratch / "problems")
    if "models" in parts:
        take_models(studio)
    if "generator" in parts:
        take_generator(studio)
    os.chdir(out)


if __name__ == "__main__":
    raise SystemExit(main())
