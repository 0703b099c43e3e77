"""What is known about one image file: its record, and what the file itself says of where and how it was taken."""

from __future__ import annotations

import io
import warnings
from typing import Final

from PIL import Image

from planetview.core.datasets import ImageRecord
from planetview.core.decoding import image_format
from planetview.core.file_label import FileLabel, find_label
from planetview.core.formatting import format_bytes, format_count, printable
from planetview.core.readers import read_bytes
from planetview.core.scanning import counted

_MOST_CHARACTERS: Final = 2000
_RASTER: Final = ("TIFF", "JPEG 2000")

Facts = list[tuple[str, str]]


def image_label(record: ImageRecord) -> Facts:
    """Return (name, text) pairs in reading order; what the file says of itself comes after what the scan found.

    Last comes its label where it has one, inside the file or beside it: the main facts, then all of its lines.

    Raises ImageProblem when the file cannot be read at all; metadata that cannot be read are told as such.
    """
    data = read_bytes(record.path, record.member)
    facts = [
        ("Name", record.name),
        ("File", str(record.path)),
        *([("Member", record.member)] if record.member is not None else []),
        ("Class", record.label or "none"),
        ("Size", f"{record.width} × {record.height} px, {counted(record.bands, 'band')} of {record.dtype}"),
        ("Encoded", f"{format_bytes(record.size_bytes)} ({format_count(record.size_bytes)} bytes)"),
        ("SHA-256", record.digest),
    ]
    kind = image_format(data[:64]) or "unknown"
    facts.append(("Format", kind))
    try:
        own = _of_raster(data) if kind in _RASTER else _of_picture(data)
    except Exception as error:  # noqa: BLE001 - a label that is damaged is no reason to show nothing
        own = [("Label", f"cannot be read: {type(error).__name__}: {error}")]
    label = find_label(record.path, record.member)
    told = [] if label is None else _of_label(label)
    shown = [(name, printable(text)[:_MOST_CHARACTERS]) for name, text in (*facts, *own, *told)]
    if label is not None and label.text:
        shown.append(("Label text", "\n".join(printable(line.expandtabs()) for line in label.text.split("\n"))))
    return shown


def label_text(facts: Facts) -> str:
    """Return the facts as lines with their names in one column; a text of several lines follows its name."""
    width = max((len(name) for name, _ in facts), default=0)
    return "\n".join(f"\n{name}\n{text}" if "\n" in text else f"{name:<{width}}  {text}" for name, text in facts)


def _of_label(label: FileLabel) -> Facts:
    kind = f"{label.kind} in {label.where}" if label.kind else label.where
    return [("Label", f"{kind}: {label.problem}" if label.problem else kind), *label.facts]


def _of_picture(data: bytes) -> Facts:
    with Image.open(io.BytesIO(data)) as image:
        facts = [("Pixels", image.mode)]
        plain = {key: value for key, value in image.info.items() if isinstance(value, str | int | float)}
        facts += [(f"info {key}", str(value)) for key, value in plain.items()]
        facts += [(f"Exif {tag}", str(value)) for tag, value in image.getexif().items() if not isinstance(value, bytes)]
    return facts


def _of_raster(data: bytes) -> Facts:
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    # As in `decoding`: catch_warnings is not thread-safe.
    warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)
    with MemoryFile(data) as memory, memory.open() as raster:
        facts = [("Driver", raster.driver)]
        if raster.crs is not None:
            facts.append(("CRS", raster.crs.to_string()))
            place = raster.transform
            if not (place.b or place.d):
                right, bottom = place.c + place.a * raster.width, place.f + place.e * raster.height
                facts.append(("Bounds", f"{place.c:g}, {bottom:g} to {right:g}, {place.f:g}"))
                unit = raster.crs.linear_units or ""
                facts.append(("Pixel", f"{abs(place.a):g} × {abs(place.e):g} {unit}".strip()))
        if raster.nodata is not None:
            facts.append(("No data", f"{raster.nodata:g}"))
        if any(scale != 1 for scale in raster.scales) or any(raster.offsets):
            facts.append(("Scale, offset", f"{raster.scales[0]:g}, {raster.offsets[0]:g}"))
        for found in (raster.tags(), raster.tags(ns="IMAGE_STRUCTURE")):
            facts += [(f"tag {key}", value) for key, value in found.items()]
    return facts
