"""Encoded bytes to native samples: the reader is chosen by signature, never by trial."""

from __future__ import annotations

import io
import re
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from planetview.core.errors import ImageProblem

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

MAX_PIXELS = 200_000_000
MAX_SAMPLE_BYTES = 2 * 1024**3
MAX_FILE_BYTES = 2 * 1024**3

# Raise it whenever the same bytes would read differently: remembered findings are then dropped. Version 2 reads what
# version 1 read, and tells of damage in other words.
READER_VERSION = 2

SUFFIXES: dict[str, frozenset[str]] = {
    "PNG": frozenset({".png", ".apng"}),
    "JPEG": frozenset({".jpg", ".jpeg", ".jpe", ".jfif"}),
    "WebP": frozenset({".webp"}),
    "BMP": frozenset({".bmp", ".dib"}),
    "GIF": frozenset({".gif"}),
    "TIFF": frozenset({".tif", ".tiff", ".gtiff"}),
    "JPEG 2000": frozenset({".jp2", ".j2k", ".j2c", ".jpc", ".jpx"}),
}

# The classes themselves, not Image.open: that one tries every plugin and has its own pixel limit,
# which warns from 89 Mpx on and cannot be raised without changing it for the whole process.
_PILLOW_CLASSES: dict[str, type[ImageFile]] = {
    "PNG": PngImageFile,
    "JPEG": JpegImageFile,
    "WebP": WebPImageFile,
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
}
_GDAL_DRIVERS = {"PNG": "PNG", "TIFF": "GTiff", "JPEG 2000": "JP2OpenJPEG"}
_BMP_HEADER_SIZES = {12, 40, 52, 56, 64, 108, 124}
_DEEP_PNG_BITS = 16
# How the decoders say that there are no more bytes.
_CUT = re.compile(r"truncated|buffer of at least|libpng: Read Error|not processed", re.IGNORECASE)
# Blocks are GDAL's own parts of an image; what went wrong in one follows.
_WHERE = re.compile(r"band \d+: IReadBlock failed at X offset \d+, Y offset \d+: ")


@dataclass(frozen=True, slots=True)
class NativeImage:
    """The samples of one image as stored, before any stretch.

    samples: (height, width, bands) with 1 band (grey) or 3 (RGB), in the stored sample type;
    palette and CMYK images are already RGB, alpha is split off.
    valid: (height, width) bool, False where a pixel holds no data: fully transparent, no-data
    value, NaN or infinite. None when every pixel is valid. Partial transparency is ignored.
    bands: 1 to 4, as stored. notes: what the reader had to decide, in words.
    """

    samples: NDArray[Any]
    valid: NDArray[np.bool_] | None
    bands: int
    notes: tuple[str, ...] = ()

    @property
    def dtype(self) -> str:
        """NumPy name of the sample type: "uint8", "uint16", "float32" ..."""
        return str(self.samples.dtype)


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What the first bytes of an image tell. kind: a key of `SUFFIXES`; the others as in ImageRecord."""

    kind: str
    width: int
    height: int
    bands: int
    dtype: str


def image_format(head: bytes) -> str | None:
    """Return which format the first bytes (32 are enough) announce, a key of `SUFFIXES`, or None."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return "TIFF"
    if head.startswith((b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")):
        return "JPEG 2000"
    # "BM" alone also begins ordinary text.
    if head.startswith(b"BM") and len(head) >= 18 and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    return None


def read_native(data: bytes, name: str = "") -> NativeImage:
    """Decode one image completely and return its samples as stored.

    8-bit PNG, JPEG, WebP, BMP and GIF go through Pillow, with the EXIF orientation applied; 16-bit
    PNG, TIFF and JPEG 2000 go through rasterio, which ignores TIFF's orientation tag as GIS tools do.
    Animations and multi-page files give their first frame, with a note.

    name: only for messages. Raises ImageProblem when the bytes are no image read here, are damaged
    or truncated, hold more than MAX_PIXELS, or hold no valid pixel at all; MemoryError passes.
    """
    if not data:
        raise ImageProblem("zero bytes")
    if len(data) > MAX_FILE_BYTES:
        raise ImageProblem(f"file of {len(data):,} bytes; at most {MAX_FILE_BYTES:,} are read")
    kind = image_format(data[:32])
    if kind is None:
        raise ImageProblem(f"not an image read here: {name or 'it'} begins like none of {', '.join(SUFFIXES)}")
    try:
        native = _read_with_rasterio(data, kind) if _is_deep(data, kind) else _read_with_pillow(data, kind)
    except (ImageProblem, MemoryError, ImportError):
        raise
    except Exception as error:  # decoders raise anything at all on hostile bytes
        raise ImageProblem(_damage(kind, error)) from error
    if native.valid is not None and not native.valid.any():
        raise ImageProblem("no valid pixel: all are NaN, no-data or transparent")
    return native


def read_header(source: Path | bytes) -> ImageHeader:
    """Return what the header of a file, or of its bytes, tells; decodes no pixel.

    Raises ImageProblem when it is no image read here, is damaged there, or is too large to be read.
    """
    data = source if isinstance(source, bytes) else _head(source)
    kind = image_format(data[:32])
    if kind is None:
        raise ImageProblem(f"begins like none of {', '.join(SUFFIXES)}" if data else "zero bytes")
    try:
        header = _raster_header(source, kind) if _is_deep(data, kind) else _picture_header(source, kind)
    except (ImageProblem, MemoryError, ImportError):
        raise
    except Exception as error:  # decoders raise anything at all on hostile bytes
        raise ImageProblem(_damage(kind, error)) from error
    _check_size(header.width, header.height, header.bands, np.dtype(header.dtype).itemsize)
    return header


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(32)
    except (OSError, ValueError) as error:
        raise ImageProblem(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _is_deep(data: bytes, kind: str) -> bool:
    return kind not in _PILLOW_CLASSES or (kind == "PNG" and data[24:25] == bytes([_DEEP_PNG_BITS]))


def _picture_header(source: Path | bytes, kind: str) -> ImageHeader:
    with _PILLOW_CLASSES[kind](io.BytesIO(source) if isinstance(source, bytes) else source) as image:
        return ImageHeader(kind, image.width, image.height, min(len(image.getbands()), 4), "uint8")


def _raster_header(source: Path | bytes, kind: str) -> ImageHeader:
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    # As in `_read_with_rasterio`.
    warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)
    opened = io.BytesIO(source) if isinstance(source, bytes) else source
    with rasterio.open(opened, driver=_GDAL_DRIVERS[kind]) as raster:
        return ImageHeader(kind, raster.width, raster.height, raster.count, str(raster.dtypes[0]))


def _damage(kind: str, error: BaseException) -> str:
    """Return what is wrong with a file in plain words, the decoder's own words behind."""
    detail = _detail(error)
    if _CUT.search(detail):
        return f"{kind} cut short: the file ends before its image does ({detail})"
    return f"{kind} damaged: its pixels cannot be decoded ({detail})"


def _detail(error: BaseException) -> str:
    cause = error.__cause__
    text = str(getattr(cause, "errmsg", "") or error) or type(error).__name__
    # GDAL puts the random name of the in-memory file before its words, sometimes twice.
    text = re.sub(r"[^\s:]*[0-9a-f]{8}-[0-9a-f-]{27}[^\s:]*(, band \d+)?:?\s*", "", text)
    return _WHERE.sub("", text).strip().rstrip(".") or "unreadable"


def _check_size(width: int, height: int, bands: int = 1, itemsize: int = 1) -> None:
    if width < 1 or height < 1:
        raise ImageProblem(f"{width} × {height} pixels: nothing to see")
    if width * height > MAX_PIXELS:
        size = f"{width:,} × {height:,} = {width * height / 1e6:,.0f} Mpx"
        raise ImageProblem(f"{size}; at most {MAX_PIXELS / 1e6:,.0f} Mpx are read: cut it into tiles")
    if width * height * bands * itemsize > MAX_SAMPLE_BYTES:
        raise ImageProblem(f"{width:,} × {height:,} × {bands} samples need more than {MAX_SAMPLE_BYTES:,} bytes")


def _read_with_pillow(data: bytes, kind: str) -> NativeImage:
    with _PILLOW_CLASSES[kind](io.BytesIO(data)) as image:
        _check_size(image.width, image.height)
        notes = ["animated: its first frame is used"] if getattr(image, "is_animated", False) else []
        image.load()
        bands = min(len(image.getbands()), 4)
        upright = _upright(image)
        if upright is not image:
            notes.append("stored rotated or mirrored: turned upright by its EXIF orientation")
        return _from_pillow(upright, bands, notes)


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(0x0112, 1)
        return ImageOps.exif_transpose(image) if orientation in range(2, 9) else image
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, struct.error):
        # Broken EXIF says nothing about the pixels, which are decoded by now.
        return image


def _from_pillow(image: Image.Image, bands: int, notes: list[str]) -> NativeImage:
    if image.mode in ("LA", "La") or (image.mode == "L" and image.has_transparency_data):
        pixels = np.asarray(image.convert("LA"))
    elif image.has_transparency_data:
        pixels = np.asarray(image.convert("RGBA"))
    elif image.mode in ("1", "L"):
        pixels = np.asarray(image.convert("L"))[:, :, None]
    else:
        pixels = np.asarray(image.convert("RGB"))
    if pixels.shape[2] in (1, 3):
        return NativeImage(pixels, None, bands, tuple(notes))
    return _without_alpha(pixels[:, :, :-1], pixels[:, :, -1] > 0, bands, notes)


def _without_alpha(samples: NDArray[Any], opaque: NDArray[np.bool_], bands: int, notes: list[str]) -> NativeImage:
    if opaque.all():
        return NativeImage(samples, None, bands, tuple(notes))
    return NativeImage(samples, opaque, bands, (*notes, "has pixels without data, shown black and left out of ranges"))


def _read_with_rasterio(data: bytes, kind: str) -> NativeImage:
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    # A category of its own that every plain TIFF and PNG raises; catch_warnings is not thread-safe.
    warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)
    with MemoryFile(data) as memory, memory.open(driver=_GDAL_DRIVERS[kind]) as raster:
        dtype = np.dtype(raster.dtypes[0])
        _check_size(raster.width, raster.height, raster.count, dtype.itemsize)
        if dtype.kind not in "uif" or len(set(raster.dtypes)) > 1:
            raise ImageProblem(f"samples of type {', '.join(sorted(set(raster.dtypes)))} are not an image")
        notes = [f"{len(raster.subdatasets)} pages: the first is used"] if len(raster.subdatasets) > 1 else []
        colours = _colour_bands(raster, notes)
        samples = np.moveaxis(raster.read(colours), 0, 2)
        valid = _valid_pixels(raster, samples)
        samples, valid = _as_displayed(raster, samples, valid)
        return _without_alpha(samples, valid, raster.count, notes)


def _colour_bands(raster: DatasetReader, notes: list[str]) -> list[int]:
    """Return the 1-based indices of the grey band or of the three colour bands."""
    from rasterio.enums import ColorInterp

    colours = [i + 1 for i, use in enumerate(raster.colorinterp) if use is not ColorInterp.alpha]
    if raster.count > 4 or len(colours) == 2:
        raise ImageProblem(f"{raster.count} bands: only grey or RGB, with or without alpha, are images here")
    if len(colours) == 4:
        notes.append("4 bands: the first three are taken as red, green and blue")
    return colours[:3]


def _valid_pixels(raster: DatasetReader, samples: NDArray[Any]) -> NDArray[np.bool_]:
    from rasterio.enums import MaskFlags

    if all(MaskFlags.all_valid in flags for flags in raster.mask_flag_enums):
        valid = np.ones(samples.shape[:2], dtype=np.bool_)
    else:
        valid = raster.dataset_mask() > 0
    if samples.dtype.kind == "f":
        valid &= np.isfinite(samples).all(axis=2)
    return valid


def _as_displayed(
    raster: DatasetReader, samples: NDArray[Any], valid: NDArray[np.bool_]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Undo palettes, inverted grey and fewer than 8 bits, which a viewer would undo too."""
    from rasterio.enums import ColorInterp

    if samples.dtype != np.uint8:
        return samples, valid
    if raster.colorinterp[0] is ColorInterp.palette:
        table = np.zeros((256, 4), dtype=np.uint8)
        for index, colour in raster.colormap(1).items():
            table[index] = colour
        pixels = table[samples[:, :, 0]]
        return pixels[:, :, :3], valid & (pixels[:, :, 3] > 0)
    bits = int(raster.tags(1, ns="IMAGE_STRUCTURE").get("NBITS", 8))
    if bits < 8:
        levels = np.rint(np.arange(2**bits) * (255 / (2**bits - 1))).astype(np.uint8)
        samples = levels[samples]
    if raster.tags(ns="IMAGE_STRUCTURE").get("MINISWHITE") == "YES":
        samples = 255 - samples
    return samples, valid
