"""The metric by metric matrix: coefficients, which kind, copy and export."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QPushButton
from scipy import stats as oracle

from planetview.core.results import PairTable
from planetview.gui import plot_export
from planetview.gui.theme import LIGHT
from planetview.gui.views.correlation_matrix import MatrixView, Method, correlation_matrix
from planetview.gui.views.matrix_pane import MatrixPane
from tests.gui.correlating import box, choose


@pytest.fixture
def table(results):
    return results.pairs_of("gan_v1")


@pytest.fixture
def pane(qtbot, theme, table):
    pane = MatrixPane(theme)
    qtbot.addWidget(pane)
    pane.resize(640, 320)
    pane.show_table(table, "gan_v1")
    pane.show()
    qtbot.waitUntil(lambda: pane._turns.is_done)
    return pane


@pytest.fixture
def view(pane):
    return pane.findChild(MatrixView)


def oracle_of(method, table, first, second):
    columns = {"entropy": table.entropy_bits, **table.scores}
    both = np.isfinite(columns[first]) & np.isfinite(columns[second])
    test = oracle.pearsonr if method is Method.PEARSON else oracle.spearmanr
    return test(columns[first][both], columns[second][both]).statistic


@pytest.mark.parametrize("method", Method)
def test_the_matrix_holds_the_coefficients_of_scipy(pane, view, table, method, qtbot):
    choose(box(pane, "Coefficient"), str(method))
    qtbot.waitUntil(lambda: pane._turns.is_done)

    matrix = view.matrix
    for row, first in enumerate(matrix.names):
        for column, second in enumerate(matrix.names):
            if "ms-ssim" in (first, second):
                assert matrix.cells[row, column].value is None
            else:
                assert matrix.cells[row, column].value == pytest.approx(oracle_of(method, table, first, second))
    assert method.label in view.model().index(1, 0).data(Qt.ItemDataRole.ToolTipRole)


def test_undefined_coefficients_read_as_not_available(view):
    index = view.model().index(0, view.matrix.names.index("ms-ssim"))

    assert index.data() == "n/a"
    assert "finite pairs" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_a_constant_column_has_no_coefficient():
    steps = np.arange(10.0)
    table = PairTable(
        "a", "b", "vgg16-st", np.arange(10), np.arange(10), steps, {"psnr": np.full(10, 0.1), "ssim": -steps}
    )

    matrix = correlation_matrix(table)

    assert matrix.cells[0, 1].value is None
    assert matrix.cells[0, 2].value == pytest.approx(-1.0)


def test_large_tables_are_filled_in_while_the_window_answers(pane, view, qtbot):
    rng, many = np.random.default_rng(3), 50_000
    scores = {name: rng.normal(0, 1, many) for name in ("psnr", "ssim", "lpips-alex", "dreamsim", "st-lpips-alex")}
    large = PairTable("gan_v1", "real_train", "vgg16-st", np.arange(many), np.arange(many), rng.normal(6, 1, many),
                      scores)  # fmt: skip

    choose(box(pane, "Coefficient"), "spearman")
    pane.show_table(large, "gan_v1")
    assert not pane._turns.is_done
    assert view.model().index(5, 5).data() == "…"

    qtbot.waitUntil(lambda: pane._turns.is_done, timeout=20_000)
    assert view.model().index(5, 5).data() == "1.00"


def test_the_matrix_is_copied_with_every_digit(pane, table):
    next(button for button in pane.findChildren(QPushButton) if "Copy" in button.text()).click()

    header, first, *_ = QGuiApplication.clipboard().text().splitlines()
    assert header.split("\t")[1:3] == ["Entropy", "PSNR"]
    assert float(first.split("\t")[2]) == pytest.approx(oracle_of(Method.PEARSON, table, "entropy", "psnr"), abs=1e-12)


def test_the_data_of_the_matrix_have_intervals(view, tmp_path, table):
    plot_export.export_data(view, tmp_path / "matrix.csv")

    rows = list(csv.DictReader(io.StringIO((tmp_path / "matrix.csv").read_text("utf-8"), newline="")))
    mine = next(row for row in rows if (row["row"], row["column"]) == ("PSNR", "Entropy"))
    assert float(mine["low"]) < float(mine["coefficient"]) < float(mine["high"])
    assert mine["method"] == "pearson"
    assert len(rows) == len(view.matrix.names) ** 2


def test_the_matrix_is_exported_light_with_its_tints(view, theme, tmp_path):
    theme.use("dark")

    plot_export.export_png(view, tmp_path / "matrix.png", 1.0)
    plot_export.export_svg(view, tmp_path / "matrix.svg")

    image = QImage(str(tmp_path / "matrix.png"))
    assert image.size() == view.figure_size()
    assert image.pixelColor(1, 1) == QColor(LIGHT.surface)
    assert "ST-LPIPS" in (tmp_path / "matrix.svg").read_text("utf-8")


def test_the_matrix_is_exported_as_a_latex_table(view, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "matrix"), ""))

    next(action for action in view.actions() if "LaTeX" in action.text().replace("&", "")).trigger()

    text = (tmp_path / "matrix.tex").read_text("utf-8")
    assert r"\begin{tabular}{lrrrrr}" in text
    assert r"over the pairs of gan\_v1" in text
    assert text.count(r"\\") == len(view.matrix.names) + 1


def test_enter_on_a_cell_asks_for_its_scatter(pane, view, qtbot):
    view.setCurrentIndex(view.model().index(1, 2))

    with qtbot.waitSignal(pane.cell_chosen) as heard:
        QTest.keyClick(view, Qt.Key.Key_Return)

    assert heard.args == ["psnr", "ssim"]
