"""Several sources of a study are gone from one place: all are found again in one step."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from planetview.core.messages import ScanTarget
from planetview.core.relinking import common_folder
from planetview.gui.dialogs import choose
from planetview.gui.models.set_words import quoted
from planetview.gui.relinker import Relinker
from planetview.gui.workspace import MissingSource, Workspace

_NAMED = 4


class RelinkBar(QFrame):
    """Offers to relink all missing sources from one new folder, or those beside one that was just found."""

    relink_requested = Signal(object)  # tuple[ScanTarget, ...]: to be read as one job, and undone as one
    notice = Signal(str)

    def __init__(self, workspace: Workspace, relinker: Relinker, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._relinker = workspace, relinker
        self._is_scanning = False
        self.setProperty("tone", "warning")
        self._words = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._button = QPushButton(self.tr("Relink them"), self)
        self._button.clicked.connect(self._on_clicked)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(12)
        layout.addWidget(self._words, 1)
        layout.addWidget(self._button)
        relinker.changed.connect(self.refresh)
        self.refresh()

    def words(self) -> str:
        """Return what is offered, "" for nothing."""
        return "" if self.isHidden() else self._words.text()

    def set_scanning(self, is_scanning: bool) -> None:
        """Offer nothing while sources are being read: more may come."""
        self._is_scanning = is_scanning
        self.refresh()

    def refresh(self) -> None:
        """Show what can be offered now."""
        offers, folder = self._relinker.offers, self._folder()
        if offers:
            words = self.tr("More missing sets are at the new place too: {0}.")
            self._words.setText(words.format(_names([item for item, _ in offers])))
            self._button.setText(self.tr("Relink them"))
            self._button.setToolTip(self.tr("Read these sets from the new place, in one step"))
        elif folder is not None:
            missing = self._workspace.contents.missing
            words = self.tr("{0} sets are missing from {1}: {2}.")
            self._words.setText(words.format(len(missing), folder, _names(missing)))
            self._button.setText(self.tr("Locate folder…"))
            self._button.setToolTip(
                self.tr("Choose where this folder is now; all sets in it are found again in one step")
            )
        self.setVisible(not self._is_scanning and (bool(offers) or folder is not None))

    def relink_from(self, new_folder: Path) -> None:
        """Ask for all missing sources at their places under `new_folder`, in place of the folder they shared."""
        folder = self._folder()
        if folder is None:
            return
        missing = self._workspace.contents.missing
        places = [(item, new_folder / item.source.path.relative_to(folder)) for item in missing]
        # People choose the folder above as well as the folder itself.
        beside = [(item, new_folder / folder.name / item.source.path.relative_to(folder)) for item in missing]
        there = max(([pair for pair in pairs if pair[1].exists()] for pairs in (places, beside)), key=len)
        if not there:
            words = self.tr("None of the {0} missing sets is in {1}. Choose the folder that holds {2}.")
            self.notice.emit(words.format(len(missing), new_folder, _names(missing)))
            return
        if len(there) < len(missing):
            words = self.tr("{0} of {1} missing sets are in {2}.")
            self.notice.emit(words.format(len(there), len(missing), new_folder))
        self._request(there)

    def _folder(self) -> Path | None:
        missing = self._workspace.contents.missing
        return common_folder(tuple(item.source.path for item in missing)) if len(missing) > 1 else None

    def _on_clicked(self) -> None:
        if self._relinker.offers:
            self._request(list(self._relinker.offers))
        else:
            choose.choose_folder(
                self, self.tr("Where is {0} now?").format(self._folder()), lambda paths: self.relink_from(paths[0])
            )

    def _request(self, found: list[tuple[MissingSource, Path]]) -> None:
        self.relink_requested.emit(tuple(ScanTarget(path, item.source.name, item.source.role) for item, path in found))


def _names(missing: list[MissingSource] | tuple[MissingSource, ...]) -> str:
    names = [item.source.name for item in missing]
    return quoted(names) if len(names) <= _NAMED else ", ".join(f"'{name}'" for name in names[:_NAMED]) + ", …"
