from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument

from planetview.gui.dialogs.manual import ManualDialog
from planetview.gui.models.manual_pages import ManualPage, load_pages, slug


@pytest.fixture
def manual(qtbot) -> ManualDialog:
    """The manual with two small pages."""
    pages = (
        ManualPage(Path("a.md"), "First", "# First\n\nSee [the floor](b.md#noise-floor). Mars."),
        ManualPage(Path("b.md"), "Second", "# Second\n\n" + "words\n\n" * 80 + "## Noise floor\n\nMars and Mars.\n"),
    )
    dialog = ManualDialog(pages=pages)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_every_page_of_the_documentation_is_there_with_its_title() -> None:
    pages = {page.id: page for page in load_pages()}
    assert {"metrics", "weights", "generators", "install"} <= set(pages)
    assert pages["metrics"].title == "Metrics and feature extractors"
    assert pages["metrics"].count("fréchet") > 3


def test_links_between_the_pages_lead_to_pages_and_headings_that_exist() -> None:
    import re

    pages = {page.id: page for page in load_pages()}
    for page in pages.values():
        for target, anchor in re.findall(r"\]\((?!https?:)([\w./-]*\.md)?(?:#([^)]+))?\)", page.text):
            linked = pages.get(Path(target).stem) if target else page
            if linked is not None and anchor:
                headings = {slug(line.lstrip("# ")) for line in linked.text.splitlines() if line.startswith("#")}
                assert anchor in headings, (page.id, target, anchor)
            elif target and "/" not in target:
                assert (page.path.parent / target).is_file(), (page.id, target)


def test_a_search_counts_on_all_pages_and_enter_goes_from_one_to_the_next(manual: ManualDialog, qtbot) -> None:
    manual.search.setFocus()
    qtbot.keyClicks(manual.search, "mars")
    assert [manual.list.item(row).text() for row in range(2)] == ["First (1)", "Second (2)"]
    assert manual.found.text().startswith("3 places")
    pages = []
    for _ in range(4):
        qtbot.keyClick(manual.search, Qt.Key.Key_Return)
        pages.append((manual.current_page(), manual.text.textCursor().selectedText()))
    assert pages == [("a", "Mars"), ("b", "Mars"), ("b", "Mars"), ("a", "Mars")]
    manual.search.setText("venus")
    assert manual.found.text() == "not found"


def test_a_link_leads_to_the_heading_of_another_page_and_back_returns(manual: ManualDialog, qtbot) -> None:
    manual.text.anchorClicked.emit(QUrl("b.md#noise-floor"))
    assert manual.current_page() == "b"
    assert manual.text.textCursor().block().text() == "Noise floor"
    assert manual.list.currentRow() == 1
    qtbot.mouseClick(manual.back, Qt.MouseButton.LeftButton)
    assert manual.current_page() == "a" and not manual.back.isEnabled()
    qtbot.mouseClick(manual.forward, Qt.MouseButton.LeftButton)
    assert manual.current_page() == "b"


def test_a_page_shows_pictures_of_the_manual_and_no_other_file(qtbot, tmp_path: Path) -> None:
    picture = QImage(2000, 1000, QImage.Format.Format_RGB32)
    (tmp_path / "docs").mkdir()
    for place in (tmp_path, tmp_path / "docs"):
        assert picture.save(str(place / "picture.png"))
    dialog = ManualDialog(pages=(ManualPage(tmp_path / "docs" / "a.md", "A", "# A\n\n![x](picture.png)"),))
    qtbot.addWidget(dialog)
    dialog.show()
    kind = QTextDocument.ResourceType.ImageResource.value
    inside = dialog.text.loadResource(kind, QUrl("picture.png"))
    assert isinstance(inside, QImage) and 0 < inside.width() <= dialog.text.viewport().width()
    assert dialog.text.loadResource(kind, QUrl("../picture.png")) is None


def test_an_installation_without_help_says_so(qtbot) -> None:
    dialog = ManualDialog(pages=())
    qtbot.addWidget(dialog)
    assert "not part of this installation" in dialog.text.toPlainText()
    dialog.find_next()
