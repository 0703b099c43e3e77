"""Sampling to a folder: the pictures of their seeds, whole files, and a folder that can be gone on with."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from planetview.core.cancel import Cancelled
from planetview.core.datasets import Role
from planetview.core.errors import UserError
from planetview.core.generation import SampleResult
from planetview.core.messages import SampleRequest
from planetview.core.scanning import scan
from planetview.engine.generators.adapter import Generator
from planetview.engine.generators.flat import tree_of
from planetview.engine.generators.sampling import to_bytes, write_samples
from planetview.engine.generators.style_generator import StyleGenerator, style_generator
from tests.engine.generators.linear import LinearGenerator
from tests.engine.generators.networks import stylegan2
from tests.engine.generators.pickles import golden_network


def opened(**options: Any) -> StyleGenerator:
    return style_generator(tree_of(*stylegan2(**options)), Path("x.pkl"), "0" * 64, "test", check=lambda: None)


def write(
    generator: Generator, folder: Path, count: int = 5, check: Callable[[], None] = lambda: None, **options: Any
) -> SampleResult:
    request = SampleRequest(Path("x.pkl"), count, folder, **options)
    return write_samples(generator, request, lambda done, made: None, check)


def pixels(folder: Path) -> dict[str, np.ndarray]:
    return {path.name: np.asarray(Image.open(path)) for path in sorted(folder.glob("*.png"))}


def test_a_picture_is_that_of_its_seed_with_the_noise_of_the_file(tmp_path: Path) -> None:
    generator = opened()
    result = write(generator, tmp_path, 3, first_seed=85, noise="const", truncation=0.7, cutoff=2)
    assert (result.count, result.skipped) == (3, 0)
    assert list(pixels(tmp_path)) == ["seed000085.png", "seed000086.png", "seed000087.png"]
    for seed in (85, 87):
        z = torch.from_numpy(np.random.RandomState(seed).randn(1, 6)).float()
        expected = to_bytes(generator.generate(z, None, 0.7, "const", 2))[0]
        written = pixels(tmp_path)[f"seed{seed:06d}.png"].astype(int)
        assert np.abs(written - expected).max() <= 1
    assert any("vary less" in note for note in result.notes)


def test_a_golden_network_gives_the_published_pictures(tmp_path: Path, shared_data: Path) -> None:
    path = shared_data / "golden" / "sg2_gray_clamp1.npz"
    if not path.is_file():
        pytest.skip("the reference images (../shared/data/golden) are not on this machine")
    generator = style_generator(tree_of(*golden_network(path)), path, "0" * 64, "test", check=lambda: None)
    with np.load(path) as stored:
        z, images = torch.from_numpy(stored["out/z"]), stored["out/img"]
    expected = np.floor(np.clip(images * 127.5 + 128, 0, 255))[:, 0]
    ours = to_bytes(generator.generate(z))[..., 0].astype(int)
    assert np.abs(ours - expected).max() <= 1
    assert (ours == expected).mean() > 0.999
    write(generator, tmp_path, 2)
    assert {image.ndim for image in pixels(tmp_path).values()} == {2}


def test_bytes_are_cut_off_downwards_and_limited() -> None:
    image = torch.tensor([-9.0, -1.0, -0.9999, 0.0, 0.0078, 0.9999, 1.0, 9.0]).reshape(1, 1, 2, 4)
    assert to_bytes(image).ravel().tolist() == [0, 0, 0, 128, 128, 255, 255, 255]


def test_random_noise_differs_between_images_and_repeats_with_the_seed(tmp_path: Path) -> None:
    generator = opened()
    write(generator, tmp_path / "a", 5)
    write(generator, tmp_path / "b", 2, first_seed=3)
    write(generator, tmp_path / "c", 5, noise="const")
    a, b, c = (pixels(tmp_path / name) for name in "abc")
    for name, image in b.items():
        assert np.abs(a[name].astype(int) - image).max() <= 1
    assert all(np.abs(a[name].astype(int) - c[name]).max() > 3 for name in a)


def test_a_cancelled_folder_is_gone_on_with_and_ends_the_same(tmp_path: Path) -> None:
    generator = opened(c_dim=2)
    write(generator, tmp_path / "whole", 7)
    calls = []

    def check() -> None:
        calls.append(None)
        if len(calls) == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        write(generator, tmp_path / "cut", 7, check=check)
    left = len(pixels(tmp_path / "cut"))
    assert 0 < left < 7
    assert not list((tmp_path / "cut").glob(".*"))
    result = write(generator, tmp_path / "cut", 7)
    assert (result.count, result.skipped) == (7, left)
    whole, cut = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("whole", "cut"))
    assert whole == cut


def test_a_finished_folder_can_grow_and_is_left_alone_otherwise(tmp_path: Path) -> None:
    generator = LinearGenerator(c_dim=2)
    write(generator, tmp_path, 4)
    made = generator.images_made
    assert write(generator, tmp_path, 4).skipped == 4
    assert generator.images_made == made
    assert write(generator, tmp_path, 6).skipped == 4
    assert write(generator, tmp_path, 2).skipped == 2
    assert json.loads((tmp_path / "generation.json").read_text())["images"] == 6
    assert len(json.loads((tmp_path / "dataset.json").read_text())["labels"]) == 6


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"first_seed": 1}, "first seed"),
        ({"truncation": 0.5}, "truncation"),
        ({"noise": "const"}, "noise"),
        ({"class_index": 1}, "classes"),
    ],
)
def test_images_made_otherwise_are_not_mixed_in(tmp_path: Path, change: dict[str, Any], word: str) -> None:
    generator = LinearGenerator(c_dim=2, truncation=True, noise="controllable")
    write(generator, tmp_path, 2)
    with pytest.raises(UserError, match=rf"made otherwise \({word}\)"):
        write(generator, tmp_path, 3, **change)
    assert len(pixels(tmp_path)) == 2


def test_a_folder_of_another_generator_or_of_other_files_is_refused(tmp_path: Path) -> None:
    write(LinearGenerator(), tmp_path / "a", 1)
    with pytest.raises(UserError, match=r"made otherwise \(generator\)"):
        write(LinearGenerator(sha256="cd" * 32), tmp_path / "a", 2)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "holiday.jpg").touch()
    with pytest.raises(UserError, match=r"other files, 'holiday\.jpg'"):
        write(LinearGenerator(), tmp_path / "b", 1)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "generation.json").write_text("[]")
    with pytest.raises(UserError, match="cannot be read"):
        write(LinearGenerator(), tmp_path / "c", 1)
    with pytest.raises(UserError):
        write(LinearGenerator(), tmp_path / "b" / "holiday.jpg", 1)


def test_classes_are_fixed_or_drawn_as_the_training_set_has_them(tmp_path: Path) -> None:
    generator = LinearGenerator(side=8, c_dim=3)

    def classes(name: str, **options: Any) -> list[int]:
        write(generator, tmp_path / name, 80, **options)
        labels = json.loads((tmp_path / name / "dataset.json").read_text())["labels"]
        assert [file for file, _ in labels] == sorted(path.name for path in (tmp_path / name).glob("*.png"))
        return [label for _, label in labels]

    assert set(classes("fixed", class_index=2)) == {2}
    assert set(classes("one count", class_counts=(4,))) == {0}
    shares = np.bincount(classes("counts", class_counts=(1, 0, 3)), minlength=3) / 80
    assert shares == pytest.approx([0.25, 0, 0.75], abs=0.15)
    assert np.bincount(classes("evenly"), minlength=3) / 80 == pytest.approx([1 / 3] * 3, abs=0.15)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"count": 0}, "Cannot make 0 images"),
        ({"first_seed": -1}, "seed"),
        ({"first_seed": 2**32 - 2}, "seed"),
        ({"truncation": float("nan")}, "truncation"),
        ({"truncation": 0.5}, "mean style"),
        ({"cutoff": 9}, "cutoff is 9"),
        ({"class_index": 0}, "knows no classes"),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is_written(
    tmp_path: Path, options: dict[str, Any], word: str
) -> None:
    with pytest.raises(UserError, match=word):
        write(LinearGenerator(), tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()


def test_labels_of_another_set_and_generators_with_a_problem_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="4 classes and this generator knows 3"):
        write(LinearGenerator(c_dim=3), tmp_path, class_counts=(1, 2, 0, 5))
    with pytest.raises(UserError, match="no class 3"):
        write(LinearGenerator(c_dim=3), tmp_path, class_index=3)
    with pytest.raises(UserError, match="It is broken"):
        write(LinearGenerator(sampling_problem="It is broken."), tmp_path)
    with pytest.raises(UserError, match="not finite"):
        write(LinearGenerator(rounded=lambda image: image / 0), tmp_path)


def test_a_full_disk_is_told_and_leaves_whole_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync, calls = os.fsync, []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, "full")
        sync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="no space left") as caught:
        write(LinearGenerator(), tmp_path)
    assert caught.value.exit_code == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["generation.json", "seed000000.png", "seed000001.png"]
    monkeypatch.undo()
    assert write(LinearGenerator(), tmp_path).skipped == 2


def test_the_folder_can_be_judged_as_a_candidate(tmp_path: Path) -> None:
    write(LinearGenerator(), tmp_path, 3)
    dataset = scan(tmp_path, name="gan", role=Role.CANDIDATE)
    assert [image.name for image in dataset.images] == [f"seed{i:06d}.png" for i in range(3)]
    assert not dataset.skipped


def test_what_the_images_were_made_with_is_written_beside_them(tmp_path: Path) -> None:
    write(opened(), tmp_path, 2, truncation=0.5)
    settings = json.loads((tmp_path / "generation.json").read_text())
    assert settings["sha256"] == "0" * 64
    assert (settings["truncation"], settings["cutoff"], settings["noise"]) == (0.5, None, "random")
    assert (settings["first seed"], settings["images"]) == (0, 2)
    assert settings["versions"]["numpy"] == np.__version__
