"""What the tests of the overview share: a page, values, and where things are on it."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton

from planetview.core.results import MetricValue
from planetview.core.stats import Interval
from planetview.gui.models.metric_rows import MetricRow
from planetview.gui.models.metric_table import MetricTableModel
from planetview.gui.views.overview import OverviewPage


def button(page: OverviewPage, text: str) -> QPushButton:
    return next(found for found in page.findChildren(QPushButton) if found.text() == text)


def copy_table(page: OverviewPage) -> None:
    button(page, "Copy table").click()


def value(metric: str, candidate: str, number: float, half: float = 0.01, **more) -> MetricValue:
    extractor = None if metric in ("psnr", "ssim") else "vgg16-st"
    interval = Interval(number - half, number + half, 0.95, "jackknife")
    return MetricValue(metric, extractor, candidate, number, interval, **{"n": 450, "seed": 3, **more})


def row_of(model: MetricTableModel, metric: str) -> int:
    return next(i for i, row in enumerate(model.rows) if isinstance(row, MetricRow) and row.metric == metric)


def shown(model: MetricTableModel, metric: str, column: int) -> str:
    return model.index(row_of(model, metric), column).data()


def titles(model: MetricTableModel) -> list[str]:
    """Return the headings of the rows, as they are shown."""
    return [model.row_title(row) for row in range(model.rowCount())]
