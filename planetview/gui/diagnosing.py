"""Writes the file for whoever looks into a fault, with what the window knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, qVersion
from PySide6.QtGui import QGuiApplication

from planetview.core.datasets import Dataset
from planetview.core.diagnostics import save_diagnostics
from planetview.core.messages import JobFailure
from planetview.gui.dialogs import choose
from planetview.gui.reveal import reveal
from planetview.gui.widgets.message_bar import BarMessage

if TYPE_CHECKING:
    from planetview.gui.main_window import MainWindow

_NAME = "planetview-diagnostics.zip"


def save_diagnostics_of(window: MainWindow) -> None:
    """Ask where to write it, write it in the background, and say that it was written."""
    choose.choose_new_file(
        window, _tr("Save diagnostics"), _NAME, [_tr("Zip files (*.zip)")], lambda paths: _write(window, paths[0])
    )


def diagnostics_offer(window: MainWindow) -> tuple[str, Callable[[], object]]:
    """Return the label and the action with which a message offers the file."""
    return _tr("Save diagnostics…"), partial(save_diagnostics_of, window)


def window_words(window: MainWindow) -> Iterator[str]:
    """Yield what the window knows, without names of sets, images or folders."""
    yield f"Qt {qVersion()}, platform {QGuiApplication.platformName()}"
    for screen in QGuiApplication.screens():
        size = screen.size()
        yield f"screen {size.width()} x {size.height()}, {screen.devicePixelRatio():g} device pixels per pixel"
    yield f"window {window.width()} x {window.height()}, page {window.current_page()}"
    yield f"theme {window.theme.tokens.name}, text {window.theme.text_scale:.0%}"
    workspace = window.workspace
    results = workspace.results
    yield (
        "no results" if results is None else f"results: {len(results.values)} values, {len(results.pairs)} pair tables"
    )
    yield f"study: {'changed' if workspace.is_dirty else 'saved'}, {'stale' if workspace.is_stale else 'not stale'}"


def _set_words(datasets: Sequence[Dataset]) -> Iterator[str]:
    for dataset in datasets:
        kinds = Counter(image.dtype for image in dataset.images)
        counts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        yield f"set: {dataset.role}, {dataset.kind}, {counts or 'no images'}, {len(dataset.skipped)} left out"


def _write(window: MainWindow, path: Path) -> None:
    words, datasets = tuple(window_words(window)), window.workspace.datasets

    def work() -> None:
        save_diagnostics(path, "\n".join((*words, *_set_words(datasets))) + "\n")

    def on_done(_nothing: object) -> None:
        text = _tr("Wrote {0}.").format(path.name)
        hint = _tr("It holds no images, and was sent nowhere; README.txt in it tells what it holds.")
        show = (_tr("Show in file manager"), partial(reveal, path))
        window.messages.show_message(BarMessage("diagnostics", text, hint, actions=(show,)))

    def on_failed(why: JobFailure) -> None:
        again = (_tr("Choose another place"), partial(save_diagnostics_of, window))
        window.messages.show_message(BarMessage("diagnostics", why.message, why.hint, "danger", why.details, (again,)))

    window.background.submit(work, on_done, on_failed)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Diagnosing", text)
