"""Sets in words: counts, sizes, depths, classes."""

from __future__ import annotations

from collections.abc import Iterable

from planetview.core.datasets import Dataset, Role
from planetview.core.set_summary import SetSummary
from planetview.gui.models.wording import tr

_DEPTHS = {
    "uint8": "8-bit", "int8": "8-bit signed", "uint16": "16-bit", "int16": "16-bit signed", "uint32": "32-bit",
    "int32": "32-bit signed", "float32": "32-bit float", "float64": "64-bit float",
}  # fmt: skip
_LETTERS = {Role.REFERENCE: "R", Role.HELD_OUT: "H", Role.CANDIDATE: "C"}
_MOST_CLASSES = 4


def role_word(role: Role) -> str:
    """Return the name of a role as everywhere in the window."""
    return {Role.REFERENCE: tr("Reference"), Role.HELD_OUT: tr("Held-out"), Role.CANDIDATE: tr("Candidate")}[role]


def role_letter(role: Role) -> str:
    """Return the letter that stands for a role beside its marker."""
    return _LETTERS[role]


def count_words(count: int, one: str = "1 image", many: str = "{0} images") -> str:
    """Return "1 image" or "1,234 images"."""
    return tr(one) if count == 1 else tr(many).format(f"{count:,}")


def depth_word(dtype: str) -> str:
    """Return a stored sample type as people name it."""
    return tr(_DEPTHS.get(dtype, dtype))


def depths_words(summary: SetSummary) -> str:
    """Return "8-bit", or the depths with their counts where a set holds several."""
    if len(summary.dtypes) == 1:
        return depth_word(next(iter(summary.dtypes)))
    return ", ".join(f"{depth_word(dtype)} ({count:,})" for dtype, count in summary.dtypes.items())


def sizes_words(summary: SetSummary) -> str:
    """Return "256 × 256 px", or how many sizes there are and between which they lie."""
    sizes = list(summary.sizes)
    if len(sizes) == 1:
        return size_words(*sizes[0])
    if not sizes:
        return ""
    widths, heights = [w for w, _ in sizes], [h for _, h in sizes]
    words = tr("{0} sizes, {1} × {2} to {3} × {4} px")
    return words.format(
        len(sizes), f"{min(widths):,}", f"{min(heights):,}", f"{max(widths):,}", f"{max(heights):,}"
    )  # fmt: skip


def size_words(width: int, height: int) -> str:
    """Return "256 × 256 px"."""
    return f"{width:,} × {height:,} px"


def classes_words(summary: SetSummary) -> str:
    """Return "3 classes: crater 200, dune 150, other 100"; "" without classes."""
    labels = summary.labels
    if not labels:
        return ""
    most = ", ".join(f"{label} {n:,}" for label, n in list(labels.items())[:_MOST_CLASSES])
    more = ", …" if len(labels) > _MOST_CLASSES else ""
    return tr("1 class: {0}").format(most) if len(labels) == 1 else f"{len(labels)} {tr('classes')}: {most}{more}"


def facts_words(dataset: Dataset, summary: SetSummary | None) -> str:
    """Return "450 images · 256 × 256 px · 8-bit · 3 classes: …"; only the count until there is a summary."""
    parts = [count_words(len(dataset))]
    if summary is None:
        parts.append(tr("counting…"))
    else:
        parts += [sizes_words(summary), depths_words(summary), classes_words(summary)]
    return " · ".join(part for part in parts if part)


def quoted(names: Iterable[str]) -> str:
    """Return "'a', 'b' and 'c'"."""
    words = [f"'{name}'" for name in names]
    return tr("{0} and {1}").format(", ".join(words[:-1]), words[-1]) if len(words) > 1 else "".join(words)
