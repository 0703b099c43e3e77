"""Everything about one weight file, about a download and about an import, as rich text."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from shlex import quote
from urllib.parse import urlsplit

from planetview.core.catalogue import WeightSource, WeightsSpec
from planetview.core.formatting import format_bytes, format_count, printable
from planetview.core.messages import ModelsAction
from planetview.core.models import ImportOutcome, WeightState, WeightStatus
from planetview.gui.models.weight_table import size_words, status_words, unlocked
from planetview.gui.models.wording import tr
from planetview.gui.weight_files import Report

# Laying out a paragraph takes 0.1 ms; whoever imports more files at once reads their list elsewhere.
MOST_OUTCOMES = 100


def weights_html(spec: WeightsSpec, state: WeightState | None, folder: Path) -> str:
    """Return what the weights are, what was found of them, where they come from, and the next step."""
    is_there = state is not None and state.path is not None
    lines = [
        (tr("State"), status_words(state)),
        (tr("Note"), state.note if state else ""),
        (tr("Next step"), _next_step(spec, state)),
        (tr("Needed for"), ", ".join(unlocked(spec))),
        (tr("Licence"), spec.licence),
        (tr("File in use") if state is None or state.status is WeightStatus.PRESENT else tr("File found"),
         str(state.path) if state is not None and is_there else ""),
        (tr("Size"), size_words(spec, state)),
        (tr("Comes from a file with SHA-256"), (state.digest or "") if state else ""),
        *(pair for source in spec.sources for pair in _source_lines(source)),
        (tr("Home page"), spec.homepage),
        (tr("Weights folder"), str(folder)),
        (tr("On the command line"), command_of(spec, state)),
    ]  # fmt: skip
    body = "".join(_paragraph(name, printable(text)) for name, text in lines if text)
    return f"<p><b>{escape(spec.title)}</b><br>{escape(spec.id)}</p>{body}"


def _next_step(spec: WeightsSpec, state: WeightState | None) -> str:
    if state is not None and state.status is WeightStatus.MISSING and spec.url:
        return tr("Press Fetch, or import a file you have.")
    return state.advice if state else ""


def command_of(spec: WeightsSpec, state: WeightState | None) -> str:
    """Return the command line that does the next thing one does with these weights."""
    if state is not None and state.status is WeightStatus.PRESENT:
        return f"planetview models verify {spec.id}"
    if spec.url:
        return f"planetview models fetch {spec.id}"
    requirement = next(source.requirement for source in spec.sources if source.requirement)
    return f"pip install --no-deps {quote(requirement)}"


def hosts_of(spec: WeightsSpec) -> tuple[str, ...]:
    """Return the hosts that a download may come from, the first one tried first."""
    return tuple(dict.fromkeys(urlsplit(source.url).hostname or "" for source in spec.sources if source.url))


def download_words(specs: Iterable[WeightsSpec]) -> list[str]:
    """Return one line a download: what, how much, from where, under which licence."""
    words = tr("{0}: about {1} from {2}, licence {3}")
    return [
        words.format(spec.title, format_bytes(spec.size_mib * 2**20), tr(" or ").join(hosts_of(spec)), spec.licence)
        for spec in specs
    ]


def report_title(report: Report) -> str:
    """Return what was done and how much of it went well."""
    title = {
        ModelsAction.IMPORT: tr("Import"),
        ModelsAction.FETCH: tr("Fetch"),
        ModelsAction.VERIFY: tr("Verify"),
        ModelsAction.PACK: tr("Save pack"),
    }.get(report.request.action, "")
    good = sum(outcome.accepted for outcome in report.outcomes)
    pairs = zip((good, len(report.outcomes) - good), _outcome_words(report.request.action), strict=True)
    counts = [f"{format_count(count)} {word}" for count, word in pairs if count]
    return f"{title}: {', '.join(counts)}" if counts else tr("{0}: there was nothing to do").format(title)


def report_html(report: Report, good: str, bad: str) -> str:
    """Return what became of every file, with reason and next step; `good` and `bad` colour the words "#rrggbb"."""
    words = _outcome_words(report.request.action)
    # What needs a decision comes first.
    ordered = sorted(report.outcomes, key=lambda outcome: outcome.accepted)
    lines = [_outcome_html(outcome, words, good, bad) for outcome in ordered[:MOST_OUTCOMES]]
    hidden = len(ordered) - len(lines)
    if hidden:
        lines.append(f"<p>{escape(tr('… and {0} more files').format(format_count(hidden)))}</p>")
    return "".join(lines)


def _outcome_words(action: ModelsAction) -> tuple[str, str]:
    return {
        ModelsAction.VERIFY: (tr("whole"), tr("not whole")),
        ModelsAction.PACK: (tr("packed"), tr("left out")),
        ModelsAction.FETCH: (tr("fetched"), tr("refused")),
    }.get(action, (tr("accepted"), tr("refused")))


def _outcome_html(outcome: ImportOutcome, words: tuple[str, str], good: str, bad: str) -> str:
    mark, word, colour = ("✓", words[0], good) if outcome.accepted else ("✗", words[1], bad)
    hint = f"<br>{escape(printable(outcome.hint))}" if outcome.hint else ""
    return (
        f'<p style="margin: 0 0 6px 0"><b style="color: {colour}">{mark} {escape(word)}</b> '
        f"<b>{escape(printable(outcome.path.name))}</b>: {escape(printable(outcome.message))}{hint}</p>"
    )


def _source_lines(source: WeightSource) -> list[tuple[str, str]]:
    digest = source.sha256 or (f"{source.sha256_prefix}…" if source.sha256_prefix else tr("not published"))
    return [
        (tr("Published as"), ", ".join(source.files)),
        (tr("Address"), source.url),
        (tr("Python package"), source.requirement),
        (tr("Published SHA-256"), digest),
    ]


def _paragraph(name: str, text: str) -> str:
    return f'<p style="margin: 0 0 6px 0"><i>{escape(name)}</i><br>{escape(text)}</p>'
