"""One image of each role as the chosen stretch shows it, with its samples before and after, in numbers too."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from planetview.core.datasets import Dataset, Role
from planetview.core.findings import percent
from planetview.core.stretch import StretchKind
from planetview.gui.models.set_words import depth_word, role_letter, role_word
from planetview.gui.models.wording import tr
from planetview.gui.stretch_preview import SampleStretch, SetStretch
from planetview.gui.theme import Theme
from planetview.gui.widgets.flow import FlowLayout

EDGE_PX = 144
_LINE_CHARACTERS = 36


class StretchSamples(QWidget):
    """Shows a sample per role; which images they are is chosen here, what they look like comes from outside."""

    samples_changed = Signal()  # other images are wanted

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._step = 0
        self._picked = ""
        self._sets: dict[Role, Dataset] = {}
        self._views = {role: SampleView(role, theme, self) for role in Role}
        self._candidate = QComboBox(self)
        self._candidate.setAccessibleName(self.tr("Candidate of the sample"))
        self._candidate.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._candidate.setMinimumContentsLength(14)
        self._candidate.setToolTip(self.tr("Which candidate the sample is from"))
        self._candidate.activated.connect(lambda _index: self._on_candidate())
        self._next = QPushButton(self.tr("Next samples"), self)
        self._next.setToolTip(self.tr("Show other images of the sets"))
        self._next.clicked.connect(self._on_next)
        self._candidates: list[Dataset] = []
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._next)
        buttons.addWidget(self._candidate)
        buttons.addStretch(1)
        flow = FlowLayout(24, 12, at_top=True)
        for view in self._views.values():
            flow.addWidget(view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(flow)
        layout.addLayout(buttons)

    def show_sets(self, datasets: Sequence[Dataset], concerned: Collection[str] = ()) -> None:
        """Choose samples from these sets; the candidate that was picked here stays, where it is still there.

        concerned: names of the sets that the choice is about; of several in a role the first of them is shown.
        """
        self._candidates = [dataset for dataset in datasets if dataset.role is Role.CANDIDATE and dataset.images]
        names = [dataset.name for dataset in self._candidates]
        if [self._candidate.itemText(row) for row in range(self._candidate.count())] != names:
            self._candidate.clear()
            self._candidate.addItems(names)
        wanted = [self._picked, *(name for name in names if name in concerned), *names]
        self._candidate.setCurrentIndex(self._candidate.findText(next((name for name in wanted if name in names), "")))
        self._candidate.setVisible(len(names) > 1)
        self._sets = {}
        for dataset in sorted(datasets, key=lambda dataset: dataset.name not in concerned):
            if dataset.images and dataset.role is not Role.CANDIDATE:
                self._sets.setdefault(dataset.role, dataset)
        if self._candidates:
            self._sets[Role.CANDIDATE] = self._candidates[max(0, self._candidate.currentIndex())]
        for role, view in self._views.items():
            view.setVisible(role in self._sets)

    def samples(self) -> tuple[tuple[Dataset, int], ...]:
        """Return the images to work out: set and number in it."""
        return tuple((dataset, (len(dataset.images) // 2 + self._step) % len(dataset.images))
                     for dataset in self._sets.values())  # fmt: skip

    def expect(self) -> None:
        """Say that what is shown is about to be replaced."""
        for role, dataset in self._sets.items():
            self._views[role].expect(dataset.name)

    def show_sample(self, sample: SampleStretch) -> None:
        """Show what arrived."""
        for role, dataset in self._sets.items():
            if dataset.name == sample.set_name:
                self._views[role].show_sample(sample)

    def _on_next(self) -> None:
        self._step += 1
        self.samples_changed.emit()

    def _on_candidate(self) -> None:
        chosen = self._sets[Role.CANDIDATE] = self._candidates[self._candidate.currentIndex()]
        self._picked = chosen.name
        self.samples_changed.emit()


class SampleView(QWidget):
    """A picture, its histograms before and after, and the stretch in words."""

    def __init__(self, role: Role, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._role, self._theme = role, theme
        self._title = QLabel(self, textFormat=Qt.TextFormat.PlainText)
        self._picture = QLabel(self, alignment=Qt.AlignmentFlag.AlignCenter)
        self._picture.setFixedSize(EDGE_PX, EDGE_PX)
        self.histograms = _Histograms(theme, self)
        self._words = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._words.setProperty("muted", True)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._picture)
        row.addWidget(self.histograms, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._title)
        layout.addLayout(row)
        layout.addWidget(self._words)
        theme.changed.connect(self._fit, Qt.ConnectionType.QueuedConnection)
        self._fit()

    def expect(self, set_name: str) -> None:
        """Keep the picture until the next arrives, and say that it is about to be replaced."""
        self._show_title(set_name)
        self._words.setText(self.tr("Working out the stretch…"))

    def show_sample(self, sample: SampleStretch) -> None:
        """Show this sample."""
        self._show_title(sample.set_name)
        self._picture.setToolTip(sample.image_name)
        self._picture.setAccessibleName(self.tr("{0} of '{1}', stretched").format(sample.image_name, sample.set_name))
        if sample.picture is None:
            self._picture.setPixmap(QPixmap())
        else:
            pixmap = QPixmap.fromImage(sample.picture)
            pixmap.setDevicePixelRatio(max(pixmap.width(), pixmap.height()) / EDGE_PX)
            self._picture.setPixmap(pixmap)
        self.histograms.show_sample(sample)
        self._words.setText(sample_words(sample))

    def words(self) -> str:
        """Return what is said about the sample."""
        return self._words.text()

    def _fit(self) -> None:
        self.setFixedWidth(max(2 * EDGE_PX + 12, _LINE_CHARACTERS * self.fontMetrics().averageCharWidth()))

    def _show_title(self, set_name: str) -> None:
        text = f"{role_letter(self._role)} · {set_name}"
        width = self.width()
        self._title.setText(self._title.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, width))
        self._title.setToolTip(f"{role_word(self._role)}: {set_name}")


class _Histograms(QWidget):
    """Two bar rows over their axes: native samples with the stretched range marked, and the 8-bit levels."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._sample: SampleStretch | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)

    def show_sample(self, sample: SampleStretch) -> None:
        self._sample = sample
        self.setAccessibleName(tr("Histograms of {0} before and after the stretch").format(sample.image_name))
        self.setAccessibleDescription(sample_words(sample))
        self.setToolTip(
            tr("Above: samples as stored; the bar below marks the range that is kept. Below: the 8-bit levels.")
        )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(EDGE_PX, max(EDGE_PX, 2 * self.fontMetrics().height() + 72))

    def paintEvent(self, _event: QPaintEvent) -> None:
        sample, tokens = self._sample, self._theme.tokens
        if sample is None or sample.native is None or sample.levels is None:
            return
        painter = QPainter(self)
        line = self.fontMetrics().height()
        bars = (self.height() - 2 * line - 10) / 2
        width = float(self.width())
        self._draw_bars(painter, sample.native, QRectF(0, 0, width, bars), tokens.text_muted)
        self._draw_range(painter, sample, QRectF(0, bars, width, 4))
        self._draw_ends(
            painter, QRectF(0, bars + 4, width, line), native_word(sample.lowest), native_word(sample.highest)
        )
        top = bars + line + 8
        self._draw_bars(painter, sample.levels, QRectF(0, top, width, bars), tokens.accent)
        self._draw_ends(painter, QRectF(0, top + bars, width, line), "0", "255")
        painter.end()

    def _draw_bars(self, painter: QPainter, counts: NDArray[np.int64], area: QRectF, colour: str) -> None:
        painter.fillRect(area, QColor(self._theme.tokens.surface_alt))
        # Square roots: a peak of saturated samples would press all others flat.
        heights = np.sqrt(counts / max(1, int(counts.max()))) * area.height()
        step = area.width() / heights.size
        for number, height in enumerate(heights.tolist()):
            if height > 0:
                bar = QRectF(area.left() + number * step, area.bottom() - height, max(1.0, step - 0.5), height)
                painter.fillRect(bar, QColor(colour))

    def _draw_range(self, painter: QPainter, sample: SampleStretch, area: QRectF) -> None:
        span = sample.highest - sample.lowest
        if sample.value_range is None or span <= 0:
            return
        low, high = (min(max((value - sample.lowest) / span, 0.0), 1.0) for value in sample.value_range)
        kept = QRectF(
            area.left() + low * area.width(), area.top(), max(2.0, (high - low) * area.width()), area.height()
        )
        painter.fillRect(kept, QColor(self._theme.tokens.accent))

    def _draw_ends(self, painter: QPainter, area: QRectF, low: str, high: str) -> None:
        painter.setPen(QColor(self._theme.tokens.text_muted))
        painter.drawText(area, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), low)
        painter.drawText(area, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), high)


def native_word(value: float) -> str:
    """Return a native value: whole numbers in full, others to four digits."""
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 10_000 else f"{value:.4g}"


def sample_words(sample: SampleStretch) -> str:
    """Return what a stretch did to an image: depth, range, how much of it is saturated."""
    if sample.problem:
        return tr("⚠ Cannot be shown: {0}").format(sample.problem)
    depth = depth_word(sample.dtype)
    if sample.is_refused:
        return tr("⚠ {0}: refused by a run without a stretch. Shown here by its own percentiles.").format(depth)
    if sample.value_range is None:
        kind = tr("{0}, passes unchanged.") if sample.dtype == "uint8" else tr("{0}, by its own percentiles.")
        words = kind.format(depth)
    else:
        low, high = (native_word(value) for value in sample.value_range)
        words = tr("{0}: {1} – {2} becomes 0 – 255.").format(depth, low, high)
    # A line that ends after "<" reads badly.
    black, white = (percent(share).replace(" ", "\N{NO-BREAK SPACE}") for share in (sample.black, sample.white))
    return words + " " + tr("{0} black, {1} white.").format(black, white)


def set_words(found: SetStretch) -> str:
    """Return what a stretch does to a set, as its card says it; "" where 8-bit samples pass unchanged."""
    if found.resolved is None:
        return tr("⚠ No stretch: {0}").format(found.problem)
    if found.resolved.value_range is not None:
        low, high = (native_word(value) for value in found.resolved.value_range)
        return tr("Next run: {0} – {1} becomes 0 – 255").format(low, high)
    if found.resolved.stretch.kind is StretchKind.IMAGE_PERCENTILE:
        return tr("Next run: each image by its own percentiles")
    return ""
