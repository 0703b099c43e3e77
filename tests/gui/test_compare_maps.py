"""Heat maps of the compare view: asked for, waited for, refused, cancelled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt

from planetview.core.errors import UserError
from planetview.core.messages import PairMapRequest, Request, ScanRequest
from planetview.core.pair_map import PairMap
from planetview.gui.pair_maps import PairMaps
from tests.gui.comparing import point, press, settle, tile_of
from tests.gui.fake_engine import FakeEngine, result, steps

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def view(compare_view):
    return compare_view


def a_map(request: PairMapRequest, note: str = "") -> PairMap:
    values = np.zeros((48, 48), np.float32)
    values[10:20, 10:20] = 2.0
    return PairMap(values, float(values.mean()), request.metric, note)


def mapping(outcome: Callable[[PairMapRequest], object]) -> FakeEngine:
    def script(request: Request) -> list[object]:
        if isinstance(request, PairMapRequest):
            found = outcome(request)
            return [found if isinstance(found, Exception) else result(found)]
        return [*steps("features", 2), result(None)]

    return FakeEngine(script)  # type: ignore[arg-type]


def test_a_heat_map_comes_from_the_engine_with_the_score_it_sums_to(qtbot, view, results, make_runner):
    engine = mapping(a_map)
    runner = make_runner(engine)
    view.use_pair_maps(PairMaps(runner, lambda: runner.is_busy, view))

    press(qtbot, view, "H")
    qtbot.waitUntil(lambda: view.stage.map is not None)
    settle(qtbot, view)

    (request,) = engine.requests
    tile = tile_of(results)
    assert (request.first, request.second) == (tile.record, tile.nearest.record)
    assert request.metric == "st-lpips-alex"
    assert "0.08681 = mean of the map" in view.stage.pair_pane.facts.text()
    point(view, 12, 15)
    assert "ST-LPIPS (AlexNet) here: 2" in view.readout_text()
    _under, over = view.stage.pair_pane.canvas.layers
    assert over.opacity == pytest.approx(0.65)
    view.controls.options.heat.setValue(100)
    assert view.stage.pair_pane.canvas.layers[1].opacity == 1

    press(qtbot, view, "S")
    press(qtbot, view, "H")
    qtbot.waitUntil(lambda: view.stage.map is not None)
    assert len(engine.requests) == 1, "a map that is kept is not computed again"


def test_a_heat_map_waits_for_the_running_job_and_says_so(qtbot, view, make_runner, results):
    engine = mapping(a_map)
    runner = make_runner(engine)
    view.use_pair_maps(PairMaps(runner, lambda: runner.is_busy, view))
    engine.hold("features")
    runner.submit(ScanRequest(()))
    qtbot.waitUntil(engine.is_holding.is_set)

    press(qtbot, view, "H")
    assert "waits: another job is running" in view.stage.pair_pane.canvas.words

    engine.release()
    qtbot.waitUntil(lambda: view.stage.map is not None)


def test_missing_weights_are_said_in_the_pane_and_another_metric_can_be_chosen(qtbot, view, make_runner):
    missing = UserError("The weights of LPIPS are not on this computer.", "Import them on the Models page.")
    engine = mapping(lambda request: missing if request.metric == "lpips-alex" else a_map(request))
    runner = make_runner(engine)
    view.use_pair_maps(PairMaps(runner, lambda: runner.is_busy, view))
    press(qtbot, view, "H")
    qtbot.waitUntil(lambda: view.stage.map is not None)

    box = view.controls.options.metric_box
    box.setCurrentIndex(box.findData("lpips-alex"))
    box.activated.emit(box.currentIndex())

    qtbot.waitUntil(lambda: "not on this computer. Import them" in view.stage.pair_pane.canvas.words)
    box.setCurrentIndex(box.findData("st-lpips-vgg"))
    box.activated.emit(box.currentIndex())
    qtbot.waitUntil(lambda: view.stage.map is not None)
    assert not view.stage.pair_pane.canvas.words


def test_a_cancelled_heat_map_can_be_asked_for_again(qtbot, view, make_runner):
    engine = mapping(a_map)
    runner = make_runner(engine)
    view.use_pair_maps(PairMaps(runner, lambda: runner.is_busy, view))
    engine.hold("features")
    runner.submit(ScanRequest(()))
    qtbot.waitUntil(engine.is_holding.is_set)
    press(qtbot, view, "H")

    runner.cancel_all()
    assert "cancelled. Press H" in view.stage.pair_pane.canvas.words

    engine.release()
    press(qtbot, view, "H")
    qtbot.waitUntil(lambda: view.stage.map is not None)


def test_stepping_on_asks_only_for_the_map_of_the_image_that_is_left(qtbot, view, results, make_runner):
    engine = mapping(a_map)
    runner = make_runner(engine)
    view.use_pair_maps(PairMaps(runner, lambda: runner.is_busy, view))
    engine.hold("features")
    runner.submit(ScanRequest(()))
    qtbot.waitUntil(engine.is_holding.is_set)
    press(qtbot, view, "H")
    for index in (1, 2, 3):
        view.show_tile(results, tile_of(results, index))
        settle(qtbot, view)

    engine.release()
    qtbot.waitUntil(lambda: view.stage.map is not None)

    asked = [request.first for request in engine.requests if isinstance(request, PairMapRequest)]
    assert asked == [tile_of(results, 3).record]


def test_without_an_engine_the_heat_map_says_so(qtbot, view):
    press(qtbot, view, "H")
    assert "engine" in view.stage.pair_pane.canvas.words
