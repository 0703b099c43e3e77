"""Pages made ahead: while the window is idle, in short steps, and never beside a running job."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from planetview.gui.idle import IdleWork
from planetview.gui.main_window import MainWindow
from planetview.gui.pages import PAGE_CLASSES, load_page_modules
from planetview.gui.widgets.flow import FlowLayout
from tests.gui.fake_engine import FakeEngine


def test_every_page_is_made_while_nothing_runs_and_the_one_in_front_stays(window: MainWindow, qtbot: QtBot) -> None:
    window.show_page("neighbours")
    before = window.pages.currentWidget()

    window.warm_up(load_page_modules)
    qtbot.waitUntil(lambda: window.pages.page("correlation") is not None and window.preparing.is_done, timeout=20_000)

    assert all(window.pages.page(page_id) is not None for page_id in PAGE_CLASSES)
    assert window.pages.currentWidget() is before


def test_pages_made_ahead_get_the_results_when_they_are_shown(filled: MainWindow, qtbot: QtBot) -> None:
    filled.warm_up(load_page_modules)
    qtbot.waitUntil(lambda: filled.pages.page("correlation") is not None and filled.preparing.is_done, timeout=20_000)
    filled.controller.run()
    qtbot.waitUntil(lambda: filled.workspace.results is not None)

    filled.show_page("neighbours")

    assert filled.pages.page("neighbours")._model.rowCount() == 24


def test_no_page_is_made_beside_a_running_job(filled: MainWindow, engine: FakeEngine, qtbot: QtBot) -> None:
    engine.hold("metrics")
    filled.controller.run()
    qtbot.waitUntil(engine.is_holding.is_set)

    filled.warm_up(load_page_modules)
    qtbot.waitUntil(lambda: not filled.preparing.is_done)
    qtbot.wait(50)

    assert filled.pages.page("correlation") is None
    engine.release()


def test_steps_come_one_a_turn_and_the_last_ends_the_work(qtbot: QtBot) -> None:
    taken: list[int] = []
    work = IdleWork(lambda: False)
    work.begin(taken.append(number) for number in range(3))
    assert taken == []

    qtbot.waitUntil(lambda: work.is_done)

    assert taken == [0, 1, 2]
    work.deleteLater()


def test_work_that_is_stopped_takes_no_further_step(qtbot: QtBot) -> None:
    taken: list[int] = []
    work = IdleWork(lambda: False)
    work.begin(taken.append(number) for number in range(1000))
    qtbot.waitUntil(lambda: bool(taken))

    work.stop()
    count = len(taken)
    qtbot.wait(50)

    assert len(taken) == count
    work.deleteLater()


def test_a_flow_breaks_its_row_where_the_width_ends(qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    flow = FlowLayout(8, 4, page)
    buttons = [QPushButton(text) for text in ("one", "two", "three")]
    for button in buttons:
        flow.addWidget(button)
    widest = max(button.sizeHint().width() for button in buttons)
    page.resize(widest + 10, 400)
    page.show()
    qtbot.waitExposed(page)

    assert len({button.x() for button in buttons}) == 1
    assert buttons[0].geometry().bottom() < buttons[1].y()
    assert flow.heightForWidth(10_000) < flow.heightForWidth(widest + 10)
