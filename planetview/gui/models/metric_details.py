"""What is known about a metric and about one of its values, as rich text."""

from __future__ import annotations

from html import escape

from planetview.core.catalogue import EXTRACTORS, METRICS, Direction, Family, published_name
from planetview.core.formatting import format_count, format_value
from planetview.core.results import MetricValue
from planetview.core.stats import Interval
from planetview.gui.models.metric_rows import family_help, family_title
from planetview.gui.models.wording import NO_VALUE, floor_words, tr, with_interval

_OPERATORS = ("+", "−", "=", "·", "/")


def family_html(family: Family) -> str:
    """Return what the metrics of a family have in common."""
    return f"<p><b>{escape(family_title(family))}</b></p><p>{escape(family_help(family))}</p>"


def metric_html(metric: str, extractor: str | None) -> str:
    """Return definition, formula, range, caveats and citation of a metric and its extractor."""
    spec = METRICS[metric]
    better = tr("lower is better") if spec.direction is Direction.LOWER else tr("higher is better")
    parts = [
        f"<p><b>{escape(published_name(metric, extractor) or spec.label)}</b> {spec.direction.arrow} {better}</p>",
        f"<p>{escape(spec.definition)}</p>",
        _stacked(
            (
                (tr("Formula"), unbroken(spec.formula)),
                (tr("Range"), spec.value_range),
                (tr("Mind"), spec.caveats),
                (tr("Source"), spec.citation),
                (tr("Parity"), spec.parity),
            )
        ),
    ]
    known = EXTRACTORS.get(extractor) if extractor is not None else None
    if known is not None:
        parts.append(f"<p><b>{escape(known.label)}</b></p><p>{escape(known.definition)} {escape(known.caveats)}</p>")
        parts.append(_stacked(((tr("Source"), known.citation),)))
    return "".join(parts)


def unbroken(formula: str) -> str:
    """Return a formula whose lines end only between words or before an operator, not inside of inner brackets."""
    depth, text = 0, ""
    for place, character in enumerate(formula):
        depth += (character in "([{") - (character in ")]}")
        shown = character
        if character == " ":
            before, after = formula[place - 1 : place], formula[place + 1 : place + 2]
            is_between_terms = depth <= 1 and after in _OPERATORS
            is_between_words = depth == 0 and before not in _OPERATORS and not before.isdigit()
            shown = " " if is_between_terms or is_between_words else "\N{NO-BREAK SPACE}"
        text += shown
    return text


def cell_html(value: MetricValue) -> str:
    """Return one value with everything that makes it citable, or the reason why there is none."""
    title = f"<p><b>{escape(value.candidate)}</b></p>"
    if value.value is None:
        notes = ((tr("Note"), note) for note in value.notes)
        return title + f"<p>{NO_VALUE}: {escape(value.reason)}</p>" + _table(tuple(notes))
    unit = METRICS[value.metric].unit
    rows = [
        (tr("Value"), with_interval(value.value, value.interval, unit)),
        (tr("Interval"), _interval_words(value.interval)),
        (tr("Noise floor"), _floor(value, unit)),
        (tr("Against it"), floor_words(value, with_floor=False)),
        (tr("Sample"), tr("n = {0} images a side, seed {1}").format(format_count(value.n), value.seed)),
        (tr("Variant"), value.variant),
        *((name[:1].upper() + name[1:], format_value(companion)) for name, companion in value.extra.items()),
        *((tr("Note"), note) for note in value.notes),
    ]
    return title + _table(tuple(rows))


def floor_html(value: MetricValue) -> str:
    """Return the noise floor that a value is read against, and what it is."""
    if value.floor is None:
        return f"<p><b>{tr('Noise floor')}</b></p><p>{escape(value.floor_reason or tr('none'))}</p>"
    rows = (
        (tr("Value"), with_interval(value.floor, value.floor_interval, METRICS[value.metric].unit)),
        (tr("Interval"), _interval_words(value.floor_interval)),
        (tr("Sample"), tr("n = {0} images a side, seed {1}").format(format_count(value.n), value.seed)),
    )
    return f"<p><b>{tr('Noise floor')}</b></p><p>{escape(floor_help(value.metric))}</p>{_table(rows)}"


def floor_help(metric: str = "") -> str:
    """Return what the noise floor is, of one metric or of the others."""
    if metric and METRICS[metric].family is Family.GENERALISATION:
        return tr("The reference's share of all real images: what chance gives where nothing is copied.")
    return tr("The same number for held-out against reference images: what two real samples give.")


def _interval_words(interval: Interval | None) -> str:
    if interval is None:
        return tr("none")
    ends = f"{format_value(interval.low)} to {format_value(interval.high)}"
    return f"{ends} ({interval.level * 100:g}\N{NO-BREAK SPACE}%, {interval.kind})"


def _floor(value: MetricValue, unit: str) -> str:
    if value.floor is None:
        return value.floor_reason or tr("none")
    return with_interval(value.floor, value.floor_interval, unit)


def _table(rows: tuple[tuple[str, str], ...]) -> str:
    lines = "".join(
        f'<tr><td width="40%" valign="top" style="padding-right: 6px; padding-bottom: 4px">'
        f"<i>{escape(name)}</i></td>"
        f'<td style="padding-bottom: 4px">{escape(_together(text))}</td></tr>'
        for name, text in rows
        if text
    )
    return f'<table width="100%">{lines}</table>' if lines else ""


def _together(text: str) -> str:
    """Return a text whose lines do not end inside of a number with its interval, or before a unit."""
    for sign in (" ± ", " = "):
        text = text.replace(sign, sign.replace(" ", "\N{NO-BREAK SPACE}"))
    return text.replace(" %", "\N{NO-BREAK SPACE}%").replace("(n − 1)", "(n\N{NO-BREAK SPACE}−\N{NO-BREAK SPACE}1)")


def _stacked(rows: tuple[tuple[str, str], ...]) -> str:
    """Return each text below its name: beside it, long ones get a column of two words."""
    lines = (f'<p style="margin: 0 0 6px 0"><i>{escape(name)}</i><br>{escape(text)}</p>' for name, text in rows if text)
    return "".join(lines)
