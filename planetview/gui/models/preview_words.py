"""A quick look at a source in words."""

from __future__ import annotations

from planetview.core.datasets import SourceKind
from planetview.core.set_preview import SetPreview
from planetview.core.set_summary import SetSummary
from planetview.gui.models.set_words import classes_words, count_words, depths_words, sizes_words
from planetview.gui.models.wording import tr

_IGNORED_SHOWN = 4


def preview_facts(preview: SetPreview) -> str:
    """Return "450 images · 256 × 256 px · 8-bit · 1 band · PNG · 32 looked into"; "…" after a growing count."""
    if preview.kind is None and not preview.images:
        return "" if preview.problem else tr("Looking…")
    parts = [count_words(preview.images) + ("" if preview.is_counted else "…")]
    summary = _sampled(preview)
    if preview.sizes:
        parts += [sizes_words(summary), depths_words(summary), _bands_words(preview), ", ".join(preview.formats)]
    elif not preview.is_done:
        parts.append(tr("looking…"))
    kinds = {SourceKind.ZIP: tr("in a zip, read in place"), SourceKind.LIST: tr("named by a list")}
    parts.append(kinds.get(preview.kind, "") if preview.kind is not None else "")
    if preview.sampled and not (preview.is_counted and preview.sampled >= preview.images):
        parts.append(tr("{0} looked into").format(preview.sampled))
    return " · ".join(part for part in parts if part)


def preview_classes(preview: SetPreview) -> str:
    """Return "3 classes: crater 200, dune 150, other 100"; "" without classes."""
    return classes_words(_sampled(preview))


def preview_warnings(preview: SetPreview) -> tuple[str, ...]:
    """Return what is doubtful about a source that can be taken in, a line each."""
    lines = list(preview.notes)
    if preview.damaged:
        first = preview.damaged[0]
        words = tr("{0} of {1} images looked into cannot be used, first {2}: {3}")
        lines.append(words.format(len(preview.damaged), preview.sampled, first.name, first.reason))
    if set(preview.dtypes) - {"uint8"}:
        lines.append(tr("Deeper than 8 bits: choose a stretch on the datasets page before the run."))
    return tuple(lines)


def ignored_words(preview: SetPreview) -> str:
    """Return the kinds of files that are left out and why, a line each; "" for none."""
    lines = [tr("Left out: {0}").format(words) for words in preview.ignored[:_IGNORED_SHOWN]]
    if len(preview.ignored) > _IGNORED_SHOWN:
        lines.append(tr("… and {0} more reasons; the set lists them once it is read.").format(
            len(preview.ignored) - _IGNORED_SHOWN
        ))  # fmt: skip
    return "\n".join(lines)


def _bands_words(preview: SetPreview) -> str:
    if len(preview.bands) == 1:
        return count_words(next(iter(preview.bands)), "1 band", "{0} bands")
    return tr("{0} bands").format(tr(" or ").join(str(bands) for bands in sorted(preview.bands)))


def _sampled(preview: SetPreview) -> SetSummary:
    return SetSummary(preview.sampled, preview.sizes, preview.dtypes, preview.labels, 0, (), ())
