"""Light and dark: readable, switched everywhere at once, remembered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from planetview.core.paths import resource
from planetview.core.results import Results
from planetview.gui.icons import icon_pixmap
from planetview.gui.main_window import MainWindow
from planetview.gui.preferences import Preferences, load_preferences, preferences_path, save_preferences
from planetview.gui.theme import DARK, LIGHT, Theme, Tokens


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_data_stand_out_from_every_ground(tokens: Tokens) -> None:
    for ground in (tokens.background, tokens.surface, tokens.surface_alt):
        for text in (tokens.text, tokens.text_muted, tokens.accent, tokens.warning, tokens.danger, tokens.success):
            assert contrast(text, ground) >= 4.5
    for colour in (tokens.reference, tokens.held_out, *tokens.candidates):
        assert contrast(colour, tokens.surface) >= 3
    assert contrast(tokens.accent, tokens.accent_text) >= 4.5


@pytest.mark.parametrize(("name", "tokens"), [("light", LIGHT), ("dark", DARK)])
def test_the_whole_window_follows_the_theme(window: MainWindow, qtbot: QtBot, name: str, tokens: Tokens) -> None:
    for action in window.menuBar().actions():
        for entry in action.menu().actions():
            if entry.menu() is not None and entry.text() == "&Theme":
                (chosen,) = [a for a in entry.menu().actions() if a.text().replace("&", "").lower() == name]
                chosen.trigger()

    picture = window.grab().toImage()

    assert picture.pixelColor(20, picture.height() // 2) == QColor(tokens.background)
    qtbot.waitUntil(lambda: load_preferences().theme == name)


def test_data_colours_follow_roles_and_order(theme: Theme, results: Results) -> None:
    colours = [theme.dataset_colour(results, dataset.name) for dataset in results.datasets]

    assert colours == [LIGHT.reference, LIGHT.held_out, LIGHT.candidates[0], LIGHT.candidates[1]]
    assert theme.dataset_colour(results, "unknown") == LIGHT.text_muted


def test_text_grows_and_returns(theme: Theme, qapp: QApplication) -> None:
    usual = qapp.font().pointSizeF()

    theme.use("light", 1.5)
    assert qapp.font().pointSizeF() == pytest.approx(1.5 * usual)
    theme.use("light", 1.0)
    assert qapp.font().pointSizeF() == pytest.approx(usual)


def test_an_unknown_theme_is_refused(theme: Theme) -> None:
    with pytest.raises(ValueError, match="sepia"):
        theme.use("sepia")


def test_icons_take_the_colour_they_are_given(qapp: QApplication) -> None:
    image = icon_pixmap("run", "#ff0000", 32).toImage()

    middle = image.pixelColor(14, 16)
    assert (middle.red(), middle.green(), middle.blue()) == (255, 0, 0)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_arrows_and_check_marks_have_the_ink_of_their_theme(tokens: Tokens) -> None:
    for name, ink in (("up", tokens.text_muted), ("down", tokens.text_muted), ("check", tokens.accent_text)):
        drawing = resource(f"icons/controls/{name}-{tokens.name}.svg").read_text(encoding="utf-8")
        assert f'stroke="{ink}"' in drawing


def test_every_icon_draws_something(qapp: QApplication) -> None:
    for file in sorted(resource("icons").glob("*.svg")):
        image = icon_pixmap(file.stem, "#0000ff", 24).toImage()
        assert any(image.pixelColor(x, y).alpha() > 100 for x in range(24) for y in range(24)), file.name


def test_preferences_survive_a_round_trip() -> None:
    preferences = Preferences("dark", 1.3, ("/a.planetview",), "abc").with_recent(Path("/b.planetview"))

    save_preferences(preferences)

    assert load_preferences() == preferences
    assert preferences.recent == ("/b.planetview", "/a.planetview")


def test_a_damaged_preferences_file_is_set_aside() -> None:
    preferences_path().parent.mkdir(parents=True)
    preferences_path().write_text("{ this is not json")

    assert load_preferences() == Preferences()

    (aside,) = preferences_path().parent.glob("*.damaged-*")
    assert aside.read_text() == "{ this is not json"


def test_senseless_values_keep_their_defaults() -> None:
    preferences_path().parent.mkdir(parents=True)
    document = {"theme": "sepia", "text_scale": 90, "recent": ["/a.planetview", 3], "geometry": None}
    preferences_path().write_text(json.dumps(document))

    assert load_preferences() == Preferences("system", 2.0, ("/a.planetview",), "")


def test_recent_studies_are_ten_at_most() -> None:
    preferences = Preferences()
    for number in range(15):
        preferences = preferences.with_recent(Path(f"/{number}.planetview"))

    assert len(preferences.recent) == 10
    assert preferences.recent[0] == "/14.planetview"


def test_at_twice_the_text_size_every_page_fits_into_the_usual_window(
    filled: MainWindow, results: Results, qtbot: QtBot
) -> None:
    filled.resize(1280, 800)
    filled.workspace.set_results(results)
    filled.use_preferences(Preferences("light", 2.0))
    for page in ("overview", "neighbours", "entropy", "correlation", "datasets"):
        filled.show_page(page)

    qtbot.waitUntil(lambda: filled.rail.width() >= filled.rail.sizeHint().width())

    assert filled.role_sheet.horizontalScrollBar().maximum() == 0
    for page in ("overview", "neighbours", "entropy", "correlation"):
        assert filled.pages.page(page).minimumSizeHint().width() + filled.rail.width() <= 1280, page
