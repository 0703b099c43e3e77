"""A long list of neighbours is made by another process, and is the same list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from planetview.core.results import Results
from planetview.gui.apart import IMAGES_IN_A_THREAD, call_beside
from planetview.gui.models.neighbour_export import NeighbourRows, rows_as_tsv, write_list
from planetview.gui.models.neighbour_filter import MarkMasks
from planetview.gui.views import list_export
from planetview.gui.views.list_export import ListExport

from .test_turns_of_large_studies import large_set

MANY = IMAGES_IN_A_THREAD + 1


@pytest.fixture
def rows(results: Results) -> NeighbourRows:
    """Return a list of as many images as another process is asked for."""
    large = large_set(results, MANY)
    flags = np.arange(MANY) % 2 == 0
    marks = MarkMasks(flags, ~flags, np.zeros(MANY, np.uint8))
    return NeighbourRows(large, "gan_v1", np.arange(MANY)[::-1], marks, flags, "1.2.3")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Return what is asked to be done beside the window: for how many images, and by what."""
    found: list[tuple[int, str]] = []

    def noted(images: int, work: Callable[..., object], *arguments: object) -> object:
        found.append((images, work.__name__))
        return call_beside(images, work, *arguments)

    monkeypatch.setattr(list_export, "call_beside", noted)
    return found


@pytest.mark.parametrize("name", ["list.csv", "list.json"])
def test_a_long_list_is_written_beside_the_window_as_it_would_be_here(
    name: str, rows: NeighbourRows, asked: list[tuple[int, str]], tmp_path: Path, qtbot: QtBot
) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    export = ListExport(page)
    write_list(rows, tmp_path / f"here-{name}")

    with qtbot.waitSignal(export.notice, check_params_cb=lambda words: words.startswith("Wrote 4,001"), timeout=60_000):
        export.write(rows, tmp_path / name)

    assert asked == [(MANY, "write_list")]
    assert (tmp_path / name).read_bytes() == (tmp_path / f"here-{name}").read_bytes()


def test_a_long_list_reaches_the_clipboard_whole(
    rows: NeighbourRows, asked: list[tuple[int, str]], qtbot: QtBot
) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    export = ListExport(page)

    with qtbot.waitSignal(
        export.notice, check_params_cb=lambda words: words.startswith("Copied the list"), timeout=60_000
    ):
        export.copy(rows)

    assert asked == [(MANY, "list_as_tsv")]
    assert QGuiApplication.clipboard().mimeData().data("text/plain").data() == rows_as_tsv(rows)


def test_a_place_that_cannot_be_written_is_said_by_the_other_process_too(
    rows: NeighbourRows, tmp_path: Path, qtbot: QtBot
) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    export = ListExport(page)
    (tmp_path / "file").write_text("")

    with qtbot.waitSignal(export.notice, check_params_cb=lambda words: "Cannot write" in words, timeout=60_000):
        export.write(rows, tmp_path / "file" / "list.csv")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "samples"]
