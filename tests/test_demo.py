"""The demo shows what it claims, with the lunar maps and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from planetview import demo
from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.datasets import Role
from planetview.core.errors import UserError


def pixels(folder: Path) -> list[np.ndarray]:
    tiles = []
    for path in sorted(folder.glob("*.png")):
        with Image.open(path) as image:
            tiles.append(np.asarray(image))
    return tiles


def small(tiles: list[np.ndarray]) -> np.ndarray:
    """Return tiles as unit vectors of 16 × 16 px, blind to brightness and contrast."""
    flat = np.array([np.asarray(Image.fromarray(tile).resize((16, 16))).ravel() for tile in tiles], dtype=float)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)


@pytest.fixture(scope="module", params=["moon", "terrain"])
def sets(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[np.ndarray]]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "terrain":
            patch.setattr(demo, "lunar_maps", lambda: None)
            patch.setattr(demo, "_COUNT_TERRAIN", 24)
        elif demo.lunar_maps() is None:
            pytest.skip("the lunar-toolkit package is not installed")
        targets = demo.prepare_demo(tmp_path_factory.mktemp("demo"))
    assert [target.role for target in targets] == [Role.REFERENCE, Role.HELD_OUT, *[Role.CANDIDATE] * 4]
    return {target.name or "": pixels(target.path) for target in targets}


def test_every_set_holds_grey_tiles_of_one_size(sets: dict[str, list[np.ndarray]]) -> None:
    for name, tiles in sets.items():
        assert len(tiles) >= 24, name
        assert {tile.shape for tile in tiles} == {(128, 128)}
        assert np.mean([tile.std() for tile in tiles]) > 3


def test_reference_and_held_out_share_no_tile(sets: dict[str, list[np.ndarray]]) -> None:
    train, test = ({tile.tobytes() for tile in sets[name]} for name in ("real_train", "real_test"))

    assert not train & test


def test_blur_takes_detail_away(sets: dict[str, list[np.ndarray]]) -> None:
    def detail(tiles: list[np.ndarray]) -> float:
        return float(np.mean([np.abs(np.diff(tile.astype(float), axis=1)).mean() for tile in tiles]))

    assert detail(sets["blurred"]) < 0.6 * detail(sets["real_test"])


def test_few_modes_are_few(sets: dict[str, list[np.ndarray]]) -> None:
    vectors = small(sets["few_modes"])

    again = (vectors[:12] * vectors[12:24]).sum(axis=1)

    assert np.median(again) > 0.8
    assert np.median((vectors[:11] * vectors[1:12]).sum(axis=1)) < 0.4


def test_near_copies_are_close_to_some_reference_tile(sets: dict[str, list[np.ndarray]]) -> None:
    reference = small([*sets["real_train"], *[tile[:, ::-1] for tile in sets["real_train"]]])
    best = (small(sets["near_copies"]) @ reference.T).max(axis=1)

    assert np.median(best) > 0.9


def test_a_ready_demo_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "lunar_maps", lambda: None)
    monkeypatch.setattr(demo, "_COUNT_TERRAIN", 14)
    first = demo.prepare_demo(tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in first[0].path.iterdir()}

    assert demo.prepare_demo(tmp_path) == first
    assert {path: path.stat().st_mtime_ns for path in first[0].path.iterdir()} == stamps


def test_a_cancelled_demo_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "lunar_maps", lambda: None)
    token = CancelToken()
    token.cancel()

    with pytest.raises(Cancelled):
        demo.prepare_demo(tmp_path / "d", token.check)

    assert list((tmp_path / "d").iterdir()) == []


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")

    with pytest.raises(UserError, match="Cannot write"):
        demo.prepare_demo(blocker / "demo")
