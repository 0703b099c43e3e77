"""What a file says of itself."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from planetview.core.datasets import ImageRecord
from planetview.core.image_label import image_label, label_text


def record_of(path: Path, side: int, dtype: str) -> ImageRecord:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return ImageRecord(path.name, path, None, "crater", digest, len(data), side, side, 1, dtype)


def test_a_geotiff_tells_its_reference_system_and_tags(tmp_path: Path) -> None:
    import rasterio

    path = tmp_path / "map.tif"
    place = rasterio.Affine(6.0, 0.0, 100.0, 0.0, -6.0, 200.0)
    how = {"driver": "GTiff", "width": 8, "height": 8, "count": 1, "dtype": "uint16", "crs": "EPSG:32633"}
    with rasterio.open(path, "w", transform=place, nodata=7, **how) as raster:
        raster.write(np.arange(64, dtype=np.uint16).reshape(1, 8, 8))
        raster.update_tags(INSTRUMENT="HiRISE")

    facts = dict(image_label(record_of(path, 8, "uint16")))

    assert facts["CRS"] == "EPSG:32633"
    assert facts["Bounds"] == "100, 152 to 148, 200"
    assert facts["Pixel"] == "6 × 6 metre"
    assert facts["No data"] == "7"
    assert facts["tag INSTRUMENT"] == "HiRISE"
    assert facts["Class"] == "crater"
    assert "8 × 8 px" in label_text(list(facts.items()))


def test_a_png_tells_its_texts_without_control_characters(tmp_path: Path) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Software", "PANGU \x1b[31mred")
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.png", pnginfo=texts)

    facts = dict(image_label(record_of(tmp_path / "a.png", 4, "uint8")))

    assert facts["info Software"].startswith("PANGU ")
    assert "\x1b" not in facts["info Software"]
    assert facts["Format"].lower() == "png"
    assert facts["Size"] == "4 × 4 px, 1 band of uint8"


def test_a_damaged_file_still_tells_what_the_scan_knew(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0" + b"\0" * 20)

    facts = dict(image_label(record_of(tmp_path / "a.tif", 4, "uint16")))

    assert facts["Label"].startswith("cannot be read: ")
    assert facts["Name"] == "a.tif"
