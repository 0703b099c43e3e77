"""What an empty window shows: where to drop what, recent studies and folders, the demo."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from planetview.core.datasets import Role
from planetview.gui.icons import icon, square_beside
from planetview.gui.recent import RecentPlaces
from planetview.gui.shortcuts import Keys, keys_of, with_keys
from planetview.gui.theme import Theme
from planetview.gui.views.recent_row import RecentList
from planetview.gui.widgets.drops import DropZone

_MAX_WIDTH = 960


class WelcomePage(QScrollArea):
    """Three zones, one per role; a drop anywhere else lets the role be guessed."""

    paths_dropped = Signal(object, object)  # tuple[Path, ...], Role | None
    folder_requested = Signal(object)  # Role | None
    files_requested = Signal()
    study_requested = Signal()
    demo_requested = Signal()
    tour_requested = Signal()
    tour_declined = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(self.tr("Start page"))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._zones: dict[Role, DropZone] = {}
        page = QWidget(self)
        outer = QHBoxLayout(page)
        outer.setContentsMargins(32, 24, 32, 24)
        column = QWidget(page)
        column.setMaximumWidth(_MAX_WIDTH)
        outer.addWidget(column, 1)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        layout.addStretch(1)
        self._build_heading(layout)
        layout.addLayout(self._build_zones())
        layout.addWidget(self._build_hint())
        layout.addLayout(self._build_ways())
        self._offer = self._build_offer()
        layout.addWidget(self._offer)
        layout.addStretch(2)
        self.setWidget(page)
        theme.changed.connect(self._draw)
        self._draw()
        self.show_keys({})
        for listed in (self.studies, self.folders):
            listed.show_places(RecentPlaces(), frozenset())

    def zone(self, role: Role) -> DropZone:
        """Return the zone of a role."""
        return self._zones[role]

    def offer_tour(self, is_offered: bool) -> None:
        """Offer the tour, or no longer."""
        self._offer.setVisible(is_offered)

    def show_keys(self, changed: Keys) -> None:
        """Name the present keys in the tips."""
        for button, command in ((self._folder, "add_folder"), (self._files, "add_files"), (self._study, "open_study")):
            button.setToolTip(with_keys(button.text().rstrip("…"), keys_of(command, changed)))

    def _build_heading(self, layout: QVBoxLayout) -> None:
        heading = QLabel(self.tr("Are these synthetic images good enough?"), self)
        heading.setProperty("headline", True)
        heading.setWordWrap(True)
        lead = QLabel(
            self.tr(
                "PlanetView compares synthetic planetary imagery with real imagery: how close it is, "
                "where it fails, and whether the generator copied."
            ),
            self,
            wordWrap=True,
        )
        lead.setProperty("muted", True)
        layout.addWidget(heading)
        layout.addWidget(lead)
        layout.addSpacing(8)

    def _build_zones(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(16)
        for column, (role, title, hint, icon_name) in enumerate(
            (
                (Role.REFERENCE, self.tr("Reference"), self.tr("Real images the generator learned from"), "folder"),
                (Role.HELD_OUT, self.tr("Held-out"), self.tr("Real images it never saw (optional)"), "folder"),
                (Role.CANDIDATE, self.tr("Candidates"), self.tr("Synthetic images to judge, one set each"), "datasets"),
            )
        ):
            zone = DropZone(title, hint, icon_name, self._theme, self)
            zone.setMinimumHeight(148)
            zone.setToolTip(self.tr("Drop folders, zip files or lists here, or click to choose a folder"))
            zone.paths_dropped.connect(lambda paths, role=role: self.paths_dropped.emit(paths, role))
            zone.activated.connect(lambda role=role: self.folder_requested.emit(role))
            self._zones[role] = zone
            grid.addWidget(zone, 0, column)
            grid.setColumnStretch(column, 1)
        return grid

    def _build_hint(self) -> QLabel:
        hint = QLabel(
            self.tr(
                "Or drop or paste anything anywhere: folders, zip files, lists, a saved study. "
                "Roles are guessed from names."
            ),
            self,
            wordWrap=True,
            alignment=Qt.AlignmentFlag.AlignHCenter,
        )
        hint.setProperty("muted", True)
        return hint

    def _build_ways(self) -> QHBoxLayout:
        self._folder = self._button(self.tr("Add folder…"), primary=True)
        self._folder.clicked.connect(lambda: self.folder_requested.emit(None))
        self._files = self._button(self.tr("Add zip or list…"))
        self._files.clicked.connect(self.files_requested)
        self._study = self._button(self.tr("Open study…"))
        self._study.clicked.connect(self.study_requested)
        self._demo = self._button(self.tr("Open the demo"))
        self._demo.setToolTip(self.tr("Small terrain sets with known faults, to try every page with"))
        self._demo.clicked.connect(self.demo_requested)
        start = self._column(self.tr("Start"))
        for button in (self._folder, self._files, self._study, self._demo):
            start.addWidget(button)
        start.addStretch(1)
        self.studies = RecentList(
            self.tr("Recent studies"),
            self.tr("None yet. A saved study appears here."),
            self.tr("Forget the studies that are not pinned; their files stay"),
            self._theme, self, whole_names=False,
        )  # fmt: skip
        self.folders = RecentList(
            self.tr("Recent folders"),
            self.tr("None yet. A folder that was taken in appears here."),
            self.tr("Forget the folders that are not pinned; they stay where they are"),
            self._theme, self, whole_names=True,
        )  # fmt: skip
        ways = QHBoxLayout()
        # As between the zones above, so that the columns stand under them.
        ways.setSpacing(16)
        ways.addLayout(start, 1)
        ways.addWidget(self.studies, 1)
        ways.addWidget(self.folders, 1)
        return ways

    def _build_offer(self) -> QFrame:
        offer = QFrame(self)
        offer.setProperty("card", True)
        words = QLabel(self.tr("New here? A tour of six steps shows over the demo how a judgement is made."), offer)
        words.setWordWrap(True)
        take = QPushButton(self.tr("Take the tour"), offer)
        take.setToolTip(self.tr("Two minutes; Esc ends it at any step"))
        take.clicked.connect(self.tour_requested)
        decline = QPushButton(self.tr("No, thanks"), offer)
        decline.setProperty("quiet", True)
        decline.setToolTip(self.tr("Do not offer it again; the Help menu keeps it"))
        decline.clicked.connect(self.tour_declined)
        row = QHBoxLayout(offer)
        row.setContentsMargins(16, 10, 12, 10)
        row.addWidget(words, 1)
        row.addWidget(take)
        row.addWidget(decline)
        return offer

    def _column(self, title: str) -> QVBoxLayout:
        label = QLabel(title, self)
        font = label.font()
        font.setBold(True)
        label.setFont(font)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(label)
        return column

    def _button(self, text: str, *, primary: bool = False) -> QPushButton:
        button = QPushButton(text, self)
        if primary:
            button.setProperty("primary", True)
        return button

    def _draw(self) -> None:
        tokens = self._theme.tokens
        for role, zone in self._zones.items():
            zone.set_colour(self._theme.role_colour(role))
        for button in (self._folder, self._files, self._study, self._demo):
            button.setIconSize(square_beside(self))
        self._folder.setIcon(icon("folder", tokens.accent_text))
        self._files.setIcon(icon("file", tokens.text_muted))
        self._study.setIcon(icon("study", tokens.text_muted))
        self._demo.setIcon(icon("demo", tokens.text_muted))
