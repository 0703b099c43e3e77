"""What the composition root lends the window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from planetview.core.messages import ScanTarget
from planetview.core.report_options import ReportOptions
from planetview.core.results import Results

PrepareDemo = Callable[[Callable[[], None]], tuple[ScanTarget, ...]]
Export = Callable[[Results, Path, ReportOptions], None]


@dataclass(frozen=True)
class Services:
    """What the composition root lends the window, so that it need not know who does it.

    prepare_demo: writes the demo's images and returns its sources; calls what it is given to be cancelled.
    exports: suffix -> writer of a report. report_file: the bytes of the HTML report, for archives.
    """

    prepare_demo: PrepareDemo | None = None
    exports: Mapping[str, Export] | None = None
    report_file: Callable[[Results, ReportOptions], bytes] | None = None
