"""What is said about a generator and its path lengths, as HTML for the pages."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from planetview.core.catalogue.path_length import PATH_LENGTHS, PUBLISHED_SAMPLES
from planetview.core.formatting import format_count, format_interval, format_value, printable
from planetview.core.generation import GeneratorDescription, PathLengthResult, PathLengthValue
from planetview.gui.models.wording import tr

_FORMATS = {
    "stylegan2": "StyleGAN2",
    "stylegan3": "StyleGAN3",
    "onnx": "ONNX",
    "torchscript": "TorchScript",
    "torch.export": "torch.export",
}
_NOISES = {
    "controllable": "drawn anew for each image, or the file's own",
    "fixed": "the file's own, the same for every image",
    "none": "none",
}


def description_rows(found: GeneratorDescription) -> list[tuple[str, str]]:
    """Return what a generator is as (name, words)."""
    height, width = found.resolution
    styles = tr("{0} rows of {1}").format(found.num_ws, found.w_dim) if found.num_ws else tr("not apart from z")
    return [
        (tr("File"), printable(str(found.path))),
        (tr("Architecture"), _FORMATS.get(found.format, found.format)),
        (tr("Source code"), found.source),
        (tr("Images"), f"{width} × {height}, {tr('grey') if found.channels == 1 else tr('colour')}"),
        (tr("Latents z"), str(found.z_dim)),
        (tr("Styles w"), styles),
        (tr("Classes"), str(found.classes) if found.classes else tr("none")),
        (tr("Truncation"), tr("yes") if found.truncation else tr("not available")),
        (tr("Noise"), tr(_NOISES.get(found.noise, found.noise))),
        ("SHA-256", found.sha256),
    ]


def description_html(found: GeneratorDescription) -> str:
    """Return what a generator is, what to know about it, and what it cannot be used for."""
    rows = "".join(
        f'<p style="margin:0 0 6px 0"><b>{escape(name)}</b><br>{_breakable(words)}</p>'
        for name, words in description_rows(found)
    )
    notes = (*found.warnings, found.sampling_problem, found.path_length_problem)
    return rows + "".join(f"<p>⚠ {escape(note)}</p>" for note in notes if note)


def description_text(found: GeneratorDescription) -> str:
    """Return the same rows as plain text, one a line."""
    return "\n".join(f"{name}: {words}" for name, words in description_rows(found))


def path_lengths_html(found: Sequence[PathLengthResult], *, is_brief: bool) -> str:
    """Return a table of path lengths; not brief: with every setting and note below it."""
    heads = (tr("Generator"), tr("Path length ↓"), tr("Value"), tr("Interval"), "n", "")
    lines = [
        "".join(
            f'<th align="{_side(i)}" style="padding:0 12px 2px 0">{escape(head)}</th>' for i, head in enumerate(heads)
        )
    ]
    for result in found:
        for value in result.values:
            cells = _cells(result, value)
            lines.append(
                "".join(
                    f'<td align="{_side(i)}" style="padding:0 12px 2px 0">{escape(cell)}</td>'
                    for i, cell in enumerate(cells)
                )
            )
    table = "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"
    if is_brief:
        return table
    said = dict.fromkeys(
        words for result in found for words in (*(value.text for value in result.values), *result.notes) if words
    )
    return table + "".join(f'<p style="margin:6px 0 0 0">{escape(words)}</p>' for words in said)


def _cells(result: PathLengthResult, value: PathLengthValue) -> tuple[str, ...]:
    name, label = printable(result.generator.name), PATH_LENGTHS[value.variant].label
    if value.value is None:
        return (name, label, tr("no value"), "", "", value.reason)
    return (
        name,
        label,
        format_value(value.value, value.interval),
        format_interval(value.interval, value.value),
        format_count(value.n),
        tr("screening") if value.n < PUBLISHED_SAMPLES else "",
    )


def _side(column: int) -> str:
    return "right" if column in (2, 3, 4) else "left"


def _breakable(words: str) -> str:
    """Let long names and digests break where the panel ends."""
    return escape(words).replace("/", "/\N{ZERO WIDTH SPACE}")
