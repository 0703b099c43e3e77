"""The quick look at a source before it is taken in: the same facts as a scan, from a few images, never a surprise."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.datasets import SourceKind
from planetview.core.scanning import scan
from planetview.core.set_preview import PICTURE_EDGE, PICTURES, SAMPLE, SetPreview, look_at
from tests.samples import write_tiles


def looked(path: Path) -> SetPreview:
    """Return what a look tells at its end."""
    told: list[SetPreview] = []
    look_at(path, lambda: None, told.append)
    assert [preview.is_done for preview in told].count(True) == 1
    assert told[-1].is_done
    return told[-1]


def write_deep(path: Path, bands: int = 1) -> None:
    samples = np.arange(40 * 30, dtype=np.uint16).reshape(30, 40) * 9
    place = rasterio.Affine(5.0, 0.0, 0.0, 0.0, -5.0, 0.0)
    with rasterio.open(
        path, "w", driver="GTiff", width=40, height=30, count=bands, dtype="uint16", transform=place
    ) as raster:
        for band in range(bands):
            raster.write(samples, band + 1)


def test_a_look_tells_what_the_scan_will_find(tmp_path: Path) -> None:
    write_tiles(tmp_path / "crater", 20, 1)
    write_tiles(tmp_path / "dune", 10, 2, side=64)

    found, scanned = looked(tmp_path), scan(tmp_path)

    assert (found.kind, found.images, found.sampled) == (SourceKind.FOLDER, 30, 30)
    assert found.sizes == scanned.sizes
    assert found.dtypes == scanned.dtypes
    assert found.labels == scanned.labels == {"crater": 20, "dune": 10}
    assert (found.formats, found.bands) == ({"PNG": 30}, {1: 30})
    assert found.problem == ""


def test_of_many_images_few_are_looked_into_and_all_are_counted(tmp_path: Path) -> None:
    write_tiles(tmp_path, 1, 3)
    data = (tmp_path / "tile_0000.png").read_bytes()
    for number in range(1, 2000):
        (tmp_path / f"tile_{number:04d}.png").write_bytes(data)

    found = looked(tmp_path)

    assert (found.images, found.sampled, len(found.pictures)) == (2000, SAMPLE, PICTURES)
    numbers = sorted(int(picture.name[5:9]) for picture in found.pictures)
    assert numbers[-1] - numbers[0] > 1000


def test_deep_images_and_bands_are_told(tmp_path: Path) -> None:
    write_deep(tmp_path / "grey.tif")
    write_deep(tmp_path / "colour.tif", bands=3)

    found = looked(tmp_path)

    assert found.dtypes == {"uint16": 2}
    assert found.bands == {1: 1, 3: 1}
    assert found.formats == {"TIFF": 2}
    assert all(picture.pixels.dtype == np.uint8 and max(picture.pixels.shape) <= 40 for picture in found.pictures)


def test_pictures_are_small(tmp_path: Path) -> None:
    Image.new("RGB", (900, 300), (10, 20, 30)).save(tmp_path / "wide.png")

    (picture,) = looked(tmp_path).pictures

    assert picture.pixels.shape == (43, PICTURE_EDGE, 3)
    assert tuple(picture.pixels[0, 0]) == (10, 20, 30)


def test_what_is_left_out_is_told_with_the_reason(tmp_path: Path) -> None:
    write_tiles(tmp_path, 3, 4)
    (tmp_path / "tile_0000.png").rename(tmp_path / "renamed.dat")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "scene.img").write_bytes(b"PDS_VERSION_ID = PDS3\r\n")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "tile_0001.png").read_bytes()[:200])

    found = looked(tmp_path)

    words = "\n".join(found.ignored)
    assert "1 file looks like an image but is not named as one (.dat)" in words
    assert "1 file of other formats (1 .img)" in words
    assert "1 file beside the images (1 .txt)" in words
    assert "1 image (first: gone.png): not there, or a broken link" in words
    assert [item.name for item in found.damaged] == ["cut.png"]
    assert "truncated" in found.damaged[0].reason


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("nothing", None, "holds no images"),
        ("gone", b"", "does not exist"),
        ("paper.pdf", b"%PDF-1.7 text", "neither a folder, a zip nor a list"),
        ("broken.zip", b"PK\x03\x04 no zip", "not a readable zip"),
    ],
)
def test_a_wrong_source_says_why(tmp_path: Path, name: str, data: bytes | None, why: str) -> None:
    if data is None:
        (tmp_path / name).mkdir()
        (tmp_path / name / "table.xyz").write_bytes(b"abc")
    elif data:
        (tmp_path / name).write_bytes(data)

    found = looked(tmp_path / name)

    assert why in found.problem
    assert found.hint
    assert found.images == 0


def test_a_folder_of_scrambled_images_cannot_be_taken_in(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(b"not a picture")

    assert "None of the 3 images" in looked(tmp_path).problem


def test_a_zip_and_a_list_are_looked_at_in_place(tmp_path: Path) -> None:
    write_tiles(tmp_path / "tiles", 6, 5)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted((tmp_path / "tiles").iterdir()):
            archive.write(path, f"class/{path.name}")
    (tmp_path / "set.txt").write_text("tiles/tile_0000.png\ntiles/tile_0003.png\n")

    zipped, listed = looked(tmp_path / "set.zip"), looked(tmp_path / "set.txt")

    assert (zipped.kind, zipped.images, zipped.sizes, zipped.labels) == (SourceKind.ZIP, 6, {(48, 48): 6}, {"class": 6})
    assert (listed.kind, listed.images, len(listed.pictures)) == (SourceKind.LIST, 2, 2)


def test_a_folder_of_sets_is_recognised_by_the_names_in_it(tmp_path: Path) -> None:
    for name in ("real_train", "real_test", "gan_v1"):
        write_tiles(tmp_path / "study" / name, 2, 6)
    for name in ("crater", "dune"):
        write_tiles(tmp_path / "classes" / name, 2, 7)

    assert [folder.name for folder in looked(tmp_path / "study").folders] == ["gan_v1", "real_test", "real_train"]
    assert looked(tmp_path / "classes").folders == ()


def test_a_look_stops_when_it_is_cancelled(tmp_path: Path) -> None:
    write_tiles(tmp_path, 8, 8)
    token, told = CancelToken(), []

    def tell(preview: SetPreview) -> None:
        told.append(preview)
        token.cancel()

    with pytest.raises(Cancelled):
        look_at(tmp_path, token.check, tell)
    assert not told[-1].is_done
