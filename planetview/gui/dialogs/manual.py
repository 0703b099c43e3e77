"""The manual: every page of the documentation, offline, with search."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QUrl, Signal, Slot
from PySide6.QtGui import (
    QDesktopServices,
    QImage,
    QKeySequence,
    QResizeEvent,
    QShortcut,
    QTextBlock,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from planetview.gui.models.manual_pages import ManualPage, load_pages, slug

_PAGE = Qt.ItemDataRole.UserRole


class ManualDialog(QDialog):
    """Pages at the left, the page read at the right; a search counts on all pages and finds on this one."""

    def __init__(self, parent: QWidget | None = None, pages: tuple[ManualPage, ...] | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Manual"))
        self.resize(980, 680)
        self._pages = load_pages() if pages is None else pages
        self._history: list[tuple[str, str]] = []
        self._place = -1
        self._build()
        if self._pages:
            self.show_page(self._pages[0].id)
        else:
            self.text.setPlainText(
                self.tr("The manual is not part of this installation. It is in the folder docs of the source code.")
            )

    def show_page(self, page_id: str, anchor: str = "") -> None:
        """Show a page, from the heading `anchor` on; an unknown page leaves all as it is."""
        if any(page.id == page_id for page in self._pages):
            del self._history[self._place + 1 :]
            self._history.append((page_id, anchor))
            self._place = len(self._history) - 1
            self._read()

    def current_page(self) -> str:
        """Return the id of the page that is read; "" when there is none."""
        return self._history[self._place][0] if self._history else ""

    def _build(self) -> None:
        self.search = QLineEdit(clearButtonEnabled=True, placeholderText=self.tr("Search all pages (Ctrl+F)"))
        self.search.setAccessibleName(self.tr("Search the manual"))
        self.search.setToolTip(self.tr("Count these words on every page; Enter goes to the next place."))
        self.search.textChanged.connect(self._on_searched)
        self.search.returnPressed.connect(self.find_next)
        self.found = QLabel()
        self.found.setProperty("muted", True)
        self.found.hide()
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Pages of the manual"))
        self.list.setWordWrap(True)
        self.list.setSpacing(3)
        for page in self._pages:
            item = QListWidgetItem(page.title, self.list)
            item.setData(_PAGE, page.id)
        self.list.currentItemChanged.connect(self._on_item_changed)
        self.text = _PageView(self)
        self.text.setAccessibleName(self.tr("Page"))
        self.text.link_followed.connect(self._on_link)
        self.back, self.forward = QPushButton(self.tr("← Back")), QPushButton(self.tr("Forward →"))
        self.back.clicked.connect(lambda: self._go(-1))
        self.forward.clicked.connect(lambda: self._go(1))
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.accept)
        for button in (self.back, self.forward, close):
            button.setAutoDefault(False)
        split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        split.addWidget(self.list)
        split.addWidget(self.text)
        split.setStretchFactor(1, 1)
        split.setSizes([230, 730])
        top, foot = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self.found)
        for button in (self.back, self.forward):
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addLayout(top)
        layout.addWidget(split, 1)
        layout.addLayout(foot)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self.search.setFocus)
        QShortcut(QKeySequence(Qt.Modifier.ALT | Qt.Key.Key_Left), self, lambda: self._go(-1))
        QShortcut(QKeySequence(Qt.Modifier.ALT | Qt.Key.Key_Right), self, lambda: self._go(1))

    def _go(self, step: int) -> None:
        if 0 <= self._place + step < len(self._history):
            self._place += step
            self._read()

    def _read(self) -> None:
        page_id, anchor = self._history[self._place]
        page = next(page for page in self._pages if page.id == page_id)
        self.text.show_page(page, anchor)
        for row in range(self.list.count()):
            if self.list.item(row).data(_PAGE) == page_id and self.list.currentRow() != row:
                self.list.blockSignals(True)
                self.list.setCurrentRow(row)
                self.list.blockSignals(False)
        self.back.setEnabled(self._place > 0)
        self.forward.setEnabled(self._place < len(self._history) - 1)

    @Slot()
    def find_next(self) -> None:
        """Go to the next place of the searched words on this page, else to the next page that has them."""
        words = self.search.text().strip()
        if not words or self.text.find(words):
            return
        ids = [page.id for page in self._pages]
        here = ids.index(self.current_page())
        for page in (*self._pages[here + 1 :], *self._pages[: here + 1]):
            if page.count(words):
                if page.id != self.current_page():
                    self.show_page(page.id)
                self.text.moveCursor(QTextCursor.MoveOperation.Start)
                self.text.find(words)
                return

    @Slot(str)
    def _on_searched(self, words: str) -> None:
        total = 0
        for row, page in enumerate(self._pages):
            count = page.count(words)
            total += count
            item = self.list.item(row)
            item.setText(f"{page.title} ({count})" if count else page.title)
            font = item.font()
            font.setBold(count > 0)
            item.setFont(font)
        nothing = self.tr("not found") if words.strip() else ""
        self.found.setText(self.tr("{0} places; Enter finds the next").format(f"{total:,}") if total else nothing)
        # Without words it would still keep the search from reaching the edge.
        self.found.setVisible(bool(self.found.text()))

    @Slot(QListWidgetItem, QListWidgetItem)
    def _on_item_changed(self, item: QListWidgetItem | None, _before: QListWidgetItem | None) -> None:
        if item is not None:
            self.show_page(item.data(_PAGE))

    @Slot(QUrl)
    def _on_link(self, url: QUrl) -> None:
        if url.scheme() in ("http", "https"):
            QDesktopServices.openUrl(url)
        elif url.path().endswith(".md") or not url.path():
            page_id = Path(url.path()).stem if url.path() else self.current_page()
            self.show_page(page_id, url.fragment(QUrl.ComponentFormattingOption.FullyDecoded))


def show_manual(parent: QWidget) -> None:
    """Open the manual beside the work; one that is open already comes to the front."""
    manual = parent.findChild(ManualDialog) or ManualDialog(parent)
    manual.show()
    manual.raise_()
    manual.activateWindow()


class _PageView(QTextBrowser):
    """Shows Markdown; pictures are made as wide as the page at most, links are left to the dialog."""

    link_followed = Signal(QUrl)
    # Qt tells of its first palette before the rest of the making.
    _page: ManualPage | None = None

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, openLinks=False)
        self._width = 0
        # Pictures are fitted to the width: a bar that comes after them would take some of it.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.anchorClicked.connect(self.link_followed)

    def show_page(self, page: ManualPage, anchor: str) -> None:
        self._page, self._width = page, self.viewport().width()
        self.document().setBaseUrl(QUrl.fromLocalFile(str(page.path)))
        self.document().setDocumentMargin(16)
        self.setMarkdown(page.text)
        self.moveCursor(QTextCursor.MoveOperation.Start)
        if anchor:
            self._go_to(anchor)

    def _go_to(self, anchor: str) -> None:
        # Qt gives the headings of Markdown no anchors of their own.
        block: QTextBlock = self.document().begin()
        while block.isValid():
            if block.blockFormat().headingLevel() and slug(block.text()) == anchor:
                cursor = QTextCursor(block)
                self.setTextCursor(cursor)
                bar = self.verticalScrollBar()
                bar.setValue(bar.value() + self.cursorRect(cursor).top())
                return
            block = block.next()

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        if kind != QTextDocument.ResourceType.ImageResource.value or self._page is None:
            return None
        path = (self._page.path.parent / QUrl(name).path()).resolve()
        # Pages show pictures of the manual alone, wherever a changed page may point.
        if self._page.path.parent.resolve() not in path.parents:
            return None
        picture = QImage(str(path))
        width = max(120, self.viewport().width() - 32)
        if picture.width() > width:
            picture = picture.scaledToWidth(width, Qt.TransformationMode.SmoothTransformation)
        return picture

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._page is not None and "![" in self._page.text and self.viewport().width() != self._width:
            self._show_again()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # The colour of links is written into the text when Markdown is read.
        if event.type() == QEvent.Type.PaletteChange:
            self._show_again()

    def _show_again(self) -> None:
        if self._page is not None:
            at = self.verticalScrollBar().value()
            self.show_page(self._page, "")
            self.verticalScrollBar().setValue(at)
