"""The native values of all images of the view over shared bins."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from planetview.core.image_compare import shared_histogram
from planetview.core.results import Results
from planetview.gui.models.wording import tr
from planetview.gui.plots.histogram import HistogramPlot, HistogramSeries
from planetview.gui.plots.styles import dataset_style
from planetview.gui.theme import Theme
from planetview.gui.views.compare.subjects import Rendered

Counted = tuple[NDArray[np.float64], list[NDArray[np.int64]], list[float]]


def counted(images: Sequence[Rendered]) -> Counted:
    """Return edges, counts and medians of the native values of each image; safe in any thread."""
    edges, counts = shared_histogram([image.native for image in images])
    medians = []
    for count in counts:
        middle = np.searchsorted(np.cumsum(count), count.sum() / 2)
        medians.append(float((edges[middle] + edges[min(middle + 1, edges.size - 1)]) / 2))
    return edges, counts, medians


class HistogramPanel(QWidget):
    """Overlaid outlines with shared bins, in native units; counts as they are or on a logarithmic scale."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.images: tuple[Rendered, ...] = ()
        self._results: Results | None = None
        self._counted: Counted | None = None
        self.plot = HistogramPlot(theme, tr("Histogram of native values"))
        self.plot.setToolTip(tr("All bands of each image together; triangles mark the medians."))
        self.log = QCheckBox(tr("Logarithmic counts"))
        self.log.setAccessibleName(tr("Logarithmic counts"))
        self.log.setToolTip(tr("Show log₁₀(1 + count), so that rare values are seen."))
        self.log.toggled.connect(self._draw)
        row = QHBoxLayout()
        row.addWidget(self.log)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.plot, 1)
        layout.addLayout(row)

    def show_counts(self, results: Results, images: tuple[Rendered, ...], found: Counted) -> None:
        """Show what was counted."""
        self._results, self.images, self._counted = results, images, found
        self._draw()

    @Slot()
    def _draw(self) -> None:
        if self._counted is None or self._results is None:
            return
        edges, counts, medians = self._counted
        types = dict.fromkeys(image.native.dtype for image in self.images)
        is_log = self.log.isChecked()
        self.plot.set_axes(tr("Native value"), ", ".join(types), tr("log₁₀(1 + count)") if is_log else tr("Count"), "")
        series = tuple(
            HistogramSeries(
                image.subject.title,
                html.escape(image.subject.title),
                dataset_style(self._results, image.subject.dataset),
                np.log10(1.0 + count) if is_log else count.astype(np.float64),
                median,
            )
            for image, count, median in zip(self.images, counts, medians, strict=True)
        )
        self.plot.show_series(edges, series)
