"""What stands out about the sets of a study before it is run, each with its consequence in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

from planetview.core.datasets import Dataset, Role, SharedImages
from planetview.core.findings import percent
from planetview.core.marks import ImageKey
from planetview.core.set_summary import SetSummary
from planetview.core.stretch import Stretch, StretchKind
from planetview.gui.models.set_words import (
    count_words,
    depth_word,
    depths_words,
    quoted,
    role_word,
    size_words,
    sizes_words,
)
from planetview.gui.models.wording import tr

FEW_IMAGES = 50
# Shares of a class that differ by less than this are common between two random samples of a hundred images.
_NOTABLE_SHARE = 0.1
_NOTABLE_REPEATS = 0.01
_DARK_LEVEL = 16
_NAMED_SETS = 4
_REPEATS_NOTE = re.compile(r"^[\d,]+ exact duplicates? inside the set$")

Summaries = Callable[[Dataset], SetSummary | None]
Rows = tuple[tuple[str, ...], ...]


class Tone(StrEnum):
    """Whether a finding can make numbers wrong, or is only to be known."""

    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    key: stable while the same thing is found. title: what. consequence: what it does to the numbers, and the remedy.
    sets: names of the sets concerned. header, rows: the list behind it; empty where there is none.
    spare: images to leave out of the next run as a remedy.
    """

    key: str
    tone: Tone
    title: str
    consequence: str
    sets: tuple[str, ...]
    header: tuple[str, ...] = ()
    rows: Rows = ()
    spare: tuple[ImageKey, ...] = ()


def find_all(
    datasets: Sequence[Dataset],
    summaries: Summaries,
    shared: Sequence[SharedImages],
    stretch: Stretch,
    excluded: Set[ImageKey] = frozenset(),
) -> tuple[Finding, ...]:
    """Return all findings, warnings first; sets that are still being counted are left out until they are.

    excluded: images that runs leave out; duplicates and odd images among them are dealt with.
    """
    counted = [(dataset, summary) for dataset in datasets if (summary := summaries(dataset)) is not None]
    found = [
        *_across(datasets, shared, excluded),
        *_stretch(counted, stretch),
        *_depths(counted, stretch),
        *(finding for dataset, summary in counted for finding in _inside(dataset, summary, excluded)),
        *_usual_sizes(counted),
        *_classes(counted),
    ]
    return tuple(sorted(found, key=lambda finding: finding.tone is Tone.NOTE))


def _across(datasets: Sequence[Dataset], shared: Sequence[SharedImages], excluded: Set[ImageKey]) -> Iterator[Finding]:
    roles = {dataset.name: dataset.role for dataset in datasets}
    for item in shared:
        names = (item.first, item.second)
        if not all(name in roles for name in names):
            continue
        pairs = item.pairs
        if excluded:
            pairs = tuple(p for p in pairs if excluded.isdisjoint(zip(names, p, strict=True)))
        if not pairs:
            continue
        tone, consequence = _shared_words({roles[name] for name in names})
        count = count_words(len(pairs), "1 image is", "{0} images are")
        title = tr("{0} in both '{1}' and '{2}'").format(count, *names)
        spare = _spare(names, pairs, roles)
        yield Finding(f"shared {item.first} {item.second}", tone, title, consequence, names, names, pairs, spare)


def _spare(names: tuple[str, str], pairs: Rows, roles: Mapping[str, Role]) -> tuple[ImageKey, ...]:
    """Return the side to leave out: synthetic before held-out, and never the images that were trained on."""
    ranks = [list(Role).index(roles[name]) for name in names]
    if ranks[0] == ranks[1]:
        return ()
    side = 0 if ranks[0] > ranks[1] else 1
    return tuple((names[side], pair[side]) for pair in pairs)


def _shared_words(roles: set[Role]) -> tuple[Tone, str]:
    if roles == {Role.REFERENCE, Role.HELD_OUT}:
        return Tone.WARNING, tr(
            "Leakage: these held-out images were seen in training. The noise floor comes out too low, and copies of "
            "them cannot be told from new images. Take them out of one of the two sets."
        )
    if roles == {Role.REFERENCE, Role.CANDIDATE}:
        return Tone.WARNING, tr(
            "Byte for byte equal to reference images: these are copies, not synthesis, and make the candidate look "
            "better than it is. Check how the folder was filled."
        )
    if roles == {Role.HELD_OUT, Role.CANDIDATE}:
        return Tone.WARNING, tr(
            "Byte for byte equal to held-out images: real images lie among the synthetic ones, and make the candidate "
            "look better than it is. Check how the folder was filled."
        )
    if roles == {Role.CANDIDATE}:
        return Tone.NOTE, tr(
            "The two candidates are not independent: a difference between them rests on the other images."
        )
    return Tone.WARNING, tr("Two sets of the same role share images; they are not independent samples.")


def _stretch(counted: Sequence[tuple[Dataset, SetSummary]], stretch: Stretch) -> Iterator[Finding]:
    if stretch.kind is StretchKind.NONE:
        deep = [dataset.name for dataset, summary in counted if set(summary.dtypes) - {"uint8"}]
        if deep:
            yield Finding(
                "refused",
                Tone.WARNING,
                tr("Deeper than 8-bit without a stretch: {0}").format(_some(deep)),
                tr("These images are refused, never clipped, and the run cannot use them. Choose a stretch below."),
                tuple(deep),
            )
    elif stretch.kind is StretchKind.FIXED:
        brightest = 255.0 * (255.0 - stretch.low) / (stretch.high - stretch.low)
        dark = [dataset.name for dataset, summary in counted if set(summary.dtypes) == {"uint8"}]
        if dark and brightest < _DARK_LEVEL:
            yield Finding(
                "black",
                Tone.WARNING,
                tr("The fixed range turns 8-bit sets black: {0}").format(_some(dark)),
                tr(
                    "Of {0:g} to {1:g}, 8-bit samples reach only the lowest part: their white becomes level {2:.0f} of "
                    "255. Use percentiles of each set, or a range that fits all sets."
                ).format(stretch.low, stretch.high, max(0.0, brightest)),
                tuple(dark),
            )


def _depths(counted: Sequence[tuple[Dataset, SetSummary]], stretch: Stretch) -> Iterator[Finding]:
    header = (tr("Set"), tr("Role"), tr("Bit depth"))
    depths = {dtype for _, summary in counted for dtype in summary.dtypes}
    if len(depths) > 1:
        rows = tuple((d.name, role_word(d.role), depths_words(s)) for d, s in counted)
        consequence = tr(
            "Sets of different depth went through different processing before they came here; metrics may see that "
            "instead of the terrain."
        )
        if stretch.kind is StretchKind.SET_PERCENTILE:
            consequence += " " + tr("Percentiles of each set bring them to the same range.")
        words = ", ".join(sorted(depth_word(dtype) for dtype in depths))
        yield Finding(
            "depths", Tone.NOTE, tr("Bit depth differs between images: {0}").format(words), consequence,
            tuple(d.name for d, _ in counted), header, rows,
        )  # fmt: skip


def _inside(dataset: Dataset, summary: SetSummary, excluded: Set[ImageKey]) -> Iterator[Finding]:
    name, sets = dataset.name, (dataset.name,)
    if dataset.skipped:
        rows = tuple((item.name, item.reason) for item in dataset.skipped)
        title = tr("{0} of '{1}' left out").format(count_words(len(rows), "1 file", "{0} files"), name)
        consequence = tr(
            "They look like images and cannot be used. The run goes on without them; if many are missing, the set is "
            "no longer the one you meant."
        )
        yield Finding(f"skipped {name}", Tone.WARNING, title, consequence, sets, (tr("File"), tr("Reason")), rows)
    yield from _repeats(dataset, summary, excluded)
    odd = tuple(item for item in summary.odd_sizes if (name, item[0]) not in excluded)
    if odd:
        usual = size_words(*next(iter(summary.sizes)))
        count = count_words(len(odd))
        yield Finding(
            f"odd {name}",
            Tone.NOTE,
            tr("'{0}': {1} not of {2}").format(name, count, usual),
            tr("A few images differ in size from the rest of their set. Often these are cut at a border, or strays."),
            sets,
            (tr("Image"), tr("Size")),
            tuple((image, size_words(width, height)) for image, width, height in odd),
            tuple((name, image) for image, _, _ in odd),
        )
    elif len(summary.sizes) > 1 and not summary.odd_sizes:
        rows = tuple((size_words(*size), f"{count:,}") for size, count in summary.sizes.items())
        yield Finding(
            f"sizes {name}",
            Tone.NOTE,
            tr("'{0}' holds {1}").format(name, sizes_words(summary)),
            tr("Networks see all images at one size: large images lose more detail than small ones."),
            sets,
            (tr("Size"), tr("Images")),
            rows,
        )
    if len(dataset) < FEW_IMAGES:
        yield Finding(
            f"few {name}",
            Tone.WARNING,
            tr("'{0}' has only {1}").format(name, count_words(len(dataset))),
            tr(
                "Below {0} images, metrics of whole sets are mostly small-sample bias: read them only against the "
                "noise floor, or add images."
            ).format(FEW_IMAGES),
            sets,
        )
    yield from _notes(dataset, summary)


def _repeats(dataset: Dataset, summary: SetSummary, excluded: Set[ImageKey]) -> Iterator[Finding]:
    rows = tuple(
        (group[0], other)
        for group in summary.repeats
        for other in group[1:]
        if excluded.isdisjoint(((dataset.name, group[0]), (dataset.name, other)))
    )
    if not rows:
        return
    share = len(rows) / len(dataset)
    count = count_words(len(rows), "1 repeated image", "{0} repeated images")
    title = tr("{0} in '{1}' ({2})").format(count, dataset.name, percent(share))
    consequence = (
        tr("The same image more than once is a sign of few modes, and each copy counts in every metric.")
        if dataset.role is Role.CANDIDATE
        else tr("Each copy counts in every metric, and the sample is smaller than its number says.")
    )
    yield Finding(
        f"repeats {dataset.name}",
        Tone.WARNING if share >= _NOTABLE_REPEATS else Tone.NOTE,
        title,
        consequence,
        (dataset.name,),
        (tr("Image"), tr("Same bytes")),
        rows,
        tuple((dataset.name, other) for _, other in rows),
    )


def _notes(dataset: Dataset, summary: SetSummary) -> Iterator[Finding]:
    for note in dataset.notes:
        if not (summary.repeats and _REPEATS_NOTE.match(note)):
            yield Finding(
                f"note {dataset.name} {note}",
                Tone.NOTE,
                f"'{dataset.name}': {note}",
                tr("Said by the reading of the set."),
                (dataset.name,),
            )


def _usual_sizes(counted: Sequence[tuple[Dataset, SetSummary]]) -> Iterator[Finding]:
    usual = [(dataset, next(iter(summary.sizes))) for dataset, summary in counted if summary.sizes]
    if len({size for _, size in usual}) > 1:
        yield Finding(
            "usual sizes",
            Tone.NOTE,
            tr("Sets differ in the size of their images"),
            tr(
                "Networks see all sets at one size, so that one set is shrunk more than another: the difference in "
                "sharpness counts in every metric. Best are sets of equal size and scale."
            ),
            tuple(dataset.name for dataset, _ in usual),
            (tr("Set"), tr("Role"), tr("Usual size")),
            tuple((dataset.name, role_word(dataset.role), size_words(*size)) for dataset, size in usual),
        )


def _classes(counted: Sequence[tuple[Dataset, SetSummary]]) -> Iterator[Finding]:
    for dataset, summary in counted:
        if summary.unlabelled:
            title = tr("{0} of '{1}' without a class").format(count_words(summary.unlabelled), dataset.name)
            words = tr("They take part in the run, and are missing wherever classes are shown.")
            yield Finding(f"unlabelled {dataset.name}", Tone.NOTE, title, words, (dataset.name,))
    reference = next(((d, s) for d, s in counted if d.role is Role.REFERENCE and s.labels), None)
    for dataset, summary in counted:
        if reference is not None and dataset.role is not Role.REFERENCE and summary.labels:
            yield from _imbalance(reference, dataset, summary)


def _imbalance(reference: tuple[Dataset, SetSummary], dataset: Dataset, summary: SetSummary) -> Iterator[Finding]:
    ours, theirs = summary.labels, reference[1].labels
    if not set(ours) & set(theirs):
        return
    shares = {
        label: (theirs.get(label, 0) / sum(theirs.values()), ours.get(label, 0) / sum(ours.values()))
        for label in {**theirs, **ours}
    }
    off = {label: pair for label, pair in shares.items() if abs(pair[0] - pair[1]) > _NOTABLE_SHARE or 0.0 in pair}
    if off:
        label, (wanted, got) = max(off.items(), key=lambda item: abs(item[1][0] - item[1][1]))
        words = tr("'{0}': {1} '{2}', the reference {3}").format(dataset.name, percent(got), label, percent(wanted))
        rows = tuple((label, percent(wanted), percent(got)) for label, (wanted, got) in shares.items())
        yield Finding(
            f"classes {dataset.name}",
            Tone.NOTE,
            tr("Classes out of balance in {0}").format(words),
            tr(
                "Metrics of whole sets count a different mix of classes as a difference between the sets, even where "
                "each image is perfect. Compare sets with the same mix."
            ),
            (reference[0].name, dataset.name),
            (tr("Class"), reference[0].name, dataset.name),
            rows,
        )


def _some(names: Sequence[str]) -> str:
    if len(names) <= _NAMED_SETS:
        return quoted(names)
    return tr("{0} and {1} more").format(
        ", ".join(f"'{name}'" for name in names[:_NAMED_SETS]), len(names) - _NAMED_SETS
    )
