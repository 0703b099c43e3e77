"""The cards of the sets, one below the other: those that still hold are kept, the others made bit by bit."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from planetview.core.datasets import Dataset, Role
from planetview.gui.idle import IdleWork
from planetview.gui.relinker import Relinker
from planetview.gui.set_summaries import SetSummaries
from planetview.gui.stretch_preview import SetStretch
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.dataset_card import ROLES, DatasetCard, MissingCard
from planetview.gui.views.stretch_panel import StretchPanel
from planetview.gui.workspace import MissingSource, Workspace

_ORDER = [role for role, _, _ in ROLES]

# A set with its colour, or a source with whether it is being read.
_Entry = tuple[Dataset, str] | tuple[MissingSource, bool]


class CardColumn(QWidget):
    """Shows and edits the sets of a `Workspace` as cards, by role; asks for what needs files or jobs."""

    locate_requested = Signal(object)  # MissingSource
    rescan_requested = Signal(object)  # MissingSource
    notice = Signal(str)

    def __init__(
        self,
        workspace: Workspace,
        thumbs: ThumbnailCache,
        summaries: SetSummaries,
        relinker: Relinker,
        theme: Theme,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._thumbs, self._theme = workspace, thumbs, theme
        self._summaries, self._relinker = summaries, relinker
        self._stretch: StretchPanel | None = None
        self._is_scanning = False
        self._cards: dict[int, DatasetCard | MissingCard] = {}
        self.making = IdleWork(lambda: False, self)
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(12)
        workspace.shared_changed.connect(self._show_shared)
        summaries.ready.connect(self._show_summaries)
        relinker.changed.connect(self._show_relinked)
        theme.changed.connect(self._dress_again)

    def cards(self) -> tuple[DatasetCard, ...]:
        """Return the cards of the scanned sets, as shown; some may still be to come."""
        return tuple(card for _, card in sorted(self._cards.items()) if isinstance(card, DatasetCard))

    def place_of(self, card: DatasetCard) -> int:
        """Return how many cards are above."""
        return self._rows.indexOf(card)

    def follow(self, stretch: StretchPanel) -> None:
        """Show the examples through the stretch that is tried there."""
        self._stretch = stretch
        stretch.resolved.connect(self._on_resolved)

    def show_sets(self, is_scanning: bool) -> None:
        """Keep the cards that still hold; make the others, the first now and one in each later turn of the loop."""
        self._is_scanning = is_scanning
        wanted = self._wanted()
        kept = {number: card for number, entry in enumerate(wanted) if (card := self._card_of(entry)) is not None}
        for card in self._cards.values():
            self._rows.removeWidget(card)
            if card not in kept.values():
                card.hide()
                card.deleteLater()
        for card in kept.values():
            self._rows.addWidget(card)
        self._cards = kept
        rest = self._make_missing_cards(wanted)
        next(rest, None)
        self.making.begin(rest)
        self.setVisible(bool(wanted))

    def _dress_again(self) -> None:
        for card in self._cards.values():
            self._rows.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards = {}
        self.show_sets(self._is_scanning)

    def _wanted(self) -> list[_Entry]:
        wanted: list[_Entry] = []
        candidates = 0
        for dataset in sorted(self._workspace.datasets, key=lambda dataset: _ORDER.index(dataset.role)):
            wanted.append((dataset, self._theme.role_colour(dataset.role, candidates)))
            candidates += dataset.role is Role.CANDIDATE
        return wanted + [(missing, self._is_scanning) for missing in self._workspace.contents.missing]

    def _card_of(self, entry: _Entry) -> DatasetCard | MissingCard | None:
        """Return the card that shows exactly this; by identity, since comparing two sets compares all images."""
        for card in self._cards.values():
            shown = (card.dataset, card.colour) if isinstance(card, DatasetCard) else (card.missing, card.is_scanning)
            if shown[0] is entry[0] and shown[1] == entry[1]:
                return card
        return None

    def _make_missing_cards(self, wanted: list[_Entry]) -> Iterator[None]:
        for number, (subject, look) in enumerate(wanted):
            if number not in self._cards:
                card: DatasetCard | MissingCard
                if isinstance(subject, Dataset):
                    card = self._make_card(subject, str(look))
                else:
                    card = self._make_missing_card(subject, bool(look))
                self._rows.insertWidget(sum(1 for other in self._cards if other < number), card)
                self._cards[number] = card
                yield

    def _make_card(self, dataset: Dataset, colour: str) -> DatasetCard:
        card = DatasetCard(dataset, colour, self._thumbs, self._theme, self)
        card.renamed.connect(self._on_renamed, Qt.ConnectionType.QueuedConnection)
        card.role_chosen.connect(self._on_role_chosen, Qt.ConnectionType.QueuedConnection)
        card.removed.connect(self._on_removed, Qt.ConnectionType.QueuedConnection)
        card.relink_accepted.connect(self._relinker.accept, Qt.ConnectionType.QueuedConnection)
        card.relink_rejected.connect(self._on_relink_rejected, Qt.ConnectionType.QueuedConnection)
        card.set_shared(self._workspace.shared)
        card.show_summary(self._summaries.get(dataset))
        if self._stretch is not None:
            card.show_stretch(self._stretch.stretch_of(dataset))
        card.show_relinked(self._relinker.found(dataset))
        return card

    def _make_missing_card(self, missing: MissingSource, is_scanning: bool) -> MissingCard:
        card = MissingCard(missing, is_scanning, self._theme, self)
        card.locate_requested.connect(self.locate_requested)
        card.retry_requested.connect(self.rescan_requested)
        card.removed.connect(self._on_removed, Qt.ConnectionType.QueuedConnection)
        return card

    def _show_shared(self) -> None:
        for card in self.cards():
            card.set_shared(self._workspace.shared)

    def _show_relinked(self) -> None:
        for card in self.cards():
            card.show_relinked(self._relinker.found(card.dataset))

    def _show_summaries(self) -> None:
        for card in self.cards():
            card.show_summary(self._summaries.get(card.dataset))

    def _on_resolved(self, found: SetStretch) -> None:
        for card in self.cards():
            if card.dataset.name == found.name:
                card.show_stretch(found)

    def _on_relink_rejected(self, name: str) -> None:
        missing = self._relinker.reject(name)
        if missing is not None:
            self.locate_requested.emit(missing)

    def _on_renamed(self, name: str, wanted: str) -> None:
        if not self._workspace.rename(name, wanted):
            self.notice.emit(self.tr("A set needs a name that no other set has."))
            for card in self.cards():
                if card.dataset.name == name:
                    card.restore_name()

    def _on_role_chosen(self, name: str, role: Role) -> None:
        self._workspace.set_role(name, role)

    def _on_removed(self, name: str) -> None:
        self._workspace.remove(name)
