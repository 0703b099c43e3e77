"""The sheet that shows what was dropped or chosen before it is taken into the study."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from planetview.core.datasets import Role, guess_role
from planetview.core.set_preview import SetPreview
from planetview.gui.idle import IdleWork
from planetview.gui.looking import Looks
from planetview.gui.models.set_words import count_words
from planetview.gui.theme import Theme
from planetview.gui.views.intake_row import IntakeRow
from planetview.gui.widgets.drops import has_local_paths, local_paths
from planetview.gui.widgets.row_column import RowColumn

_WIDTH_CHARACTERS = 120
_EDGE_PX = 48
_GAP_PX = 10
_SOON_MS = 30


@dataclass(frozen=True, slots=True)
class Offer:
    """One source that may be taken in. role: None guesses it. note: what to say of how it came here."""

    path: Path
    role: Role | None = None
    note: str = ""


class IntakeDialog(QDialog):
    """Shows a row for each source as soon as it is dropped; Enter takes them in, Esc leaves everything as it was.

    known: name in the study by source. counts: how many sets of the study have each role.
    """

    accepted_sources = Signal(object)  # tuple[tuple[Path, Role], ...]
    paths_dropped = Signal(object)  # tuple[Path, ...]
    asking_changed = Signal(bool)

    def __init__(self, known: Mapping[Path, str], counts: Mapping[Role, int], theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._known, self._counts, self._theme = dict(known), dict(counts), theme
        self._below = parent
        self._rows: dict[Path, IntakeRow] = {}
        self.looks = Looks(self)
        self.looks.changed.connect(self._on_looked)
        self._making = IdleWork(lambda: False, self)
        # Many rows come and change one after the other: what follows from all of them is found now and then.
        self._later = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._later.timeout.connect(self._show_now)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Take images in"))
        self.setAcceptDrops(True)
        self._heading = QLabel(self)
        self._heading.setProperty("title", True)
        self._roles = QLabel(self, wordWrap=True)
        self.ask = QCheckBox(self.tr("&Ask before taking images in"), self)
        self.ask.setChecked(True)
        self.ask.setToolTip(self.tr("Without it they are taken in at once; Edit > Preferences asks again"))
        self.ask.clicked.connect(self.asking_changed)
        self.take_button = QPushButton(self.tr("&Take in"), self)
        self.take_button.setProperty("primary", True)
        self.take_button.setDefault(True)
        self.take_button.clicked.connect(self._on_taken)
        self.cancel_button = QPushButton(self.tr("Cancel"), self)
        self.cancel_button.setToolTip(self.tr("Leave the study as it is (Esc)"))
        self.cancel_button.setAutoDefault(False)
        self.cancel_button.clicked.connect(self.reject)
        self.finished.connect(lambda _result: self._stop())
        self._lay_out()
        self._show_state()

    def rows(self) -> tuple[IntakeRow, ...]:
        """Return the rows, in the order of the sources; some may still be to come."""
        return tuple(self._rows.values())

    def warnings(self) -> tuple[str, ...]:
        """Return what is wrong with the roles that the sets would have."""
        return () if self._roles.isHidden() else tuple(self._roles.text().splitlines())

    @property
    def is_complete(self) -> bool:
        """Whether every source has its row, and all is told of it that will be."""
        return self._making.is_done and self.looks.is_done

    def add(self, offers: Iterable[Offer]) -> None:
        """Show these sources too; the first row now, one in each later turn of the loop."""
        new = [offer for offer in offers if offer.path not in self._rows]
        steps = self._make_rows(new)
        next(steps, None)
        self._show_now()
        self._making.begin_after(steps)
        self.looks.begin(offer.path for offer in new)
        self.take_button.setFocus()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if has_local_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if paths := local_paths(event.mimeData()):
            event.acceptProposedAction()
            self.paths_dropped.emit(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._stop()
        super().closeEvent(event)

    def _make_rows(self, offers: list[Offer]) -> Iterator[None]:
        for offer in offers:
            role = offer.role or guess_role(offer.path)
            row = IntakeRow(offer.path, role, self._theme, self._known.get(offer.path, ""), offer.note)
            row.changed.connect(self._show_state)
            row.grown.connect(self._show_soon)
            row.folders_wanted.connect(self._split, Qt.ConnectionType.QueuedConnection)
            self._rows[offer.path] = row
            if (found := self._early.pop(offer.path, None)) is not None:
                row.show_preview(found)
            self._column.add(row)
            self._show_soon()
            yield

    def _split(self, path: Path) -> None:
        row = self._rows.pop(path)
        self._column.remove(row)
        row.deleteLater()
        self.add([Offer(folder) for folder in row.preview.folders])
        self._show_state()

    def _lay_out(self) -> None:
        self._early: dict[Path, SetPreview] = {}
        self._column = RowColumn(_GAP_PX, self)
        self._scroll = QScrollArea(self, widgetResizable=True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setAccessibleName(self.tr("Sources"))
        self._scroll.setWidget(self._column)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addWidget(self.ask, 1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.take_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(10)
        layout.addWidget(self._heading)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self._roles)
        layout.addLayout(buttons)

    def _on_looked(self, path: Path, preview: SetPreview) -> None:
        row = self._rows.get(path)
        if row is None:
            self._early[path] = preview
        else:
            row.show_preview(preview)

    def _show_state(self) -> None:
        taken = [row for row in self._rows.values() if row.is_taken]
        images = sum(row.preview.images for row in taken)
        is_counted = all(row.preview.is_counted for row in taken)
        if not taken:
            self._heading.setText(self.tr("Nothing to take in"))
        else:
            sets = count_words(len(taken), self.tr("1 set"), self.tr("{0} sets"))
            count = count_words(images) + ("" if is_counted else "…")
            self._heading.setText(self.tr("Take in {0}, {1}?").format(sets, count))
        self.take_button.setEnabled(bool(taken))
        self.take_button.setToolTip(
            self.tr("Read all images and add them to the study (Enter); Undo takes them out again")
            if taken
            else self.tr("None of these sources is ticked, or none can be taken in")
        )
        self._show_roles(taken)

    def _show_roles(self, taken: list[IntakeRow]) -> None:
        lines = []
        for role, words in (
            (Role.REFERENCE, self.tr("{0} sets would be the reference; a run needs exactly one.")),
            (Role.HELD_OUT, self.tr("{0} sets would be held-out; a run takes one at most.")),
        ):
            count = self._counts.get(role, 0) + sum(row.role is role for row in taken)
            if count > 1 and any(row.role is role for row in taken):
                lines.append("⚠ " + words.format(count))
        self._roles.setText("\n".join(lines))
        self._roles.setProperty("tone", "warning")
        self._roles.setVisible(bool(lines))

    def _show_soon(self) -> None:
        if not self._later.isActive():
            self._later.start()

    def _show_now(self) -> None:
        self._show_state()
        self._fit()

    def _fit(self) -> None:
        """Grow to what the rows need, as far as the window below has room; never shrink under the pointer."""
        width = min(_WIDTH_CHARACTERS * self.fontMetrics().averageCharWidth(), self._below.width() - _EDGE_PX)
        width = max(width, self.width() if self.isVisible() else 0)
        inner = width - 2 * 20
        most = self._below.height() - _EDGE_PX
        height = self.sizeHint().height() - self._scroll.sizeHint().height() + 8
        for row in self._rows.values():
            if height >= most:
                break
            height += self._column.height_of(row, inner) + _GAP_PX
        height = min(height, most)
        self.resize(width, max(height, self.height() if self.isVisible() else 0))

    def _on_taken(self) -> None:
        taken = tuple((row.path, row.role) for row in self._rows.values() if row.is_taken)
        if taken:
            self._stop()
            self.accept()
            self.accepted_sources.emit(taken)

    def _stop(self) -> None:
        self._later.stop()
        self._making.stop()
        self.looks.stop()
