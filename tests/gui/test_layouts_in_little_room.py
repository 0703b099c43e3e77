"""Nothing is clipped or pressed together where there is little room: large text, small windows, long words."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QApplication,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTextBrowser,
    QWidget,
)
from pytestqt.qtbot import QtBot

from planetview.core.consent import ProgramFile
from planetview.core.results import Results
from planetview.core.stretch import Stretch, StretchKind
from planetview.gui.dialogs.closing import CloseQuestion
from planetview.gui.dialogs.generator_jobs import PathLengthDialog, SampleDialog
from planetview.gui.dialogs.manual import ManualDialog
from planetview.gui.dialogs.question import ConsentQuestion
from planetview.gui.dialogs.shortcuts import ShortcutsDialog
from planetview.gui.main_window import MainWindow
from planetview.gui.models.manual_pages import ManualPage
from planetview.gui.theme import Theme
from planetview.gui.tour import Tour
from planetview.gui.views.compare import CompareDialog
from planetview.gui.views.compare.colours import heat_table
from planetview.gui.views.compare.scale_bar import ScaleBar
from planetview.gui.views.models_page import ModelsPage
from planetview.gui.views.neighbour_bar import NeighbourBar
from planetview.gui.views.stretch_choice import StretchChoice
from planetview.gui.widgets.branches import BranchTree
from planetview.gui.widgets.dock_title import DockTitle
from planetview.gui.widgets.elided import ElidedLabel
from planetview.gui.widgets.text_dialog import TextDialog
from tests.gui.accessibility import cut
from tests.gui.fake_generator import FakeGenerator

SMALLEST = (960, 620)


@pytest.fixture
def large_text(theme: Theme) -> Theme:
    theme.use("light", 2.0)
    return theme


def place_of(widget: QWidget, within: QWidget) -> QRect:
    return QRect(widget.mapTo(within, QPoint(0, 0)), widget.size())


def overlapping(widgets: list[QWidget], within: QWidget) -> list[tuple[str, str]]:
    """Return which of the widgets that are shown lie over each other, by what they say."""
    shown = [widget for widget in widgets if widget.isVisible()]
    return [
        (one.accessibleName(), other.accessibleName())
        for number, one in enumerate(shown)
        for other in shown[number + 1 :]
        if place_of(one, within).intersects(place_of(other, within))
    ]


def test_images_and_their_names_stay_apart_in_the_smallest_compare_view_with_the_largest_text(
    compare_view: CompareDialog, theme: Theme, qtbot: QtBot
) -> None:
    compare_view.resize(*SMALLEST)
    theme.use("light", 2.0)
    controls, line = compare_view.controls, compare_view.fontMetrics
    qtbot.waitUntil(lambda: controls.height() >= controls.heightForWidth(controls.width()))
    for pane in compare_view.panes:
        assert overlapping([pane.title, pane.canvas, pane.name, pane.facts], pane) == []
        assert pane.canvas.height() > 4 * line().lineSpacing()


def test_variants_of_the_path_length_stay_apart_from_what_follows_them(
    qtbot: QtBot, theme: Theme, window: MainWindow
) -> None:
    dialog = PathLengthDialog(FakeGenerator().found, frozenset(), window)
    qtbot.addWidget(dialog)
    dialog.resize(560, 10)
    dialog.show()
    parts = [*dialog.variants.values(), dialog.distance, dialog.samples, dialog.seed]
    qtbot.waitUntil(lambda: overlapping(parts, dialog) == [])


def test_number_fields_of_a_form_are_equally_wide(qtbot: QtBot, theme: Theme, window: MainWindow) -> None:
    dialog = SampleDialog(FakeGenerator().found, 0, 1.0, window)
    qtbot.addWidget(dialog)
    dialog.show()
    assert len({field.width() for field in (dialog.count, dialog.seed, dialog.truncation)}) == 1


def test_a_digest_breaks_its_line_instead_of_being_cut_off(qtbot: QtBot, large_text: Theme, window: MainWindow) -> None:
    question = ConsentQuestion(ProgramFile("0f" * 32, "net.pt", "TorchScript file"), window)
    qtbot.addWidget(question)
    question.open()
    label = next(label for label in question.findChildren(QLabel) if "SHA-256" in label.text())
    longest = max(label.text().split(), key=len)
    assert len(longest) == 16 and label.fontMetrics().horizontalAdvance(longest) < label.width()


def test_a_field_is_as_wide_with_text_in_it_as_without(qtbot: QtBot, theme: Theme) -> None:
    bar = NeighbourBar()
    qtbot.addWidget(bar)
    bar.resize(1100, 120)
    bar.show()
    field = bar.findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    before = field.width()
    field.setText("crater")
    QApplication.sendPostedEvents()
    assert field.width() == before
    number = bar.findChild(QSpinBox)
    assert isinstance(number, QSpinBox) and number.lineEdit().textMargins().left() > 0


@pytest.mark.parametrize(
    ("limits", "texts"),
    [
        ((0.0, 0.0602), ["0.0602", "0.0451", "0.0301", "0.0151", "0"]),
        ((-40.0, 40.0), ["40", "20", "0", "−20", "−40"]),
        ((0.0, 1.0), ["1.00", "0.75", "0.50", "0.25", "0"]),
    ],
)
def test_numbers_beside_the_colours_have_the_same_decimals(
    qtbot: QtBot, theme: Theme, limits: tuple[float, float], texts: list[str]
) -> None:
    bar = ScaleBar(theme)
    qtbot.addWidget(bar)
    bar.show_scale(limits, heat_table(), is_clipped=False, unit="")
    assert bar.tick_texts() == texts


def test_a_wide_picture_of_the_manual_needs_no_bar_across(qtbot: QtBot, theme: Theme, tmp_path: Path) -> None:
    picture = QImage(1600, 400, QImage.Format.Format_RGB32)
    picture.fill(QColor("grey"))
    assert picture.save(str(tmp_path / "wide.png"))
    words = "# Wide\n\n![wide](wide.png)\n\n" + "words\n\n" * 80
    manual = ManualDialog(pages=(ManualPage(tmp_path / "wide.md", "Wide", words),))
    qtbot.addWidget(manual)
    manual.show()
    qtbot.waitUntil(lambda: manual.text.verticalScrollBar().maximum() > 0)
    assert manual.text.horizontalScrollBar().maximum() == 0


def test_buttons_beside_the_weights_stay_apart_in_the_smallest_window_with_the_largest_text(
    window: MainWindow, theme: Theme, qtbot: QtBot, results: Results
) -> None:
    window.resize(*SMALLEST)
    window.theme.use("light", 2.0)
    window.show_page("models")
    page = window.pages.page("models")
    assert isinstance(page, ModelsPage)
    QApplication.sendPostedEvents()
    buttons = [button for button in page.findChildren(QPushButton) if button.isVisible()]
    whole = [button for button in buttons if button.height() >= button.sizeHint().height()]
    assert len(buttons) > 8 and whole == buttons
    assert overlapping(list(buttons), page) == []
    window.theme.use("light", 1.0)


def test_the_title_of_a_panel_grows_with_the_text_and_its_buttons_undock_and_close_it(
    window: MainWindow, qtbot: QtBot
) -> None:
    dock = window.docks.dock("jobs")
    dock.show()
    title = dock.titleBarWidget()
    assert isinstance(title, DockTitle)
    words = title.findChild(QLabel)
    assert isinstance(words, QLabel) and words.text() == "Jobs"
    before = words.sizeHint().height()
    window.theme.use("light", 2.0)
    qtbot.waitUntil(lambda: words.sizeHint().height() > 1.8 * before)
    window.theme.use("light", 1.0)
    title.float_button.click()
    assert dock.isFloating()
    title.float_button.click()
    assert not dock.isFloating()
    title.close_button.click()
    assert dock.isHidden()


def test_what_a_study_lacks_ends_in_an_ellipsis_beside_a_large_run_button(window: MainWindow, theme: Theme) -> None:
    window.resize(*SMALLEST)
    state = window.header.findChild(ElidedLabel)
    assert isinstance(state, ElidedLabel)
    assert state.text() == window.header.state_text() != "" and state.toolTip() == state.text()


@pytest.mark.parametrize("is_page", [False, True])
def test_text_to_read_keeps_off_its_frame_and_has_the_size_of_all_text(
    qtbot: QtBot, large_text: Theme, is_page: bool
) -> None:
    dialog = TextDialog("Title", "words", html=is_page)
    qtbot.addWidget(dialog)
    view = dialog.findChild(QTextBrowser if is_page else QPlainTextEdit)
    assert view is not None and view.document().documentMargin() >= 10
    assert view.font().pointSizeF() == dialog.font().pointSizeF()


def ink(picture: QImage, area: QRect) -> int:
    """Return how far from the left of an area the first pixel stands that is not its ground."""
    ground = picture.pixelColor(area.left() + 2, area.top() + 2).rgb()
    columns = range(area.left() + 2, area.right() - 2)
    return next(
        (
            x - area.left()
            for x in columns
            if any(picture.pixel(x, y) != ground for y in range(area.top() + 2, area.bottom() - 1))
        ),
        -1,
    )


def test_words_of_cells_begin_below_those_of_their_headings(qtbot: QtBot, theme: Theme, window: MainWindow) -> None:
    window.shell.edit_shortcuts()
    table = window.findChild(ShortcutsDialog).table
    table.setAlternatingRowColors(False)
    picture, head = table.grab().toImage(), table.header()
    for column in (0, 1, 2):
        left, width = head.sectionViewportPosition(column), head.sectionSize(column)
        edge = table.viewport().geometry().topLeft()
        heading = QRect(head.x() + left, head.y(), width, head.height())
        cell = QRect(edge.x() + left, edge.y() + table.visualItemRect(table.topLevelItem(3)).top(), width,
                     table.visualItemRect(table.topLevelItem(3)).height())  # fmt: skip
        # Letters of one font begin up to two pixels beside each other.
        assert abs(ink(picture, heading) - ink(picture, cell)) <= 2


@pytest.mark.parametrize("name", ["light", "dark", "contrast"])
def test_the_arrow_of_a_chosen_row_has_the_colour_of_its_text(qtbot: QtBot, theme: Theme, name: str) -> None:
    theme.use(name, 1.0)
    model = QStandardItemModel()
    for words in ("first", "second"):
        item = QStandardItem(words)
        item.appendRow(QStandardItem("inside"))
        model.appendRow(item)
    tree = BranchTree()
    qtbot.addWidget(tree)
    tree.setModel(model)
    tree.setCurrentIndex(model.index(0, 0))
    tree.show()
    chosen, other = (
        colours(tree.viewport().grab(QRect(0, tree.visualRect(model.index(row, 0)).top(), tree.indentation(),
                                           tree.visualRect(model.index(row, 0)).height())).toImage())
        for row in (0, 1)
    )  # fmt: skip
    assert QColor(theme.tokens.accent_text).name() in chosen
    assert QColor(theme.tokens.text).name() in other
    theme.use("light", 1.0)


def colours(picture: QImage) -> set[str]:
    return {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}


def test_a_question_shows_a_mark_in_the_colours_of_the_theme(qtbot: QtBot, theme: Theme, window: MainWindow) -> None:
    question = CloseQuestion("Mars", is_busy=False, is_dirty=True, parent=window)
    qtbot.addWidget(question)
    question.open()
    window.theme.use("dark", 2.0)
    mark = question.iconPixmap().toImage()
    assert mark.height() == 2 * question.fontMetrics().height()
    inks = {mark.pixelColor(x, y).name() for x in range(mark.width()) for y in range(mark.height())
            if mark.pixelColor(x, y).alpha() == 255}  # fmt: skip
    assert QColor(window.theme.tokens.accent).name() in inks
    window.theme.use("light", 1.0)


def test_the_card_of_the_tour_grows_with_the_text_while_it_is_open(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(1280, 800)
    window.start_tour()
    tour = window.findChild(Tour)
    assert isinstance(tour, Tour)
    window.theme.use("light", 2.0)
    qtbot.waitUntil(lambda: cut(tour) == [] and tour.card.height() >= tour.card.heightForWidth(tour.card.width()))
    tour.end()
    window.theme.use("light", 1.0)


def test_the_choices_of_noise_are_whole_in_large_text(qtbot: QtBot, large_text: Theme, window: MainWindow) -> None:
    dialog = SampleDialog(FakeGenerator().found, 0, 1.0, window)
    qtbot.addWidget(dialog)
    dialog.show()
    longest = max(dialog.noise.fontMetrics().horizontalAdvance(dialog.noise.itemText(row)) for row in range(3))
    assert dialog.noise.width() > longest + 2 * dialog.noise.fontMetrics().averageCharWidth()


def test_the_ends_of_a_stretch_stay_in_one_line(qtbot: QtBot, large_text: Theme) -> None:
    choice = StretchChoice()
    qtbot.addWidget(choice)
    choice.show_stretch(Stretch(StretchKind.SET_PERCENTILE, 2.0, 98.0), ())
    choice.show()
    for width in (1000, 760, 620, 500):
        choice.resize(width, 300)
        QApplication.sendPostedEvents()
        first, second = (place_of(field, choice) for field in choice.findChildren(QDoubleSpinBox))
        assert first.top() == second.top()
        assert first.right() < second.left()
