"""The pictures of what the pages of a study can show besides their first look."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QItemSelectionModel, QPointF, QRectF, Qt
from PySide6.QtGui import QPainterPath
from PySide6.QtWidgets import QLineEdit, QWidget

from pictures.opening import box, choose, press, window_with
from pictures.study_pages import stage_neighbours
from pictures.taking import Studio, wait
from planetview.core.results import MetricValue, Results
from planetview.gui.main_window import MainWindow
from planetview.gui.models.entropy_series import Quantity
from planetview.gui.models.metric_rows import MetricRow
from planetview.gui.models.neighbour_filter import Show
from planetview.gui.models.neighbour_order import Order
from planetview.gui.models.neighbour_set import Toward
from planetview.gui.plots.brushing import BrushShape
from planetview.gui.plots.histogram import HistogramPlot
from planetview.gui.plots.panel_view import PanelView
from planetview.gui.plots.scatter import ScatterPlot
from planetview.gui.views.correlation_controls import CorrelationControls
from planetview.gui.views.image_grid import ImageGrid
from planetview.gui.views.metric_view import MetricTableView
from planetview.gui.views.pair_series import Pairing
from planetview.gui.views.table_tools import TableTools
from tests.gui.plotting import drag, pixel_of
from tests.gui.test_entropy_brushes import tallest

_MARKS = (
    (0, Qt.Key.Key_F), (1, Qt.Key.Key_X), (3, Qt.Key.Key_F), (3, Qt.Key.Key_X),
    (0, Qt.Key.Key_5), (2, Qt.Key.Key_3), (6, Qt.Key.Key_1),
)  # fmt: skip
_SECOND = "dinov2-vits14"


def take_states(studio: Studio, results: Results) -> None:
    """Picture the states of overview, neighbours, entropy and correlation."""
    shown = with_classes(with_second_space(without_weights(results)))
    window = window_with(studio, shown, "Demo: the Moon")
    take_overview(studio, window)
    # As after another run: what was changed since would be told on every page.
    window.workspace.set_results(shown, window.workspace.request())
    take_neighbours(studio, window, results)
    take_entropy(studio, window, results)
    take_correlation(studio, window)
    studio.close(window)


def without_weights(results: Results) -> Results:
    """Return results in which one metric lacks its weights."""

    def lacking(value: MetricValue) -> MetricValue:
        if value.metric != "cmmd":
            return value
        why = "Weights of CLIP ViT-B/32 (OpenAI) are missing: planetview models fetch clip-vit-b-32-openai"
        return MetricValue(value.metric, value.extractor, value.candidate, reason=why)

    return replace(results, values=tuple(map(lacking, results.values)))


def with_second_space(results: Results) -> Results:
    """Return results with neighbours in a second, made-up space, which agrees on every second image."""
    made = []
    for table in results.neighbours:
        rows = np.arange(len(table.indices))
        shift = np.where(rows % 2, 1, 0)[:, None]
        size = len(results.dataset(table.bank))
        made.append(replace(table, by=_SECOND, indices=(table.indices + shift) % size, distances=table.distances * 2.2))
    return replace(results, neighbours=(*results.neighbours, *made))


def with_classes(results: Results) -> Results:
    """Return results whose images are of three classes, by their entropy, where they had none."""
    if any(image.label for dataset in results.datasets for image in dataset.images):
        return results
    made = []
    for dataset in results.datasets:
        bits = results.entropy_bits[dataset.name]
        labels = np.array(["smooth", "mixed", "rough"])[np.digitize(bits, np.quantile(bits, (0.3, 0.7)))]
        images = tuple(replace(image, label=str(label)) for image, label in zip(dataset.images, labels, strict=True))
        made.append(replace(dataset, images=images))
    return replace(results, datasets=tuple(made))


def take_overview(studio: Studio, window: MainWindow) -> None:
    """Picture filters, folded groups, a missing number, published values, stale results."""
    window.show_page("overview")
    page = window.pages.page("overview")
    tools, table = page.findChild(TableTools), page.findChild(MetricTableView)
    model = table.model()
    missing = next(item for item in model.items if item.metric == "cmmd")
    table.go_to(missing, model.candidates[0])
    studio.take(window, "overview-missing")
    tools.filter.setText("kid")
    studio.take(window, "overview-filtered")
    tools.filter.setText("nothing has this")
    studio.take(window, "overview-nothing-found")
    tools.show_all()
    tools.show_beyond(model.candidates[0])
    studio.take(window, "overview-worse")
    tools.show_all()
    tools.sort_by(None)
    families = [row for row in model.rows if not isinstance(row, MetricRow)]
    for family in families[:1]:
        model.toggle_family(family)
    studio.take(window, "overview-folded")
    for family in families[:1]:
        model.toggle_family(family)
    window.actions_by_id["literature"].setChecked(True)
    studio.take(window, "overview-literature")
    window.actions_by_id["literature"].setChecked(False)
    window.workspace.set_marking("CUI // SP-EXPT")
    studio.take(window, "overview-marked")
    window.workspace.set_marking("")
    window.workspace.doubt_results()
    studio.take(window, "overview-stale")


def take_neighbours(studio: Studio, window: MainWindow, results: Results) -> None:
    """Picture two spaces side by side, marks, a selection, and a filter that finds nothing."""
    window.show_page("neighbours")
    page = window.pages.page("neighbours")
    stage_neighbours(results, page)
    grid = page.findChild(ImageGrid)
    choose(box(page, "Second space"), _SECOND)
    choose(box(page, "Sort"), Order.WORST)
    wait(200)
    grid.setCurrentIndex(grid.model().index(0))
    studio.take(window, "neighbours-two-spaces")
    choose(box(page, "Second space"), "")
    wait(200)
    for row, key in _MARKS:
        grid.setCurrentIndex(grid.model().index(row))
        press(grid, key)
    for row in (4, 5):
        grid.selectionModel().select(grid.model().index(row), QItemSelectionModel.SelectionFlag.Select)
    studio.take(window, "neighbours-marked")
    name = next(field for field in page.findChildren(QLineEdit) if field.accessibleName().startswith("Find images"))
    name.setText("no such name")
    studio.take(window, "neighbours-nothing-found")
    name.clear()
    wait(300)
    # An excluded image makes numbers that are out of date, which the next pages are not about.
    window.workspace.set_excluded(window.workspace.marks.excluded, False)
    take_gaps(studio, window)


def take_gaps(studio: Studio, window: MainWindow) -> None:
    """Picture real images that have no synthetic one near, the farthest in the inspector."""
    page = window.pages.page("neighbours")
    query = box(page, "Images")
    names = [query.itemData(i) for i in range(query.count())]
    choose(query, "few_modes" if "few_modes" in names else names[0])
    wait(300)
    choose(box(page, "Direction"), Toward.SYNTHETIC)
    wait(600)
    choose(box(page, "Show"), Show.GAPS)
    wait(300)
    grid = page.findChild(ImageGrid)
    grid.setCurrentIndex(grid.model().index(0))
    studio.take(window, "gaps")
    choose(box(page, "Show"), Show.ALL)
    choose(box(page, "Direction"), Toward.REAL)
    wait(300)


def take_entropy(studio: Studio, window: MainWindow, results: Results) -> None:
    """Picture classes, densities and pairs."""
    window.show_page("entropy")
    page = window.pages.page("entropy")
    split = box(page, "Curves by")
    if split.count() > 1:
        choose(split, split.itemData(1))
        studio.take(window, "entropy-classes")
        choose(split, "")
    choose(box(page, "What"), str(Quantity.NEAREST))
    box(page, "Height").setCurrentIndex(1)
    studio.take(window, "entropy-pairs")
    box(page, "Height").setCurrentIndex(0)
    choose(box(page, "What"), str(Quantity.IMAGE))
    take_brushes(studio, window)


def take_brushes(studio: Studio, window: MainWindow) -> None:
    """Picture bars of one curve that a rectangle took, and a lasso in the middle of being drawn."""
    page = window.pages.page("entropy")
    plot = page.findChild(HistogramPlot)
    choose(box(page, "Drag selects"), BrushShape.RECTANGLE)
    number, height = tallest(plot, plot._series[0].name)
    low, high = plot.bin_range(number - 1)[0], plot.bin_range(number + 1)[1]
    drag(plot, pixel_of(plot, low, 1.1 * height), pixel_of(plot, high, 0.6 * height))
    studio.take(window, "entropy-rectangle")
    choose(box(page, "Drag selects"), BrushShape.LASSO)

    def draw() -> None:
        plot.grab()
        outline = [plot.view_box.mapFromView(QPointF(x, y * height)) for x, y in (
            (low, 0.5), (low - 0.3, 0.9), (low, 1.1), (high, 1.15), (high + 0.4, 0.8), (high, 0.45),
        )]  # fmt: skip
        trace = QPainterPath(outline[0])
        for at in outline[1:]:
            trace.lineTo(at)
        plot.view_box._trace.setPath(trace)
        plot.view_box._trace.show()

    studio.take(window, "entropy-lasso", prepare=draw)
    plot.view_box._trace.hide()
    choose(box(page, "Drag selects"), BrushShape.INTERVAL)


def take_correlation(studio: Studio, window: MainWindow) -> None:
    """Picture a brush over small scatters, one of them enlarged, and random pairs beside the nearest."""
    window.show_page("correlation")
    page = window.pages.page("correlation")
    panels = page.findChild(PanelView)
    wait(600)
    brush_corner(page)
    studio.take(window, "correlation-brushed")
    panels.setCurrentIndex(panels.model().index(0, 0))
    press(panels, Qt.Key.Key_Return)
    studio.take(window, "correlation-open")
    scatter = page.findChild(ScatterPlot)
    for key in (Qt.Key.Key_X, Qt.Key.Key_Y):
        press(scatter, key)
    wait(300)
    studio.take(window, "correlation-open-log")
    for key in (Qt.Key.Key_X, Qt.Key.Key_Y):
        press(scatter, key)
    choose(box(page, "Pairs"), str(Pairing.BOTH))
    studio.take(window, "correlation-open-both")
    page.findChild(CorrelationControls).closed.emit()
    studio.take(window, "correlation-random")
    choose(box(page, "Pairs"), str(Pairing.NEAREST))


def brush_corner(page: QWidget) -> None:
    """Brush the upper right corner of the first small scatter."""
    panels = page.findChild(PanelView)
    one = panels.panels[0].series[0]
    area = one.span()
    part = QRectF(area.x() + 0.62 * area.width(), area.y() + 0.62 * area.height(), area.width(), area.height())
    panels.area_chosen.emit({one.name: one.rows[one.inside(part)]}, Qt.KeyboardModifier.NoModifier)
