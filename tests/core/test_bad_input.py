"""What a person gets for each kind of bad input: a reason in words, and the other images all the same."""

from __future__ import annotations

import io
import os
import re
import struct
import sys
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from planetview.core import archives
from planetview.core.datasets import Dataset, ImageRecord
from planetview.core.errors import ImageProblem, UserError
from planetview.core.readers import load_rgb8, read_native
from planetview.core.scanning import scan
from planetview.core.stretch import ResolvedStretch, Stretch, StretchKind

Tiles = Callable[..., Path]
AS_STORED = ResolvedStretch(Stretch())
POSIX = pytest.mark.skipif(os.name == "nt", reason="needs pipes and links, which Windows guards")


@pytest.fixture
def folder(tiles: Tiles) -> Path:
    """A folder with two good images; each test adds a bad one."""
    return tiles(2, 16)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def noise(size: int = 64, mode: str = "L") -> Image.Image:
    levels = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    return Image.fromarray(levels).convert(mode)


def float_tiff(samples: np.ndarray) -> bytes:
    with warnings.catch_warnings(), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        height, width = samples.shape
        with memory.open(driver="GTiff", height=height, width=width, count=1, dtype="float32") as out:
            out.write(samples[None])
        return bytes(memory.read())


def reasons(dataset: Dataset) -> dict[str, str]:
    return {image.name: image.reason for image in dataset.skipped}


def record(dataset: Dataset, name: str) -> ImageRecord:
    return next(image for image in dataset.images if image.name == name)


def test_1_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no images") as caught:
        scan(tmp_path / "empty")
    assert caught.value.exit_code == 3
    assert "PNG" in caught.value.hint


def test_1_a_folder_of_other_things_says_what_it_saw(tmp_path: Path) -> None:
    for name in ("a.fits", "b.fits", "c.cub"):
        (tmp_path / name).write_bytes(b"SIMPLE  =")
    with pytest.raises(UserError, match=r"2 \.fits, 1 \.cub"):
        scan(tmp_path)
    (tmp_path / "table.xlsx").write_bytes(b"PK")
    (tmp_path / "label.xml").write_bytes(b"<a/>")
    with pytest.raises(UserError, match=r"2 \.fits, 1 \.cub, 1 \.xlsx, 1 \.xml"):
        scan(tmp_path)


def test_2_one_image_is_a_dataset(tiles: Tiles) -> None:
    dataset = scan(tiles(1, 16))
    assert len(dataset) == 1
    assert dataset.skipped == ()
    assert dataset.notes == ()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WebP", "BMP", "TIFF", "JPEG2000"])
def test_3_truncated_images_are_found_though_their_headers_are_whole(folder: Path, format: str) -> None:
    data = encoded(noise(), format)
    (folder / "cut.png").write_bytes(data[: len(data) // 2])
    dataset = scan(folder)
    assert len(dataset) == 2
    assert re.match(r"(PNG|JPEG|WebP|BMP|TIFF|JPEG 2000) (cut short|damaged): ", reasons(dataset)["cut.png"])


@pytest.mark.parametrize("bits", [8, 16])
def test_3_a_damaged_png_is_told_in_plain_words_before_those_of_the_decoder(folder: Path, bits: int) -> None:
    """The raw words alone ("libpng: IDAT: incorrect data check") mean nothing to who looks for a bad disk."""
    deep = Image.fromarray(np.asarray(noise(), np.uint16) * 257)
    data = encoded(noise() if bits == 8 else deep, "PNG")
    middle = len(data) // 2
    flipped = bytes(byte ^ 0x5A for byte in data[middle : middle + 30])
    (folder / "cut.png").write_bytes(data[:middle])
    (folder / "flipped.png").write_bytes(data[:middle] + flipped + data[middle + 30 :])
    found = reasons(scan(folder))
    assert found["cut.png"].startswith("PNG cut short: the file ends before its image does (")
    assert found["flipped.png"].startswith("PNG damaged: its pixels cannot be decoded (")
    assert "IReadBlock" not in "".join(found.values())


def test_3_only_truncated_images(tmp_path: Path) -> None:
    for i in range(5):
        (tmp_path / f"{i}.jpg").write_bytes(encoded(noise(), "JPEG")[:900])
    with pytest.raises(UserError, match=r"None of the 5 .*: 0\.jpg: .*; 1\.jpg: .* 2 more") as caught:
        scan(tmp_path)
    assert caught.value.exit_code == 3


def test_4_zero_bytes(folder: Path) -> None:
    (folder / "void.png").touch()
    assert reasons(scan(folder)) == {"void.png": "zero bytes"}


def test_5_a_wrong_extension_is_read_by_what_the_file_holds(folder: Path) -> None:
    (folder / "photo.jpg").write_bytes(encoded(noise(), "PNG"))
    dataset = scan(folder)
    assert record(dataset, "photo.jpg").width == 64
    assert dataset.notes == ("1 image (first: photo.jpg): named .jpg but holds PNG: read as PNG",)


def test_5_a_web_page_named_as_an_image(folder: Path) -> None:
    (folder / "page.jpg").write_text("<html>404 not found</html>" * 4)
    assert "not an image read here" in reasons(scan(folder))["page.jpg"]


def test_6_16_bit_images_are_kept_and_ask_for_a_stretch(folder: Path) -> None:
    Image.fromarray(np.arange(256, dtype=np.uint16).reshape(16, 16) * 200).save(folder / "deep.png")
    dataset = scan(folder)
    deep = record(dataset, "deep.png")
    assert deep.dtype == "uint16"
    with pytest.raises(ImageProblem, match="16-bit samples need a stretch"):
        load_rgb8(deep, AS_STORED)
    assert len(np.unique(load_rgb8(deep, ResolvedStretch(Stretch(StretchKind.IMAGE_PERCENTILE, 0, 100))))) == 256


def test_7_floats_with_nan_are_kept_and_the_holes_noted(folder: Path) -> None:
    heights = np.linspace(-4000, 3000, 64, dtype=np.float32).reshape(8, 8)
    heights[0, 0] = np.nan
    (folder / "dem.tif").write_bytes(float_tiff(heights))
    (folder / "hole.tif").write_bytes(float_tiff(np.full((8, 8), np.nan, np.float32)))
    dataset = scan(folder)
    assert record(dataset, "dem.tif").dtype == "float32"
    assert "without data" in dataset.notes[0]
    assert reasons(dataset) == {"hole.tif": "no valid pixel: all are NaN, no-data or transparent"}


def test_8_alpha_is_dropped_and_transparent_pixels_are_black(folder: Path) -> None:
    pixels = np.full((4, 4, 4), 250, np.uint8)
    pixels[0, :, 3] = 0
    Image.fromarray(pixels).save(folder / "alpha.png")
    rgb = load_rgb8(record(scan(folder), "alpha.png"), AS_STORED)
    np.testing.assert_array_equal(rgb[:, 0, 0], [0, 250, 250, 250])


def test_9_palettes_become_their_colours(folder: Path) -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    image.save(folder / "palette.png")
    found = record(scan(folder), "palette.png")
    assert found.bands == 1
    np.testing.assert_array_equal(load_rgb8(found, AS_STORED)[0, 0], [200, 100, 50])


def test_10_cmyk_becomes_rgb(folder: Path) -> None:
    Image.new("CMYK", (16, 16), (255, 0, 255, 0)).save(folder / "print.jpg")
    red, green, blue = load_rgb8(record(scan(folder), "print.jpg"), AS_STORED)[8, 8].astype(int)
    assert green > 250
    assert max(red, blue) < 5


@pytest.mark.parametrize(("suffix", "format"), [(".gif", "GIF"), (".png", "PNG"), (".webp", "WebP"), (".tif", "TIFF")])
def test_11_of_an_animation_the_first_frame_is_used_and_said(folder: Path, suffix: str, format: str) -> None:
    frames = [Image.new("RGB", (8, 8), (level, level, level)) for level in (30, 90, 200)]
    path = folder / f"moving{suffix}"
    path.write_bytes(encoded(frames[0], format, save_all=True, append_images=frames[1:]))
    dataset = scan(folder)
    assert abs(int(load_rgb8(record(dataset, path.name), AS_STORED)[4, 4, 0]) - 30) <= 2
    assert "first" in dataset.notes[0]
    assert path.name in dataset.notes[0]


def test_12_one_pixel_is_an_image(folder: Path) -> None:
    Image.new("L", (1, 1), 77).save(folder / "dot.png")
    assert load_rgb8(record(scan(folder), "dot.png"), AS_STORED).tolist() == [[[77, 77, 77]]]


def test_13_a_strip_of_30000_by_10_pixels(folder: Path) -> None:
    Image.new("L", (30_000, 10), 5).save(folder / "strip.png")
    assert load_rgb8(record(scan(folder), "strip.png"), AS_STORED).shape == (10, 30_000, 3)


def png_claiming(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes whose header claims any size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("width", [20_001, 60_000, 2_000_000_000])
def test_13_more_pixels_than_the_limit_are_refused_before_decoding(folder: Path, width: int) -> None:
    (folder / "bomb.png").write_bytes(png_claiming(width, 10_000))
    assert "at most 200 Mpx" in reasons(scan(folder))["bomb.png"]


def test_13_a_large_image_below_the_limit_raises_no_warning_of_pillows() -> None:
    # 100 Mpx: Image.open would warn, and warnings are errors in this suite.
    with pytest.raises(ImageProblem, match="truncated"):
        read_native(png_claiming(10_000, 10_000))


@POSIX
def test_14_things_that_cannot_be_opened(folder: Path, tmp_path: Path) -> None:
    (folder / "link.png").symlink_to(tmp_path / "gone.png")
    (folder / "circle.png").symlink_to(folder / "circle.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "dir.png").mkdir()
    dataset = scan(folder)
    assert len(dataset) == 2
    found = reasons(dataset)
    assert found["link.png"] == "not there, or a broken link"
    assert found["pipe.png"] == "not a regular file"
    assert found["circle.png"].startswith("cannot be read")
    assert set(found) == {"link.png", "pipe.png", "circle.png"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_14_missing_permission(folder: Path) -> None:
    (folder / "tile_0000.png").chmod(0)
    assert reasons(scan(folder)) == {"tile_0000.png": "permission denied"}


def test_14_missing_permission_as_the_system_reports_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root reads everything, so the answer of the system is put in its place.
    real = Path.read_bytes

    def guarded(path: Path) -> bytes:
        if path.name == "tile_0000.png":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", guarded)
    assert reasons(scan(folder)) == {"tile_0000.png": "permission denied"}


def zip_of(path: Path, members: list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.simplefilter("ignore", UserWarning)
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return path


@pytest.mark.parametrize(
    "name", ["../out.png", "a/../../out.png", "/etc/out.png", "C:/out.png", "..\\out.png", "C:out.png"]
)
def test_15_zip_names_that_lead_outside_are_refused(tmp_path: Path, name: str) -> None:
    data = encoded(noise(), "PNG")
    dataset = scan(zip_of(tmp_path / "evil.zip", [("good.png", data), (name, data)]))
    assert [image.name for image in dataset.images] == ["good.png"]
    assert [image.reason for image in dataset.skipped] == ["refused: its name leads outside the zip"]


def test_15_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "set.zip", [("a.png", encoded(noise(), "PNG")), ("b.png", encoded(noise(16), "PNG"))])
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    path.write_bytes(data)
    assert reasons(scan(path)) == {"a.png": "encrypted: unpack the zip with its password first"}


def test_15_members_that_unpack_beyond_measure_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "RATIO_FREE_BYTES", 100_000)
    bomb, rich = encoded(noise(8), "PNG") + bytes(400_000), encoded(noise(400), "PNG")
    path = zip_of(tmp_path / "set.zip", [("bomb.png", bomb), ("rich.png", rich)], zipfile.ZIP_DEFLATED)
    dataset = scan(path)
    assert [image.name for image in dataset.images] == ["rich.png"]
    assert "would unpack to 400," in reasons(dataset)["bomb.png"]


def test_15_members_above_the_size_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zip_of(tmp_path / "set.zip", [("a.png", encoded(noise(8), "PNG")), ("b.png", encoded(noise(), "PNG"))])
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 1000)
    assert "at most 1,000" in reasons(scan(path))["b.png"]


def test_16_broken_zips_are_explained(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "set.zip", [("a.png", encoded(noise(), "PNG"))])
    path.write_bytes(path.read_bytes()[:-200])
    for broken in (path, tmp_path / "not.zip"):
        if not broken.exists():
            broken.write_bytes(b"<html>")
        with pytest.raises(UserError, match="not a readable zip") as caught:
            scan(broken)
        assert caught.value.exit_code == 3


def test_16_a_damaged_member_is_one_bad_image(tmp_path: Path) -> None:
    members = [("a.png", encoded(noise(), "PNG")), ("b.png", encoded(noise(32), "PNG"))]
    path = zip_of(tmp_path / "set.zip", members)
    data = bytearray(path.read_bytes())
    data[200] ^= 0xFF
    path.write_bytes(data)
    dataset = scan(path)
    assert [image.name for image in dataset.images] == ["b.png"]
    assert "cannot be unpacked" in reasons(dataset)["a.png"]


def test_17_a_list_that_names_one_file_twice(folder: Path) -> None:
    (folder / "list.txt").write_text("tile_0000.png\n./tile_0000.png\ntile_0001.png\n../tiles-0/tile_0001.png\n")
    dataset = scan(folder / "list.txt")
    assert len(dataset) == 2
    assert set(reasons(dataset).values()) == {"listed twice: used once"}


def test_17_a_zip_that_holds_one_name_twice_gives_the_last_as_unzip_would(tmp_path: Path) -> None:
    old, new = encoded(noise(8), "PNG"), encoded(noise(24), "PNG")
    dataset = scan(zip_of(tmp_path / "set.zip", [("a.png", old), ("a.png", new)]))
    assert [(image.name, image.width) for image in dataset.images] == [("a.png", 24)]
    assert "occurs again" in reasons(dataset)["a.png"]
    assert load_rgb8(dataset.images[0], AS_STORED).shape == (24, 24, 3)


@pytest.mark.parametrize(
    "name", ["火星の砂丘.png", "فوهة.png", "🪐 dunes.png", 'a\'b "c" %s\n.png', "x" * 200 + ".png"]
)
def test_18_names_in_any_script(tmp_path: Path, tiles: Tiles, name: str) -> None:
    if os.name == "nt" and ("\n" in name or '"' in name):
        pytest.skip("Windows allows no such name")
    source = tiles(1, 8)
    (source / "tile_0000.png").rename(source / name)
    dataset = scan(source)
    assert [unicodedata.normalize("NFC", image.name) for image in dataset.images] == [name]
    assert load_rgb8(dataset.images[0], AS_STORED).shape == (8, 8, 3)
    if "\n" not in name:
        (source / "list.txt").write_text(name, encoding="utf-8")
        assert len(scan(source / "list.txt")) == 1
    packed = zip_of(tmp_path / "set.zip", [(name, (source / name).read_bytes())])
    assert len(scan(packed)) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux file systems keep names that are not text")
def test_18_names_that_are_no_text_at_all_are_read_and_can_be_printed(folder: Path) -> None:
    (folder / "tile_0000.png").rename(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.png"))
    (folder / os.fsdecode(b"\x80bad.png")).touch()
    dataset = scan(folder)
    odd = next(image for image in dataset.images if image.name.startswith("\\"))
    assert odd.name == "\\xff\\xfe.png"
    assert load_rgb8(odd, AS_STORED).shape == (16, 16, 3)
    for text in (*reasons(dataset), *reasons(dataset).values(), *dataset.notes, dataset.name, odd.name):
        text.encode("utf-8")


@pytest.mark.parametrize("attack", ["tiff with endless directories", "bmp of negative size", "text"])
def test_hostile_headers_end_as_reasons(folder: Path, attack: str) -> None:
    data = {
        "tiff with endless directories": b"II*\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00",
        "bmp of negative size": b"BM" + bytes(12) + struct.pack("<IiiHHIIiiII", 40, -5, -5, 1, 24, 0, 0, 0, 0, 0, 0),
        "text": b"BM stands for bitmap",
    }[attack]
    (folder / "x.bmp").write_bytes(data)
    assert "x.bmp" in reasons(scan(folder))
