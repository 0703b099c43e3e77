from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialogButtonBox, QSpinBox
from pytestqt.qtbot import QtBot

from planetview.core.findings import Evidence, Finding, Tone
from planetview.core.messages import Engine
from planetview.core.results import Results
from planetview.gui.dialogs.preferences import PreferencesDialog
from planetview.gui.main_window import MainWindow
from planetview.gui.plots.histogram import HistogramPlot
from planetview.gui.plots.panel_view import PanelView
from planetview.gui.preferences import load_preferences, preferences_path
from planetview.gui.views.neighbour_bar import NeighbourBar
from tests.gui.fake_engine import FakeEngine
from tests.gui.neighbour_samples import real_gap


def _with_results(window: MainWindow, results: Results) -> MainWindow:
    window.workspace.set_results(results, window.workspace.request())
    return window


def test_a_study_opens_on_the_page_where_it_was_saved(
    filled: MainWindow, results: Results, tmp_path: Path, qtbot: QtBot
) -> None:
    window = _with_results(filled, results)
    window.show_page("entropy")
    with qtbot.waitSignal(window.controller.files.saved):
        window.controller.files.save(tmp_path / "study.planetview")
    window.show_page("overview")
    with qtbot.waitSignal(window.controller.study_opened):
        window.controller.open_study(tmp_path / "study.planetview")
    qtbot.waitUntil(lambda: window.current_page() == "entropy" and not window.controller.is_busy)


def test_preferences_hold_at_once_and_are_written(window: MainWindow, qtbot: QtBot) -> None:
    dialog = window.shell.open_preferences()
    dialog.theme.setCurrentIndex(dialog.theme.findData("contrast"))
    dialog.theme.activated.emit(dialog.theme.currentIndex())
    qtbot.mouseClick(dialog.switches["keeps_awake"], Qt.MouseButton.LeftButton)
    assert window.theme.tokens.name == "contrast"
    assert not window.job_panels.presence.keeps_awake
    qtbot.waitUntil(lambda: load_preferences().theme == "contrast" and not load_preferences().keeps_awake)
    # Changed in the menu meanwhile.
    window.actions_by_id["text_larger"].trigger()
    assert dialog.text_scale.currentData() == window.preferences.text_scale > 1
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.RestoreDefaults).click()
    assert window.preferences == replace(window.preferences, theme="system", text_scale=1.0, keeps_awake=True)
    assert window.job_panels.presence.keeps_awake
    dialog.reject()
    assert isinstance(dialog, PreferencesDialog)


def test_the_literature_column_and_the_columns_are_there_again_in_the_next_window(
    filled: MainWindow, results: Results, make_window: Callable[[Engine], MainWindow], qtbot: QtBot
) -> None:
    window = _with_results(filled, results)
    window.show_page("overview")
    window.actions_by_id["literature"].trigger()
    qtbot.waitUntil(lambda: load_preferences().shows_literature)
    page = window.pages.page("overview")
    columns = tuple(column for column in page.columns_state() if "floor" not in column)
    window.pages.columns_changed.emit(columns)
    qtbot.waitUntil(lambda: load_preferences().columns == columns)
    later = make_window(FakeEngine(lambda _request: []))
    assert later.actions_by_id["literature"].isChecked()
    assert later.preferences.columns == columns


def test_the_images_of_a_finding_are_shown_beside_their_neighbours_gaps_of_old_runs_by_entropy(
    filled: MainWindow, results: Results, qtbot: QtBot
) -> None:
    window = _with_results(filled, results)
    window.show_page("overview")
    mask = np.ones(3, np.bool_)
    copies, gaps = (Finding(Tone.BAD, "", evidence) for evidence in (Evidence.COPIES, Evidence.GAPS))
    window.pages.images_wanted.emit("gan_v1", mask, "gan_v1", copies)
    assert window.current_page() == "neighbours"
    assert window.pages.page("neighbours").findChild(NeighbourBar).order.currentText() == "Possible copies"
    window.pages.images_wanted.emit("real_train", mask, "gan_v1", gaps)
    assert window.current_page() == "entropy"


def test_the_share_of_real_images_without_a_neighbour_leads_to_those_images(
    filled: MainWindow, results: Results, qtbot: QtBot
) -> None:
    gap = real_gap("gan_v1", "vgg16-st", len(results.datasets[0]))
    gap = replace(gap, neighbours=replace(gap.neighbours, indices=gap.neighbours.indices % 24))
    held_out = np.zeros(gap.compared.size, np.int64)
    gap = replace(gap, neighbours=replace(gap.neighbours, held_out_indices=held_out))
    window = _with_results(filled, replace(results, gaps=(gap,)))
    window.show_page("overview")
    page = window.pages.page("overview")
    qtbot.waitUntil(lambda: "have no synthetic neighbour" in page._findings.text(), timeout=20_000)

    with qtbot.waitSignal(window.controller.status) as said:
        page._ask_for_gaps("gan_v1", Finding(Tone.BAD, "", Evidence.GAPS, "coverage", "vgg16-st"))

    assert window.current_page() == "neighbours"
    shown = window.pages.page("neighbours")
    assert sorted(shown._model.order.tolist()) == gap.uncovered.tolist()
    assert said.args == [f"{gap.uncovered.size} images of real_train have no neighbour in gan_v1."]
    farthest = int(np.argmax(gap.neighbours.distances[:, 0]))
    assert shown._selection.current == ("real_train", farthest)


def test_a_set_that_has_changed_since_it_was_saved_makes_the_results_stale(
    filled: MainWindow, results: Results
) -> None:
    window = _with_results(filled, results)
    assert not window.workspace.is_stale
    window.controller.files.set_changed.emit("gan_v1", "2 images more")
    assert window.workspace.is_stale


def test_logarithmic_axes_bins_and_density_are_there_again_in_the_next_window(
    filled: MainWindow, results: Results, make_window: Callable[[Engine], MainWindow], qtbot: QtBot
) -> None:
    window = _with_results(filled, results)
    window.show_page("correlation")
    window.pages.page("correlation")._want_log("entropy", True)
    window.show_page("entropy")
    entropy = window.pages.page("entropy")
    entropy.findChild(QSpinBox).setValue(17)
    heights = next(box for box in entropy.findChildren(QComboBox) if box.accessibleName() == "Height of the bars")
    heights.setCurrentIndex(1)
    next(box for box in entropy.findChildren(QCheckBox) if box.accessibleName() == "Logarithmic heights").click()
    kept = {"entropy": ("density", "logarithmic", "bins:17"), "correlation": ("entropy",)}
    qtbot.waitUntil(lambda: load_preferences().pages == kept)

    later = make_window(FakeEngine(lambda _request: []))
    later.workspace.set_results(results)
    later.show_page("entropy")
    shown = later.pages.page("entropy")
    plot = shown.findChild(HistogramPlot)
    assert len(plot.data_table()[1]) == 17 * len(results.datasets)
    assert "Density" in plot.axis_words("left")
    assert shown._controls.is_logarithmic
    later.show_page("correlation")
    correlation = later.pages.page("correlation")
    qtbot.waitUntil(lambda: correlation._filling.is_done)
    panels = [panel for panel in correlation.findChild(PanelView).panels if panel.span is not None]
    assert panels
    assert all(panel.scales.is_log_x for panel in panels)
    correlation._want_log("entropy", False)
    qtbot.waitUntil(lambda: load_preferences().pages["correlation"] == ())


def test_choices_of_pages_that_make_no_sense_are_left_out() -> None:
    path = preferences_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"pages": {"entropy": ["bins:many", 3], "correlation": 7}}')

    assert load_preferences().pages == {"entropy": ("bins:many",)}
