"""The label of a planetary image: inside its file, or beside it under the same stem, as text and its main facts.

PDS3 and ISIS labels are `KEY = VALUE` lines in objects and groups, PDS4 labels are XML. Both are read tolerantly and
within bounds: labels come from outside, and one that is odd must cost no image, no memory and no time.
"""

from __future__ import annotations

import re
import xml.parsers.expat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from planetview.core.archives import read_member
from planetview.core.errors import ImageProblem

MAX_LABEL_BYTES: Final = 1024**2
_HEAD_BYTES: Final = 256 * 1024
_SUFFIXES: Final = (".lbl", ".LBL", ".xml", ".XML", ".cub", ".CUB")
# What an image with its label inside begins with: PDS3, its older wrapping, ISIS.
_ATTACHED: Final = re.compile(rb"\s*(PDS_VERSION_ID\b|CCSD3ZF|Object\s*=\s*IsisCube)", re.IGNORECASE)
_MOST_ITEMS: Final = 20_000
_MOST_DEPTH: Final = 32
_MOST_NAME: Final = 64
_MOST_LINES_OF_A_VALUE: Final = 200
_MOST_CHARACTERS: Final = 300

# (shown as, keys of PDS3 and ISIS in lower case without "_", of which the first found counts)
_KEYS: Final = (
    ("Product", ("productid", "productidentifier", "filename")),
    ("Target", ("targetname",)),
    ("Spacecraft", ("spacecraftname", "instrumenthostname", "instrumenthostid", "spacecraftid")),
    ("Instrument", ("instrumentname", "instrumentid")),
    ("Start time", ("starttime", "imagetime")),
    ("Stop time", ("stoptime",)),
    ("Resolution", ("mapscale", "pixelresolution", "horizontalpixelscale", "scaledpixelwidth", "mapresolution")),
    ("Lines", ("lines", "imagelines")),
    ("Samples", ("linesamples", "samples")),
    ("Bands", ("bands",)),
    ("Sample type", ("sampletype", "type")),
    ("Bits", ("samplebits",)),
    ("Scale", ("scalingfactor", "multiplier")),
    ("Offset", ("offset", "base")),
    ("Solar longitude", ("solarlongitude",)),
    ("Incidence", ("incidenceangle",)),
    ("Emission", ("emissionangle",)),
    ("Phase", ("phaseangle",)),
)
# (shown as, ends of the paths of PDS4 elements)
_PATHS: Final = (
    ("Product", ("Identification_Area/logical_identifier",)),
    ("Title", ("Identification_Area/title",)),
    ("Target", ("Target_Identification/name",)),
    ("Mission", ("Investigation_Area/name",)),
    ("Observed by", ("Observing_System_Component/name",)),
    ("Start time", ("Time_Coordinates/start_date_time",)),
    ("Stop time", ("Time_Coordinates/stop_date_time",)),
    ("Resolution", ("pixel_resolution_x", "pixel_scale_x", "horizontal_pixel_scale")),
    ("Sample type", ("Element_Array/data_type",)),
    ("Scale", ("Element_Array/scaling_factor",)),
    ("Offset", ("Element_Array/value_offset",)),
    ("Solar longitude", ("solar_longitude",)),
    ("Incidence", ("incidence_angle",)),
    ("Emission", ("emission_angle",)),
)
_AXES: Final = {"line": "Lines", "sample": "Samples", "band": "Bands"}


@dataclass(frozen=True, slots=True)
class FileLabel:
    """One label. where: the file it was read from. kind: "PDS3", "PDS4" or "ISIS".

    facts: (name, text) of what is most asked for. text: the label as it stands, at most MAX_LABEL_BYTES of it.
    problem: why it is not to be read further, "" when all was well.
    """

    where: str
    kind: str
    facts: tuple[tuple[str, str], ...]
    text: str
    problem: str = ""


def find_label(path: Path, member: str | None = None) -> FileLabel | None:
    """Return the label inside an image file or beside it (in the same zip, for a member); None without one.

    Beside `a/b.jp2` the names `a/b.lbl`, `a/b.xml`, `a/b.cub` and `a/b.jp2.lbl` ... are tried, in both cases.
    Nothing is raised: a label that is too large, binary or damaged says so as its `problem`.
    """
    head = _read(path, member, _HEAD_BYTES)
    if head and _ATTACHED.match(head[:200]):
        return _parse(path.name if member is None else member, _text_part(head))
    name = str(path) if member is None else member
    stem = name[: -len(suffix)] if (suffix := Path(name).suffix) else name
    for base in (stem, name):
        for end in _SUFFIXES:
            if base + end == name:
                continue
            where = Path(base + end)
            beside = where.name if member is None else base + end
            data = _read(where, None) if member is None else _read(path, base + end)
            if data is None:
                continue
            is_cube = end.lower() == ".cub"
            if not is_cube and len(data) > MAX_LABEL_BYTES:
                return FileLabel(beside, "", (), "", f"larger than {MAX_LABEL_BYTES:,} bytes: no label")
            if (found := _parse(beside, _text_part(data) if is_cube else data)) is not None:
                return found
    return None


def _read(path: Path, member: str | None, limit: int = MAX_LABEL_BYTES + 1) -> bytes | None:
    """Return the first bytes of a regular file or member, None where there is none; never more than `limit`."""
    try:
        if member is not None:
            return read_member(path, member, limit)
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return stream.read(limit)
    except (OSError, ValueError, ImageProblem):
        return None


def _text_part(data: bytes) -> bytes:
    """Return an attached label without the pixels behind it: up to the line END, else to the first zero byte."""
    if found := re.search(rb"^[ \t]*END[ \t\r]*$", data, re.IGNORECASE | re.MULTILINE):
        return data[: found.end()]
    return data.partition(b"\x00")[0]


def _parse(where: str, data: bytes) -> FileLabel | None:
    if b"\x00" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return FileLabel(where, "", (), "", "binary: no label")
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _parse_xml(where, data)
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    found: dict[str, str] = {}
    for key, value in keywords(text):
        found.setdefault(re.sub(r"[_:^]", "", key.rpartition(".")[2]).lower(), value)
    if not found:
        return None
    kind = "ISIS" if re.search(r"^[ \t]*Object[ \t]*=[ \t]*IsisCube", text, re.IGNORECASE | re.MULTILINE) else "PDS3"
    facts = [(name, value) for name, keys in _KEYS if (value := next((found[k] for k in keys if k in found), ""))]
    return FileLabel(where, kind, tuple(facts), text)


def keywords(text: str) -> Iterator[tuple[str, str]]:
    """Yield ("OBJECT.KEY", value) of the statements of a PDS3 or ISIS label, up to END; odd lines are passed over.

    Values in quotes lose them; lists and units stay as written; values over several lines become one.
    """
    lines = iter(_without_comments(text).split("\n"))
    groups: list[str] = []
    for count, line in enumerate(lines):
        if count > _MOST_ITEMS or line.strip().upper() == "END":
            return
        key, sign, value = (part.strip() for part in line.partition("="))
        if key.upper() in ("END_OBJECT", "END_GROUP"):
            del groups[-1:]
        if not sign or not re.fullmatch(r"\^?[A-Za-z][\w:]*", key) or key.upper().startswith("END_"):
            continue
        if key.upper() in ("OBJECT", "GROUP"):
            groups = [*groups, value][:_MOST_DEPTH]
            continue
        for _ in range(_MOST_LINES_OF_A_VALUE):
            if not _is_open(value):
                break
            more = next(lines, None)
            if more is None:
                break
            value = f"{value} {more.strip()}"
        plain = value[1:-1].strip() if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
        yield ".".join((*groups, key)), plain[:_MOST_CHARACTERS]


def _without_comments(text: str) -> str:
    # By hand: a pattern takes the square of the length where comments are begun and never ended.
    kept, at = [], 0
    while (start := text.find("/*", at)) >= 0 and (end := text.find("*/", start + 2)) >= 0:
        kept.append(text[at:start])
        at = end + 2
    return " ".join((*kept, text[at:]))


def _is_open(value: str) -> bool:
    """Return whether a value goes on in the next line."""
    if value.count('"') % 2:
        return True
    return not value or value.count("(") > value.count(")") or value.count("{") > value.count("}")


class _Refused(Exception):
    """The XML holds what no label needs."""


def _parse_xml(where: str, data: bytes) -> FileLabel | None:
    """Read PDS4: no document type, so no entities; nothing outside the file; bounded in depth and number."""
    found: dict[str, list[str]] = {}
    path: list[str] = []
    words: list[str] = []
    units: list[str] = []
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > _MOST_ITEMS or len(path) >= _MOST_DEPTH:
            raise _Refused("too many or too deeply nested elements")
        path.append(name.rpartition(":")[2][:_MOST_NAME])
        units.append(attributes.get("unit", "")[:_MOST_NAME])
        words.clear()

    def end(_name: str) -> None:
        text = " ".join("".join(words).split())[:_MOST_CHARACTERS]
        if text:
            found.setdefault("/".join(path), []).append(f"{text} {units[-1]}".strip())
        words.clear()
        path.pop()
        units.pop()

    def refuse(*_of: object) -> None:
        raise _Refused("it has a document type declaration, which no PDS4 label needs")

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = words.append
    parser.StartDoctypeDeclHandler = refuse
    problem = ""
    try:
        parser.Parse(data, True)
    except _Refused as why:
        return FileLabel(where, "", (), "", str(why))
    except (xml.parsers.expat.ExpatError, ValueError, LookupError) as error:
        problem = f"no well-formed XML: {error}"
    if not problem and not any(name.startswith("Product_") for name in found):
        # Auxiliary files of other programs lie beside images under the same name.
        return None
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
    return FileLabel(where, "PDS4", tuple(_xml_facts(found)), text.replace("\r\n", "\n"), problem)


def _xml_facts(found: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    for name, ends in _PATHS:
        values = [value for path, values in found.items() for value in values if path.endswith(ends)]
        if values:
            yield name, ", ".join(dict.fromkeys(values))[:_MOST_CHARACTERS]
    axes = [values for path, values in found.items() if path.endswith("Axis_Array/axis_name")]
    sizes = [values for path, values in found.items() if path.endswith("Axis_Array/elements")]
    if axes and sizes:
        for axis, size in zip(axes[0], sizes[0], strict=False):
            if axis.lower() in _AXES:
                yield _AXES[axis.lower()], size
