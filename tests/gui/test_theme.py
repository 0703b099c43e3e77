"""Light, dark and high contrast: readable, switched everywhere at once, remembered."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QScrollArea, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from planetview.core.paths import resource
from planetview.core.results import Results
from planetview.gui.icons import icon_pixmap
from planetview.gui.main_window import MainWindow
from planetview.gui.preferences import Preferences, load_preferences, preferences_path, save_preferences
from planetview.gui.recent import RecentPlaces
from planetview.gui.theme import CONTRAST, DARK, LIGHT, THEME_NAMES, Theme, Tokens, palette_of, style_sheet_of


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


every_theme = pytest.mark.parametrize("tokens", [LIGHT, DARK, CONTRAST], ids=["light", "dark", "contrast"])


@every_theme
def test_text_and_data_stand_out_from_every_ground(tokens: Tokens) -> None:
    least = 7 if tokens is CONTRAST else 4.5
    for ground in (tokens.background, tokens.surface, tokens.surface_alt):
        for text in (tokens.text, tokens.text_muted, tokens.accent, tokens.warning, tokens.danger, tokens.success):
            assert contrast(text, ground) >= least
        assert contrast(tokens.accent, ground) >= 3, "the focus ring"
    for colour in (tokens.reference, tokens.held_out, *tokens.candidates):
        assert contrast(colour, tokens.surface) >= 3
    assert contrast(tokens.accent, tokens.accent_text) >= least


def test_high_contrast_has_outlines_that_stand_out_and_a_thicker_focus_ring() -> None:
    assert contrast(CONTRAST.border, CONTRAST.surface_alt) >= 3
    assert CONTRAST.ring_px > LIGHT.ring_px
    assert "border: 3px solid #ffe14d" in style_sheet_of(CONTRAST)
    assert "border: 2px solid #0b61ab" in style_sheet_of(LIGHT)


@every_theme
def test_the_palette_gives_text_its_contrast_too(tokens: Tokens) -> None:
    palette = palette_of(tokens)
    for text, ground in (
        (palette.text(), palette.base()),
        (palette.windowText(), palette.window()),
        (palette.buttonText(), palette.button()),
        (palette.toolTipText(), palette.toolTipBase()),
        (palette.highlightedText(), palette.highlight()),
    ):
        assert contrast(text.color().name(), ground.color().name()) >= (7 if tokens is CONTRAST else 4.5)


def test_the_data_colours_of_one_theme_differ_from_each_other() -> None:
    for tokens in (LIGHT, DARK, CONTRAST):
        colours = (tokens.reference, tokens.held_out, *tokens.candidates)
        assert len(set(colours)) == len(colours)


def test_every_theme_has_an_entry_in_the_menu(window: MainWindow) -> None:
    (themes,) = [m for m in window.menuBar().findChildren(QMenu) if m.title() == "&Theme"]
    assert len(themes.actions()) == len(THEME_NAMES)


@pytest.mark.parametrize(
    ("name", "entry", "tokens"),
    [("light", "light", LIGHT), ("dark", "dark", DARK), ("contrast", "high contrast", CONTRAST)],
)
def test_the_whole_window_follows_the_theme(
    window: MainWindow, qtbot: QtBot, name: str, entry: str, tokens: Tokens
) -> None:
    (themes,) = [m for m in window.menuBar().findChildren(QMenu) if m.title() == "&Theme"]
    (chosen,) = [a for a in themes.actions() if a.text().replace("&", "").lower() == entry]
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


@every_theme
def test_arrows_and_check_marks_have_the_ink_of_their_theme(tokens: Tokens) -> None:
    for name, ink in (("up", tokens.text_muted), ("down", tokens.text_muted), ("check", tokens.accent_text)):
        drawing = resource(f"icons/controls/{name}-{tokens.name}.svg").read_text(encoding="utf-8")
        assert f'stroke="{ink}"' in drawing


def test_every_icon_draws_something(qapp: QApplication) -> None:
    for file in sorted(resource("icons").glob("*.svg")):
        image = icon_pixmap(file.stem, "#0000ff", 24).toImage()
        assert any(image.pixelColor(x, y).alpha() > 100 for x in range(24) for y in range(24)), file.name


def test_preferences_survive_a_round_trip() -> None:
    preferences = Preferences("dark", 1.3, RecentPlaces(("/a.planetview",)), geometry="abc")
    preferences = preferences.with_study(Path("/b.planetview")).with_folder(Path("/sets/gan_v1"))
    preferences = replace(preferences, shortcuts={"run": ("F6",), "save": ()}, commands=("run",), knows_tour=True)
    preferences = replace(preferences, studies=preferences.studies.with_pin(Path("/a.planetview"), True))
    preferences = replace(preferences, asks_before_adding=False)

    save_preferences(preferences)

    assert load_preferences() == preferences
    assert preferences.studies.latest == ("/b.planetview", "/a.planetview")


def test_a_damaged_preferences_file_is_set_aside() -> None:
    preferences_path().parent.mkdir(parents=True)
    preferences_path().write_text("{ this is not json")

    assert load_preferences() == Preferences()

    (aside,) = preferences_path().parent.glob("*.damaged-*")
    assert aside.read_text() == "{ this is not json"


def test_senseless_values_keep_their_defaults() -> None:
    preferences_path().parent.mkdir(parents=True)
    document = {"theme": "sepia", "text_scale": 90, "recent": ["/a.planetview", 3], "geometry": None}
    document |= {"shortcuts": {"run": "F6", "save": ["F7", 3]}, "pinned": 3, "docks": [], "knows_tour": "yes"}
    preferences_path().write_text(json.dumps(document))

    assert load_preferences() == Preferences(
        "system", 2.0, RecentPlaces(("/a.planetview",)), shortcuts={"save": ("F7",)}
    )


def test_recent_studies_are_ten_at_most() -> None:
    preferences = Preferences()
    for number in range(15):
        preferences = preferences.with_study(Path(f"/{number}.planetview"))

    assert len(preferences.studies.latest) == 10
    assert preferences.studies.latest[0] == "/14.planetview"


def test_a_pinned_study_stays_first_and_survives_clearing() -> None:
    pinned = Path("/kept.planetview")
    places = RecentPlaces().with_place(pinned).with_pin(pinned, True)
    for number in range(15):
        places = places.with_place(Path(f"/{number}.planetview"))

    assert places.ordered()[:2] == (pinned, Path("/14.planetview"))
    assert len(places.latest) == 10
    assert places.without_unpinned().ordered() == (pinned,)
    assert places.with_pin(pinned, False).without_unpinned().ordered() == ()


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


class StyleEvents(QObject):
    """Counts how often a widget is told that its style has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.StyleChange
        return False


def nested_label(qtbot: QtBot, depth: int) -> tuple[QWidget, QLabel]:
    """Return a window and a label below `depth` widgets in it."""
    outer = QWidget()
    qtbot.addWidget(outer)
    inner = outer
    for _ in range(depth):
        around, inner = inner, QWidget()
        QVBoxLayout(around).addWidget(inner)
    label = QLabel("deep inside", inner)
    outer.show()
    return outer, label


def test_a_change_of_theme_styles_a_widget_no_oftener_for_what_is_around_it(qtbot: QtBot, theme: Theme) -> None:
    nested = [nested_label(qtbot, depth) for depth in (1, 12)]
    counts = []
    for _, label in nested:
        events = StyleEvents()
        label.installEventFilter(events)
        theme.use("dark")
        theme.use("light")
        label.removeEventFilter(events)
        counts.append(events.count)

    assert counts[0] == counts[1] > 0


def test_text_returns_to_its_size_in_widgets_that_nobody_sees(qtbot: QtBot, theme: Theme) -> None:
    _outer, label = nested_label(qtbot, 3)
    area = QScrollArea()
    qtbot.addWidget(area)
    area.show()
    hidden = [label, *area.findChildren(QWidget)]
    before = [widget.font().pointSizeF() for widget in hidden]
    label.parentWidget().hide()

    theme.use("light", 2.0)
    assert label.font().pointSizeF() == 2 * before[0]
    theme.use("light", 1.0)

    assert [widget.font().pointSizeF() for widget in hidden] == before
