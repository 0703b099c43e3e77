"""Write docs/metrics.md from the catalogue: what every metric and every extractor is, and what papers report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from planetview.core.catalogue import (
    DEFAULT_METRICS,
    EXTRACTORS,
    LITERATURE_CAUTION,
    METRICS,
    Direction,
    ExtractorSpec,
    Family,
    MetricSpec,
    literature,
)
from planetview.core.catalogue.path_length import PATH_LENGTHS
from planetview.core.catalogue.published import PUBLISHED_NAMES

PAGE = Path(__file__).with_name("metrics.md")

_INTRODUCTION = """\
# Metrics and feature extractors

Made from the catalogue by `docs/make_metrics_page.py`; run `.venv/bin/python docs/make_metrics_page.py` after a change
there. `planetview metrics` prints the same on the command line.

A value has a published name only where metric *and* features are those of the publication: the same formula on other
features, or the same network after another resize, is another number. Every value stands beside the same value for
held-out against reference images (the noise floor), at the same sample size where the metric allows it.
"""

_FAMILIES = {
    Family.DISTRIBUTION: "Distribution metrics: features of two sets",
    Family.GENERALISATION: "Generalisation: did the generator copy?",
    Family.PAIRWISE: "Pairwise metrics: each image and its nearest reference image",
}


def page() -> str:
    """Return the whole page as Markdown."""
    return "\n".join((_INTRODUCTION, *_names(), *_metrics(), *_extractors(), *_path_lengths(), *_literature()))


def _names() -> Iterator[str]:
    yield "## Published names\n"
    yield from _table(
        ("name", "metric", "extractor"),
        (
            (name, f"`{metric}` {METRICS[metric].label}", f"`{extractor}` {EXTRACTORS[extractor].label}")
            for (metric, extractor), name in PUBLISHED_NAMES.items()
        ),
    )


def _metrics() -> Iterator[str]:
    for family, heading in _FAMILIES.items():
        yield f"## {heading}\n"
        for spec in METRICS.values():
            if spec.family is family:
                yield from _metric(spec)


def _metric(spec: MetricSpec) -> Iterator[str]:
    better = "lower is better" if spec.direction is Direction.LOWER else "higher is better"
    yield f"### {spec.label}\n"
    yield f"{spec.definition}\n"
    yield from _list(
        ("id", f"`{spec.id}`, {'on' if spec.id in DEFAULT_METRICS else 'off'} by default"),
        ("formula", spec.formula),
        ("read it", f"{better} {spec.direction.arrow}; {spec.value_range}{f'; {spec.unit}' if spec.unit else ''}"),
        ("images", f"at least {spec.min_images} on each side" if spec.on_features else ""),
        ("weights", ", ".join(f"`{weights}`" for weights in spec.weights)),
        ("mind", spec.caveats),
        ("checked against", spec.parity),
        ("source", spec.citation),
    )


def _extractors() -> Iterator[str]:
    yield "## Feature extractors\n"
    for spec in EXTRACTORS.values():
        yield f"### {spec.label}\n"
        yield f"{spec.definition}\n"
        yield from _list(*_extractor(spec))


def _extractor(spec: ExtractorSpec) -> Iterator[tuple[str, str]]:
    names = [name for (_, extractor), name in PUBLISHED_NAMES.items() if extractor == spec.id]
    yield "id", f"`{spec.id}`, {spec.dim:,} dimensions{', with class probabilities' if spec.has_classes else ''}"
    yield "preprocessing", spec.preprocessing
    yield "weights", f"{', '.join(f'`{weights}`' for weights in spec.weights)}; {spec.licence}"
    yield "published names", "; ".join(names)
    yield "mind", spec.caveats
    yield "checked against", spec.parity
    yield "source", spec.citation


def _path_lengths() -> Iterator[str]:
    yield "## Path lengths: of a generator, not of images\n"
    yield (
        "`planetview path-length` measures how smoothly a generator's images follow its latents; lower is better. How, "
        "and which variant to take: [generators.md](generators.md).\n"
    )
    for spec in PATH_LENGTHS.values():
        yield f"### {spec.label}\n"
        yield f"{spec.definition}\n"
        yield from _list(
            ("id", f"`{spec.id}`"),
            ("published name", f"`{spec.published}`" if spec.published else "none"),
            ("weights", ", ".join(f"`{weights}`" for weights in spec.weights)),
            ("mind", spec.caveats),
            ("source", spec.citation),
        )


def _literature() -> Iterator[str]:
    yield "## What papers report\n"
    yield f"{LITERATURE_CAUTION}\n"
    for citation in dict.fromkeys(value.citation for value in literature()):
        values = [value for value in literature() if value.citation == citation]
        cautions = {value.caution for value in values}
        yield f"### {citation}\n"
        if len(cautions) == 1:
            yield from (f"{caution}\n" for caution in cautions if caution)
            yield from _table(
                ("images", "generator", "metric", "value"), ((v.dataset, v.generator, v.label, v.text) for v in values)
            )
        else:
            yield from _table(
                ("images", "generator", "metric", "value", "mind"),
                ((v.dataset, v.generator, v.label, v.text, v.caution) for v in values),
            )


def _list(*entries: tuple[str, str]) -> Iterator[str]:
    yield from (f"- **{name}:** {_sentence(words)}" for name, words in entries if words)
    yield ""


def _sentence(words: str) -> str:
    return words if words.endswith(".") else f"{words}."


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, tuple("---" for _ in head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
