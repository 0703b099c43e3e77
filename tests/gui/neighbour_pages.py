"""The neighbours page alone around results of one's own, and a person's hands on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from planetview.core.results import Results
from planetview.core.selection import SelectionState
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.neighbours import NeighboursPage
from planetview.gui.workspace import Workspace


@pytest.fixture
def make_page(qtbot: QtBot, theme: Theme) -> Iterator[Callable[[Results], NeighboursPage]]:
    caches = []

    def make(results: Results) -> NeighboursPage:
        workspace, thumbs = Workspace(), ThumbnailCache()
        workspace.add(results.datasets)
        caches.append(thumbs)
        selection = SelectionState({dataset.name: len(dataset) for dataset in results.datasets})
        page = NeighboursPage(selection, theme, thumbs, workspace=workspace)
        workspace.setParent(page)
        page.selection, page.workspace = selection, workspace
        qtbot.addWidget(page)
        page.resize(1280, 800)
        page.show_results(results)
        page.show()
        qtbot.waitUntil(lambda: selection.current is not None and page._reading.is_done, timeout=20_000)
        return page

    yield make
    for cache in caches:
        cache.shutdown()


def pick(box: QComboBox, data: object) -> None:
    """Choose an entry of a list as a person would."""
    position = box.findData(data)
    assert position >= 0, f"{data!r} is not offered"
    box.setCurrentIndex(position)
    box.activated.emit(position)


def shown(page: NeighboursPage) -> list[int]:
    return page._model.order.tolist()
