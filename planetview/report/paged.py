"""The report for paper: plain HTML that a text layout engine takes, with its charts and pictures beside it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from planetview.core.report_options import ReportOptions
from planetview.core.results import Results
from planetview.report.html import environment, printable_lines, report_context
from planetview.report.thumbnails import LoadRgb8

_MOST_NAME = 22
_BREAK_AFTER = "/\\_-.,:="
_ZERO_WIDTH_SPACE = "\u200b"
# The light palette of report.css; here it stands in the picture itself.
_CHART_STYLE = (
    "text{fill:#57606a;font-size:11px;font-family:sans-serif}.line{fill:none;stroke-width:2}"
    ".dots{fill:none;stroke-width:4.5;stroke-linecap:round}.axis,.tick{stroke:#57606a;stroke-width:1}"
    ".grid{stroke:#d5dae0;stroke-width:1}.fit{stroke:#1b1f24;stroke-width:2}"
    ".c0{stroke:#0072b2}.c1{stroke:#009e73}.c2{stroke:#d55e00}.c3{stroke:#b0568a}.c4{stroke:#b57900}.c5{stroke:#2f8fc4}"
)


@dataclass(frozen=True, slots=True)
class PagedReport:
    """A report to be laid out on pages.

    html: a subset of HTML 4 with a style sheet, no outside references; its images name keys of the other two.
    charts: name -> SVG. pictures: name -> PNG or JPEG. banner: for the top and bottom of every page, "" for none.
    """

    title: str
    banner: str
    html: str
    charts: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)


def paged_report(results: Results, load_rgb8: LoadRgb8, options: ReportOptions) -> PagedReport:
    """Return the report for paper; see `render_report` for `load_rgb8` and for what is escaped and cut."""
    context = report_context(results, load_rgb8, options)
    report = PagedReport(str(context["title"]), str(context["banner"]), "")
    names: dict[str, str] = {}

    def chart(svg: Markup) -> str:
        """Keep a chart, and return its name; "" for the words that stand where there is nothing to draw."""
        if not svg.startswith("<svg"):
            return ""
        if svg not in names:
            names[svg] = f"chart:{len(names)}"
            report.charts[names[svg]] = _standalone(svg)
        return names[svg]

    def picture(uri: str) -> str:
        try:
            data = base64.b64decode(uri.partition(",")[2], validate=True)
        except binascii.Error:
            return ""
        name = f"picture:{len(report.pictures)}"
        report.pictures[name] = data
        return name

    own = environment().overlay()
    own.filters = {
        **own.filters,
        "chart": chart,
        "picture": picture,
        "shortened": _shortened,
        "nobreak": _unbroken,
        "breakable": _breakable,
    }
    page = own.get_template("print.html.j2").render(context)
    return PagedReport(
        report.title, report.banner, page.encode("utf-8", "replace").decode("utf-8"), report.charts, report.pictures
    )


def _standalone(svg: str) -> str:
    """Return a chart that draws itself without the page: with its name space, its style, and dots of some length."""
    head, _, rest = svg.partition(">")
    # Lines of no length have round ends in browsers only.
    rest = rest.replace("h0", "h.01")
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{_CHART_STYLE}</style>{rest}'


def _shortened(name: str) -> str:
    return name if len(name) <= _MOST_NAME else f"…{name[-_MOST_NAME + 1 :]}"


def _unbroken(text: str) -> Markup:
    return Markup(str(escape(text)).replace(" ", "&nbsp;"))


def _breakable(text: str) -> Markup:
    """Let long paths and digests break where the column ends."""
    escaped = str(escape(printable_lines(text)))
    pieces = "".join(c + _ZERO_WIDTH_SPACE if c in _BREAK_AFTER else c for c in escaped)
    words = [_cut(word) for word in pieces.split(" ")]
    return Markup(" ".join(words))


def _cut(word: str) -> str:
    if len(word) < 40 or not word.isalnum():
        return word
    return _ZERO_WIDTH_SPACE.join(word[i : i + 16] for i in range(0, len(word), 16))
