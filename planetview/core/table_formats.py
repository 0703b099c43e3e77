"""Metric values as tables for papers and notes: LaTeX with booktabs, and Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from planetview.core.catalogue import METRICS, Direction, Family, value_label
from planetview.core.formatting import MISSING, format_count, format_ratio, printable, value_and_spread
from planetview.core.results import MetricValue
from planetview.core.stats import Interval

_HEADER = ("Metric", "Candidate", "Value", "Noise floor", "Ratio", "n")
_NUMBERS_FROM = 2  # the columns before it hold words and stand left
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "''", "`": r"\textasciigrave{}", "[": "{[}", "]": "{]}", "*": "{*}",
    "\N{EN DASH}": r"\textendash{}",
    "\N{EM DASH}": r"\textemdash{}", "×": r"$\times$", "±": r"$\pm$", "−": "$-$", "·": r"$\cdot$",
    "≤": r"$\leq$", "≥": r"$\geq$", "∞": r"$\infty$", "σ": r"$\sigma$", "√": r"$\surd$", "↓": r"$\downarrow$",
    "↑": r"$\uparrow$", "²": "$^2$", "³": "$^3$", "\N{REPLACEMENT CHARACTER}": "?",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_MATH = (("−", "-"), ("±", r"\pm"), ("×", r"\times"), ("∞", r"\infty"), ("undefined", r"\mathrm{undefined}"))
_POWER = re.compile("×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$&])")


@dataclass(frozen=True, slots=True)
class _Line:
    """One row in words. name: with unit and arrow. note: 1-based number of the reason for a missing value, or 0."""

    name: str
    candidate: str
    value: str
    floor: str
    ratio: str
    n: str
    note: int


def table_caption(values: Sequence[MetricValue], version: str) -> str:
    """Return a caption in plain words: what the columns are, which intervals, seed and version."""
    present = [value for value in values if value.value is not None]
    intervals = [i for value in present for i in (value.interval, value.floor_interval) if i is not None]
    parts = ["Values of each candidate against the reference"]
    if intervals:
        levels = _listed(f"{level * 100:g} %" for level in dict.fromkeys(i.level for i in intervals))
        kinds = "; ".join(dict.fromkeys(i.kind for i in intervals))
        parts[0] += f" with {levels} intervals ({kinds})"
    if any(value.floor is not None for value in present):
        parts.append("Noise floor: the same number for held-out against reference images")
        if any(value.metric in METRICS and METRICS[value.metric].family is Family.GENERALISATION for value in present):
            parts[-1] += ", or the share that chance gives where copies are looked for"
        parts.append("Ratio: value over noise floor")
    parts.append("n: images a side")
    seeds = list(dict.fromkeys(value.seed for value in present))
    if seeds:
        parts.append(f"Seed {_listed(map(str, seeds))}")
    parts.append(f"PlanetView {version}".strip())
    return printable(". ".join(parts) + ".")


def values_markdown(values: Iterable[MetricValue], version: str) -> str:
    """Return a pipe table, numbers right-aligned, then the reasons for missing values and the caption.

    One row per value; metrics under their published names where they have one. Numbers are rounded to
    their interval: the table is for reading, `values_csv` and `values_json` are for computing.
    """
    cells = tuple(values)
    lines, reasons = _lines(cells)
    rows = [_HEADER, *(_markdown_row(line) for line in lines)]
    widths = [max(3, *map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * width if i < _NUMBERS_FROM else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    padded = [[_pad(cell, widths[i], i >= _NUMBERS_FROM) for i, cell in enumerate(row)] for row in rows]
    table = "\n".join(f"| {' | '.join(row)} |" for row in (padded[0], rule, *padded[1:]))
    notes = "\n".join(f"{number}. {_markdown(reason)}" for number, reason in enumerate(reasons, 1))
    return "\n\n".join(filter(None, (table, notes, _markdown(table_caption(cells, version))))) + "\n"


def values_latex(values: Iterable[MetricValue], version: str) -> str:
    """Return a `tabular` with the rules of booktabs, its caption as a comment above, reasons for gaps below.

    Needs the package booktabs and nothing else; all names are escaped. One row per value, as `values_markdown`.
    """
    cells = tuple(values)
    lines, reasons = _lines(cells)
    columns = "l" * _NUMBERS_FROM + "r" * (len(_HEADER) - _NUMBERS_FROM)
    body = []
    for line, before in zip(lines, [None, *lines], strict=False):
        is_same = before is not None and before.name == line.name
        if before is not None and not is_same:
            body.append(r"\addlinespace")
        body.append(" & ".join(_latex_row(line, has_name=not is_same)) + r" \\")
    text = [
        r"% Needs \usepackage{booktabs}. Caption:",
        rf"% \caption{{{_latex(table_caption(cells, version))}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join((*_HEADER[:-1], "$n$")) + r" \\",
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
    ]
    if reasons:
        notes = (rf"$^{{{number}}}$~{_latex(reason)}\par" for number, reason in enumerate(reasons, 1))
        text += [r"\par\smallskip", r"{\footnotesize\raggedright", *notes, "}"]
    return "\n".join(text) + "\n"


def _lines(values: Sequence[MetricValue]) -> tuple[list[_Line], list[str]]:
    reasons: list[str] = []
    lines = []
    for value in values:
        note = 0
        if value.value is None:
            reason = value.reason or "no value"
            if reason not in reasons:
                reasons.append(reason)
            note = reasons.index(reason) + 1
        lines.append(
            _Line(
                _name(value), value.candidate, _number(value.value, value.interval),
                _number(value.floor, value.floor_interval), format_ratio(value.ratio),
                format_count(value.n) if value.value is not None else MISSING, note,
            )
        )  # fmt: skip
    return lines, reasons


def _name(value: MetricValue) -> str:
    label = value_label(value.metric, value.extractor)
    spec = METRICS.get(value.metric)
    if spec is None:
        return label
    return f"{label}{f' ({spec.unit})' if spec.unit else ''} {'↓' if spec.direction is Direction.LOWER else '↑'}"


def _number(number: float | None, interval: Interval | None) -> str:
    return MISSING if number is None else " ".join(filter(None, value_and_spread(number, interval)))


def _markdown_row(line: _Line) -> tuple[str, ...]:
    value = f"{line.value} ({line.note})" if line.note else line.value
    return (_markdown(line.name), _markdown(line.candidate), value, line.floor, line.ratio, line.n)


def _latex_row(line: _Line, *, has_name: bool) -> tuple[str, ...]:
    value = _math(line.value) + (rf"$^{{{line.note}}}$" if line.note else "")
    numbers = (value, *map(_math, (line.floor, line.ratio)), line.n if line.n != MISSING else "---")
    return (_latex(line.name) if has_name else "", _latex(line.candidate), *numbers)


def _math(text: str) -> str:
    """Return a number as `formatting` writes it in LaTeX's math mode."""
    if text == MISSING:
        return "---"
    text = _POWER.sub(lambda power: rf" \times 10^{{{power[1].translate(_SUPERSCRIPTS)}}}", text)
    for mark, command in _MATH:
        text = text.replace(mark, command)
    spaced = text.replace(" [", r"\ [")
    return f"${spaced}$"


def _latex(text: str) -> str:
    # Two hyphens in a row would be set as a dash.
    return "".join(_LATEX.get(character, character) for character in printable(text)).replace("--", "-{-}")


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", printable(text))


def _pad(text: str, width: int, is_right: bool) -> str:
    return text.rjust(width) if is_right else text.ljust(width)


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
