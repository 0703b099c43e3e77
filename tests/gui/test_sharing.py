"""Images that sets share are looked for once for each choice of sets, and not at all where the scan has told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from planetview.core.datasets import Dataset, ImageRecord, Role, SharedImages, SourceKind, shared_images
from planetview.gui import sharing
from planetview.gui.background import Background
from planetview.gui.sharing import SharedSearch
from planetview.gui.workspace import Workspace


def images(name: str, digests: str) -> Dataset:
    """Return a set with an image for every letter of `digests`."""
    records = tuple(
        ImageRecord(f"{at}.png", Path(f"/{name}/{at}.png"), None, None, letter * 64, 10, 8, 8, 1, "uint8")
        for at, letter in enumerate(digests)
    )
    return Dataset(name, Role.CANDIDATE, Path(f"/{name}"), SourceKind.FOLDER, records)


@pytest.fixture
def background() -> Iterator[Background]:
    """Return a thread for the search."""
    work = Background("sharing")
    yield work
    work.shutdown()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Return the names of the sets at every search."""
    found: list[tuple[str, ...]] = []

    def noted(datasets: tuple[Dataset, ...]) -> tuple[SharedImages, ...]:
        found.append(tuple(dataset.name for dataset in datasets))
        return shared_images(datasets)

    monkeypatch.setattr(sharing, "shared_images", noted)
    return found


def test_what_a_scan_told_of_all_sets_is_taken_and_only_other_sets_are_searched(
    background: Background, looks: list[tuple[str, ...]], qtbot: QtBot
) -> None:
    workspace = Workspace()
    search = SharedSearch(workspace, background)
    sets = (images("real", "abc"), images("gan", "xby"))

    with qtbot.waitSignal(workspace.shared_changed):
        search.expect(sets, shared_images(sets))
        workspace.add(sets)
    assert workspace.shared == (SharedImages("real", "gan", (("1.png", "1.png"),)),)
    assert looks == []

    later = (images("late", "ca"),)
    with qtbot.waitSignal(workspace.shared_changed):
        search.expect(later, ())
        workspace.add(later)
    assert looks == [("real", "gan", "late")]
    assert [(one.first, one.second) for one in workspace.shared] == [("real", "gan"), ("real", "late")]

    workspace.set_role("late", Role.HELD_OUT)
    qtbot.waitUntil(lambda: not background.is_busy)
    assert len(looks) == 1, "the role of a set changes nothing"


def test_a_scan_of_a_set_that_got_another_name_is_not_taken_for_the_study(
    background: Background, looks: list[tuple[str, ...]], qtbot: QtBot
) -> None:
    workspace = Workspace()
    search = SharedSearch(workspace, background)
    workspace.add((images("gan", "a"),))
    qtbot.waitUntil(lambda: not background.is_busy)
    again = (replace(images("gan", "a"), source=Path("/other")),)

    with qtbot.waitSignal(workspace.shared_changed):
        search.expect(again, ())
        workspace.add(again)

    assert looks[-1] == ("gan", workspace.datasets[1].name)
    assert len(workspace.shared) == 1
