"""Writers of the results by suffix, for the window; functions of a module, since another process may call them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import planetview
from planetview.core.report_options import ReportOptions
from planetview.core.results import Results


def export_html(results: Results, path: Path, options: ReportOptions) -> None:
    """Write the report as one HTML file; raises UserError when it cannot be written."""
    from planetview.core.files import write_text_atomically
    from planetview.core.recorded_stretch import image_loader
    from planetview.report.html import render_report

    load = image_loader(results, options.marked.datasets)
    write_text_atomically(path, render_report(results, load, options))


def export_pdf(results: Results, path: Path, options: ReportOptions) -> None:
    """Write the report as PDF on A4 pages; raises UserError when it cannot be written."""
    from planetview.core.recorded_stretch import image_loader
    from planetview.gui.report_pdf import write_pdf
    from planetview.report.paged import paged_report

    load = image_loader(results, options.marked.datasets)
    write_pdf(paged_report(results, load, options), path, f"PlanetView {planetview.__version__}")


def export_csv(results: Results, path: Path, _options: ReportOptions) -> None:
    """Write the metric table as CSV."""
    from planetview.core.files import write_text_atomically
    from planetview.core.tables import values_csv

    write_text_atomically(path, values_csv(results.values))


def export_json(results: Results, path: Path, _options: ReportOptions) -> None:
    """Write the full results as JSON."""
    from planetview.core.results_io import write_results

    write_results(results, path)


def report_file(results: Results, options: ReportOptions) -> bytes:
    """Return the bytes of the HTML report, for an archive."""
    from planetview.core.recorded_stretch import image_loader
    from planetview.report.html import render_report

    load = image_loader(results, options.marked.datasets)
    return render_report(results, load, options).encode("utf-8")


EXPORTS: dict[str, Callable[[Results, Path, ReportOptions], None]] = {
    ".html": export_html,
    ".pdf": export_pdf,
    ".csv": export_csv,
    ".json": export_json,
}
