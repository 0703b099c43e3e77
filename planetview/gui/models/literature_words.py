"""What papers report for a metric on an extractor: a scale to read by, never a rank."""

from __future__ import annotations

from html import escape

from planetview.core.catalogue import LITERATURE_CAUTION, LiteratureValue, literature_for
from planetview.gui.models.wording import tr

_MOST_ROWS = 40


def literature_range(metric: str, extractor: str | None) -> tuple[str, str]:
    """Return ("2.70 to 5.06", "7 published values"), or the one value and its dataset, or empty words."""
    found = literature_for(metric, extractor)
    if not found:
        return "", ""
    if len(found) == 1:
        return f"{found[0].number:.4g}", found[0].dataset
    numbers = [value.number for value in found]
    ends = tr("{0} to {1}").format(f"{min(numbers):.4g}", f"{max(numbers):.4g}")
    return ends, tr("{0} published values").format(len(found))


def literature_html(metric: str, extractor: str | None) -> str:
    """Return every published value with its source, the caution first; says so where there is none."""
    title = f"<p><b>{escape(tr('Published values'))}</b></p>"
    found = literature_for(metric, extractor)
    if not found:
        return title + f"<p>{escape(tr('None is known for exactly this metric on exactly these features.'))}</p>"
    lines = "".join(_line(value) for value in found[:_MOST_ROWS])
    return f"{title}<p>{escape(LITERATURE_CAUTION)}</p>{lines}"


def literature_help() -> str:
    """Return what the column is."""
    what = tr("What papers report for the same metric on the same features.")
    return f"<p>{escape(what)} {escape(LITERATURE_CAUTION)}</p>"


def _line(value: LiteratureValue) -> str:
    caution = f"<br><i>{escape(value.caution)}</i>" if value.caution else ""
    return (
        f'<p style="margin: 0 0 6px 0"><b>{escape(value.text)}</b> {escape(value.dataset)}, '
        f"{escape(value.generator)}<br>{escape(value.citation)}{caution}</p>"
    )
