"""Render every page and state of the window, light and dark, to PNG files of 1280 × 800 pixels.

Usage: python docs/take_screenshots.py [--study STUDY.planetview] [--out FOLDER] [--sample]
       [--models-only | --generator-only]

Shows the results of the study; without one, those of the demo, computed on this machine (minutes the
first time, kept in the cache). `--sample` shows made-up numbers over small tiles instead, in seconds.
`--models-only` and `--generator-only` picture that page alone, with made-up states.
Needs no display.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np  # noqa: E402
from generator_pictures import take_generator  # noqa: E402
from PIL import Image  # noqa: E402
from PySide6.QtCore import QEventLoop, QRectF, Qt, QTimer  # noqa: E402
from PySide6.QtWidgets import QApplication, QComboBox, QWidget  # noqa: E402

from planetview.app import build, prepare_demo  # noqa: E402
from planetview.core.cancel import CancelToken  # noqa: E402
from planetview.core.catalogue import WEIGHTS  # noqa: E402
from planetview.core.datasets import Dataset, Role  # noqa: E402
from planetview.core.messages import (  # noqa: E402
    CompareRequest,
    JobResult,
    Message,
    ModelsAction,
    ModelsRequest,
    PartialValues,
    Progress,
    Request,
    ScanRequest,
    ScanResult,
)
from planetview.core.models import ImportOutcome, ModelsResult, WeightState, WeightStatus  # noqa: E402
from planetview.core.results import Results  # noqa: E402
from planetview.core.study import Study, load_study, save_study  # noqa: E402
from planetview.gui.actions import STUDY_PAGES  # noqa: E402
from planetview.gui.main_window import MainWindow  # noqa: E402
from planetview.gui.models.neighbour_list import Order  # noqa: E402
from planetview.gui.plots.histogram import HistogramPlot  # noqa: E402
from planetview.gui.plots.scatter import ScatterPlot  # noqa: E402
from planetview.gui.views.compare import CompareDialog  # noqa: E402
from planetview.gui.views.image_grid import ImageGrid  # noqa: E402
from planetview.gui.widgets.expander import Expander  # noqa: E402
from planetview.gui.widgets.message_bar import BarMessage  # noqa: E402

SIZE = (1280, 800)
WEIGHTS_FOLDER = Path("~/.local/share/planetview/weights")
# What a picture in the repository may weigh; a palette of 256 colours brings those with many tiles below it.
_HEAVY_BYTES = 300_000


class Replay:
    """Gives back known results; a run stops half-way until it is cancelled, so that it can be pictured."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        if isinstance(request, ScanRequest):
            yield JobResult(ScanResult(self._results.datasets, self._results.shared))
            return
        if isinstance(request, ModelsRequest):
            yield JobResult(weights_to_show(request))
            return
        candidate = self._results.with_role(Role.CANDIDATE)[0].name
        label = f"Features of '{candidate}' (VGG-16)"
        yield Progress("features", label, 310, 450, "images", 0.42, 38.0, 52.0)
        yield PartialValues(self._results.values[: len(self._results.values) // 3])
        while not token.is_cancelled():
            wait(50, via_loop=False)
        token.check()


class Weights:
    """Has the weight files of a computer in use, one of each state among them."""

    def run(self, request: Request, _token: CancelToken) -> Iterator[Message]:
        assert isinstance(request, ModelsRequest)
        yield JobResult(weights_to_show(request))


class Scanner:
    """Reads folders as the program does; shows another place than the one they lie in."""

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        from planetview.engine.engine import TorchEngine

        for message in TorchEngine().run(request, token):
            if isinstance(message, JobResult) and isinstance(message.outcome, ScanResult):
                found = message.outcome
                datasets = tuple(replace(d, source=Path("~/mars-study") / d.source.name) for d in found.datasets)
                yield JobResult(replace(found, datasets=datasets))
            else:
                yield message


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
    parser.add_argument("--models-only", action="store_true", help="the models page and no other")
    parser.add_argument("--generator-only", action="store_true", help="the generator page and no other")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    os.environ["PLANETVIEW_WEIGHTS"] = str(WEIGHTS_FOLDER)
    if arguments.models_only or arguments.generator_only:
        with tempfile.TemporaryDirectory() as scratch:
            os.environ["PLANETVIEW_HOME"] = scratch
            if arguments.models_only:
                take_models(out)
            else:
                take_generator(out, SIZE, picture_taker, until)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        results = nearby(results_to_show(arguments, Path(scratch)))
        os.environ["PLANETVIEW_HOME"] = str(Path(scratch) / "home")
        take_all(results, out)
        take_problems(Path(scratch) / "problems", out)
        take_models(out)
        take_generator(out, SIZE, picture_taker, until)
        os.chdir(out)
    return 0


def nearby(results: Results) -> Results:
    """Return results whose files are named from the folder that holds them all, and go there.

    A picture must not show where the files lie on the machine that took it.
    """
    home = Path(os.path.commonpath([image.path for dataset in results.datasets for image in dataset.images]))
    os.chdir(home)

    def moved(dataset: Dataset) -> Dataset:
        images = tuple(replace(image, path=image.path.relative_to(home)) for image in dataset.images)
        return replace(dataset, source=Path("~/planetview-demo") / dataset.name, images=images)

    return replace(results, datasets=tuple(moved(dataset) for dataset in results.datasets))


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


def outcome_of(messages: Iterator[Message]) -> Results | ScanResult | ModelsResult:
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
    window.show_page("overview")
    take("overview-empty")
    window.controller.run()
    until(lambda: window.job_bar.value() > 0)
    take("running")
    window.controller.cancel()
    window.messages.dismiss("run")
    window.workspace.set_results(results, window.workspace.request())
    stage = {
        "neighbours": partial(stage_neighbours, results),
        "entropy": stage_entropy,
        "correlation": stage_correlation,
    }
    for page in STUDY_PAGES[1:]:
        window.show_page(page)
        if page in stage:
            stage[page](window.pages.page(page))
        take(page)
    window.show_page("neighbours")
    grid = window.pages.page("neighbours").findChild(ImageGrid)
    grid.image_opened.emit(grid.model().image_at(grid.currentIndex().row()))
    dialog = window.findChild(CompareDialog)
    picture_taker(window, folder, dialog)("compare")
    dialog.close()
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


def choose(box: QComboBox, data: object) -> None:
    """Choose an entry of a list as a person would; nothing where it is not offered."""
    if (position := box.findData(data)) >= 0:
        box.setCurrentIndex(position)
        box.activated.emit(position)


def stage_neighbours(results: Results, page: QWidget) -> None:
    """Show possible copies, that with the most detail of the first six in the inspector."""
    query, order = (box for box in page.findChildren(QComboBox) if box.count() > 1 and box.isVisibleTo(page))
    names = [query.itemData(i) for i in range(query.count())]
    choose(query, "near_copies" if "near_copies" in names else names[0])
    choose(order, Order.COPIES)
    grid = page.findChild(ImageGrid)
    entropy = results.entropy_bits[query.currentData()]
    grid.setCurrentIndex(grid.model().index(max(range(6), key=lambda row: entropy[grid.model().image_at(row)])))


def stage_entropy(page: QWidget) -> None:
    """Choose a bin near the lower end, where images are few and dark."""
    plot = page.findChild(HistogramPlot)
    plot.move_cursor(3)
    plot.bin_chosen.emit(plot.cursor_bin, Qt.KeyboardModifier.NoModifier)


def stage_correlation(page: QWidget) -> None:
    """Brush the upper right corner of the scatter."""
    plot = page.findChild(ScatterPlot)
    area = plot.view_box.viewRect()
    part = QRectF(area.x() + 0.62 * area.width(), area.y() + 0.62 * area.height(), area.width(), area.height())
    plot.choose_area(part, Qt.KeyboardModifier.NoModifier)


def take_problems(scratch: Path, folder: Path) -> None:
    """Picture the datasets page with what can be wrong: damaged files, deep images without a stretch."""
    draw_problems(scratch)
    window = build(Scanner())
    window.resize(*SIZE)
    window.show()
    window.controller.add_paths(sorted(scratch.iterdir()))
    until(lambda: len(window.workspace.datasets) == 2 and not window.controller.is_busy)
    window.workspace.set_title("Mars: deep images")
    # Another theme draws the cards anew, closed.
    picture_taker(window, folder)("problems", lambda: window.role_sheet.cards()[0].findChild(Expander).set_open(True))
    window.closed.emit()
    window.hide()


def take_models(folder: Path) -> None:
    """Picture the models page: once with its states, once with what became of an import."""
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication.instance() or QApplication([])
    window = build(Weights())
    window.resize(*SIZE)
    window.show()
    take = picture_taker(window, folder)
    window.show_page("models")
    until(lambda: bool(window.controller.weights.states))
    window.pages.show_weights("inception-2015-12-05")
    take("models")
    stick = Path("/media/usb")
    names = ("vgg16-397923af.pth", "ViT-B-32.pt", "alexnet.pth", "notes.bin")
    window.controller.weights.import_paths(tuple(stick / name for name in names))
    until(lambda: window.controller.weights.report is not None)
    take("models-import")
    window.closed.emit()
    window.hide()
    app.processEvents()


def weights_to_show(request: ModelsRequest) -> ModelsResult:
    """Return made-up states of all weights; an import of four files has three kinds of outcome."""
    present = {
        "inception-2015-12-05", "torchvision-squeezenet1-1", "lpips-alex", "lpips-vgg", "lpips-squeeze",
        "st-lpips-alex", "st-lpips-vgg", "dinov2-vits14",
    }  # fmt: skip
    states = []
    for spec in WEIGHTS.values():
        path = WEIGHTS_FOLDER / f"{spec.id}.safetensors"
        size, digest = round(spec.size_mib * 2**20), spec.sources[0].sha256 or None
        note = "" if spec.sources[0].has_digest else "Fetched from its official address, which publishes no digest."
        if spec.id in present:
            states.append(WeightState(spec.id, WeightStatus.PRESENT, path, size, digest, note))
        elif spec.id == "torchvision-alexnet":
            advice = f"Delete it, or replace it by the published file. {spec.how_to_get}"
            states.append(WeightState(spec.id, WeightStatus.WRONG_DIGEST, path, size, "4f" * 32, "", advice))
        elif spec.id == "dreamsim-dino-vitb16":
            advice = f"If you trust it: planetview models import --accept-unknown --as {spec.id} {path}"
            states.append(WeightState(spec.id, WeightStatus.UNKNOWN_FILE, path, size, None, "", advice))
        else:
            states.append(WeightState(spec.id, WeightStatus.MISSING, advice=spec.how_to_get))
    outcomes = made_up_outcomes(request.paths) if request.action is ModelsAction.IMPORT else ()
    return ModelsResult(tuple(states), outcomes)


def made_up_outcomes(paths: Sequence[Path]) -> tuple[ImportOutcome, ...]:
    """Return what could become of two good files, one without a published digest, and one of another kind."""
    good, other, unknown, nothing = paths
    return (
        ImportOutcome(good, "torchvision-vgg16", True, "VGG-16 for ImageNet, digest verified."),
        ImportOutcome(other, "clip-vit-b-32-openai", True, "CLIP ViT-B/32 of OpenAI, digest verified."),
        ImportOutcome(
            unknown, "torchvision-alexnet", False,
            "It fits AlexNet for ImageNet, but its SHA-256 is not the published one: unknown file.",
            "If you trust where it came from: planetview models import --accept-unknown --as torchvision-alexnet "
            f"{unknown}",
        ),
        ImportOutcome(nothing, None, False, "Its tensors fit none of the networks PlanetView knows."),
    )  # fmt: skip


def draw_problems(scratch: Path) -> None:
    """Write a set of 16-bit tiles with two damaged files, and an 8-bit set, into folders of `scratch`."""
    random = np.random.default_rng(7)
    grid = np.linspace(0, 6, 96)
    for name, dtype, top in (("real_train", np.uint16, 4000.0), ("gan_v3", np.uint8, 255.0)):
        (scratch / name).mkdir(parents=True)
        for number in range(24):
            a, b, c = random.uniform(0.5, 3, 3)
            relief = np.sin(a * grid)[:, None] * np.cos(b * grid)[None, :] + 0.2 * c * random.normal(size=(96, 96))
            tile = (top * (relief - relief.min()) / np.ptp(relief)).astype(dtype)
            Image.fromarray(tile).save(scratch / name / f"{name}_{number:03d}.png")
    for number, cut in ((4, 300), (17, 40)):
        file = scratch / "real_train" / f"real_train_{number:03d}.png"
        file.write_bytes(file.read_bytes()[:cut])


def picture_taker(window: MainWindow, folder: Path, part: QWidget | None = None) -> Callable[..., None]:
    """Return `take(name, prepare)`, which pictures the window, or a part of it, in both themes."""
    shown = part or window

    def take(name: str, prepare: Callable[[], None] = lambda: None) -> None:
        for theme in ("light", "dark"):
            window._theme.use(theme)
            prepare()
            # Thumbnails and plots arrive a moment later.
            wait(900)
            file = folder / f"{name}-{theme}.png"
            if not shown.grab().save(str(file)):
                raise OSError(f"cannot write {file}")
            if file.stat().st_size > _HEAVY_BYTES:
                with Image.open(file) as full:
                    full.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
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
