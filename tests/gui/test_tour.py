"""The tour: offered once, led by keys, over the demo, ended at any time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from planetview.gui.main_window import MainWindow
from planetview.gui.preferences import load_preferences
from planetview.gui.theme import THEME_NAMES
from planetview.gui.tour import Tour
from planetview.gui.tour_steps import tour_steps
from planetview.gui.views.recent_row import RecentRow
from tests.gui.fake_engine import FakeEngine


def begin(window: MainWindow, qtbot: QtBot) -> Tour:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.actions_by_id["show_tour"].trigger()
    tour = window.findChild(Tour)
    assert isinstance(tour, Tour)
    return tour


def test_a_first_start_offers_the_tour_and_a_no_is_remembered(window: MainWindow, qtbot: QtBot) -> None:
    (decline,) = [b for b in window.welcome.findChildren(QPushButton) if b.text() == "No, thanks"]
    assert decline.isVisible()

    decline.click()

    assert not decline.isVisible()
    assert window.findChild(Tour) is None
    qtbot.waitUntil(lambda: load_preferences().knows_tour)


def test_keys_lead_through_six_steps_and_out(filled: MainWindow, qtbot: QtBot) -> None:
    filled.header.findChild(QPushButton).setFocus()
    tour = begin(filled, qtbot)
    pages = []
    for _ in range(5):
        pages.append(filled.current_page())
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert tour.number == 5
    assert pages == ["datasets", "datasets", "datasets", "overview", "neighbours"]

    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Left)
    assert tour.number == 4
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)

    qtbot.waitUntil(lambda: not filled.findChildren(Tour))
    assert filled.focusWidget() is filled.header.findChild(QPushButton)


def test_escape_ends_the_tour_and_not_the_job(filled: MainWindow, engine: FakeEngine, qtbot: QtBot) -> None:
    engine.hold("metrics")
    filled.controller.run()
    qtbot.waitUntil(engine.is_holding.is_set)
    begin(filled, qtbot)

    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)

    qtbot.waitUntil(lambda: not filled.findChildren(Tour))
    assert filled.controller.is_busy
    engine.release()
    qtbot.waitUntil(lambda: not filled.controller.is_busy)


def test_tab_stays_with_the_buttons_of_the_tour(filled: MainWindow, qtbot: QtBot) -> None:
    tour = begin(filled, qtbot)

    for _ in range(4):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert tour.isAncestorOf(QApplication.focusWidget())
    assert tour.number == 0


@pytest.mark.parametrize("theme", THEME_NAMES[1:])
@pytest.mark.parametrize("scale", [0.8, 2.0])
def test_every_card_lies_within_the_smallest_window(filled: MainWindow, qtbot: QtBot, theme: str, scale: float) -> None:
    filled.use_preferences(replace(filled.preferences, theme=theme, text_scale=scale))
    filled.resize(960, 620)
    tour = begin(filled, qtbot)

    for _ in tour_steps(filled):
        QApplication.processEvents()
        assert tour.rect().contains(tour.card.geometry())
        assert tour.card.height() >= tour.card.layout().totalHeightForWidth(tour.card.width())
        corner = tour.next_button.mapTo(tour, QPoint(0, 0))
        assert tour.card.geometry().contains(corner)
        tour.go_on()
    filled.use_preferences(replace(filled.preferences, theme="light", text_scale=1.0))


def test_without_a_study_the_tour_opens_the_demo(window: MainWindow, qtbot: QtBot) -> None:
    begin(window, qtbot)

    assert window.controller.is_busy
    window.controller.cancel()
    qtbot.waitUntil(lambda: not window.controller.is_busy)


def test_a_gone_study_is_greyed_and_a_pinned_one_stays(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    here, gone = tmp_path / "here.planetview", tmp_path / "gone.planetview"
    here.touch()
    window.use_preferences(window.preferences.with_study(gone).with_study(here))

    def rows() -> dict[str, bool]:
        return {
            row.open_button.text(): row.open_button.isEnabled()
            for row in window.welcome.findChildren(RecentRow)
            if row.isVisible()
        }

    qtbot.waitUntil(lambda: rows() == {"here": True, "gone · not found": False})
    menu = window.menus.studies.menu
    assert [a.text() for a in menu.actions()[:2]] == ["here", "gone (not found)"]

    window.studies.pin(here, True)
    (clear,) = [a for a in menu.actions() if a.text() == "&Clear list"]
    clear.trigger()

    assert window.preferences.studies.ordered() == (here,)
    assert menu.actions()[0].text() == "here (pinned)"
