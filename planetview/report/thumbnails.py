"""Small pictures that travel inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from planetview.core.datasets import ImageRecord
from planetview.core.errors import ImageProblem, UserError
from planetview.core.formatting import format_value, printable

LoadRgb8 = Callable[[ImageRecord], NDArray[np.uint8]]

EDGE_PX = 128
_MOST_LOSSLESS_BYTES = 12_000


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture as a data URI, or the reason why there is none."""

    uri: str = ""
    problem: str = ""


@dataclass
class Thumbnails:
    """Makes thumbnails of at most 128 px within a budget of bytes for the whole page.

    load: returns (height, width, 3) uint8 or raises ImageProblem. budget_bytes: of data URIs.
    """

    load: LoadRgb8
    budget_bytes: int
    _made: dict[tuple[Any, ...], Thumbnail] = field(default_factory=dict)

    def of(self, record: ImageRecord) -> Thumbnail:
        """Return the thumbnail of one image; a problem becomes words, it never ends the report."""
        key = (record.path, record.member, record.digest)
        if key not in self._made:
            self._made[key] = self._make(record)
        made = self._made[key]
        if len(made.uri) > self.budget_bytes:
            return Thumbnail(problem="left out to keep this page small")
        self.budget_bytes -= len(made.uri)
        return made

    def _make(self, record: ImageRecord) -> Thumbnail:
        try:
            return Thumbnail(_data_uri(self.load(record)))
        except (ImageProblem, UserError, OSError, ValueError, MemoryError) as error:
            return Thumbnail(problem=printable(str(error)) or type(error).__name__)


def picture(words: str, record: ImageRecord, distance: float | None, thumbnails: Thumbnails) -> dict[str, Any]:
    """Return what a template shows of one image: what it is, its name, its thumbnail or why there is none."""
    thumbnail = thumbnails.of(record)
    return {
        "words": words,
        "name": record.name,
        "uri": thumbnail.uri,
        "problem": thumbnail.problem,
        "distance": "" if distance is None else format_value(distance),
    }


def _data_uri(pixels: NDArray[np.uint8]) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((EDGE_PX, EDGE_PX), Image.Resampling.LANCZOS)
    if max(pixels.shape[:2]) <= EDGE_PX:
        # Small tiles are shown enlarged, where JPEG's blocks would be taken for the generator's.
        lossless = _encoded(image, "PNG", optimize=True)
        if len(lossless) <= _MOST_LOSSLESS_BYTES:
            return f"data:image/png;base64,{base64.b64encode(lossless).decode('ascii')}"
    lossy = _encoded(image, "JPEG", quality=82, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(lossy).decode('ascii')}"


def _encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()
