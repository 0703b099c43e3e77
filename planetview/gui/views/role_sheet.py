"""The datasets page: every set with its role and findings, and the choices of the next run."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from planetview.core.datasets import Role
from planetview.core.marks import ImageKey
from planetview.core.messages import Progress
from planetview.core.settings import RunSettings
from planetview.gui.models.class_table import ClassTable
from planetview.gui.models.job_words import progress_words
from planetview.gui.models.set_findings import find_all
from planetview.gui.models.set_words import count_words
from planetview.gui.relinker import Relinker
from planetview.gui.set_summaries import SetSummaries
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.card_column import CardColumn
from planetview.gui.views.class_table_view import ClassTableView
from planetview.gui.views.dataset_card import DatasetCard
from planetview.gui.views.options import OptionsPanel, SplitChoice
from planetview.gui.views.relink_bar import RelinkBar
from planetview.gui.views.set_findings_panel import SetFindingsPanel
from planetview.gui.views.stretch_panel import StretchPanel
from planetview.gui.widgets.drops import pasted_paths
from planetview.gui.widgets.expander import Expander
from planetview.gui.widgets.role_drops import RoleDrops
from planetview.gui.workspace import Workspace

_MOST_STAGES = 8


class RoleSheet(QScrollArea):
    """Shows and edits the sets of a `Workspace`; asks for everything that needs files or jobs."""

    folder_requested = Signal()
    files_requested = Signal()
    paths_dropped = Signal(object, object)  # tuple[Path, ...], Role | None to guess it
    relink_requested = Signal(object)  # tuple[ScanTarget, ...]
    locate_requested = Signal(object)  # MissingSource
    rescan_requested = Signal(object)  # MissingSource
    notice = Signal(str)
    weights_looked_for = Signal()  # the options that depend on weights come into sight
    weights_wanted = Signal(str)  # weights id

    def __init__(
        self, workspace: Workspace, thumbs: ThumbnailCache, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace, self._theme = workspace, theme
        self._scanning = False
        self._stages: dict[str, str] = {}
        self._summaries = SetSummaries.of(workspace)
        self._relinker = Relinker(workspace, self)
        self.setAccessibleName(self.tr("Datasets"))
        self.setWidgetResizable(True)
        self.viewport().setAcceptDrops(True)  # the area itself never gets drags
        self.setFrameShape(QFrame.Shape.NoFrame)
        page = QWidget(self)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(24, 20, 24, 24)
        layout.setSpacing(12)
        self.card_column = CardColumn(workspace, thumbs, self._summaries, self._relinker, theme, page)
        layout.addLayout(self._build_heading())
        layout.addWidget(self._build_relinking())
        layout.addWidget(self._build_findings())
        layout.addWidget(self.card_column)
        layout.addWidget(self._build_scanning())
        self._build_choices(layout)
        layout.addStretch(1)
        self.setWidget(page)
        self.drops = RoleDrops(theme, self)
        self.drops.dropped.connect(self.paths_dropped)
        self.drops.refused.connect(self.notice)
        # Several signals come with one change: the findings are looked for once.
        self._finding = QTimer(self, singleShot=True, interval=0)
        self._finding.timeout.connect(self._show_findings)
        self._connect()
        self._show_sets()

    def paste(self) -> None:
        """Add the sets whose paths are on the clipboard, or say why there are none."""
        paths, refusal = pasted_paths(QGuiApplication.clipboard().mimeData())
        if paths:
            self.paths_dropped.emit(paths, None)
        else:
            self.notice.emit(refusal)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        # A word dragged from a field is no file.
        if event.mimeData().hasUrls() or pasted_paths(event.mimeData())[0]:
            self.drops.begin(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.drops.end_soon()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        # The pointer never moved after it entered: no place was under it.
        self.drops.dropEvent(event)

    def cards(self) -> tuple[DatasetCard, ...]:
        """Return the cards of the scanned sets, as shown; while `is_complete` is not true some are still to come."""
        return self.card_column.cards()

    @property
    def is_complete(self) -> bool:
        """Whether every set has its card, and its images are counted."""
        return self.card_column.making.is_done and not self._summaries.is_counting

    def set_scanning(self, is_scanning: bool) -> None:
        """Say whether folders are being read."""
        changed = is_scanning is not self._scanning
        self._scanning = is_scanning
        if changed or not is_scanning:
            self._stages = {}
            self._scan_line.setText(self.tr("Reading images…"))
        self._scan_card.setVisible(is_scanning)
        self._relinking.set_scanning(is_scanning)
        if changed and self._workspace.contents.missing:
            self._show_sets()

    def show_scan_progress(self, progress: Progress) -> None:
        """Say how far the reading is, a line for each source that was begun."""
        if self._scanning:
            self._stages[progress.stage] = f"{progress.label} · {progress_words(progress, self.tr('{0} left'))}"
            self._scan_line.setText("\n".join(list(self._stages.values())[-_MOST_STAGES:]))

    def show_lacking(self, lacking: frozenset[str]) -> None:
        """Mark in the options what needs one of these weights, known to be missing."""
        self._options.show_lacking(lacking)

    def _build_heading(self) -> QVBoxLayout:
        title = QLabel(self.tr("Datasets"), self)
        title.setProperty("title", True)
        hint = QLabel(
            self.tr("Drop more folders anywhere, or paste their paths, and check that every role is right."),
            self,
            wordWrap=True,
        )
        hint.setProperty("muted", True)
        folder = QPushButton(self.tr("Add folder…"), self)
        folder.setToolTip(self.tr("Add a folder of images (Ctrl+O)"))
        folder.clicked.connect(self.folder_requested)
        files = QPushButton(self.tr("Add zip or list…"), self)
        files.setToolTip(self.tr("Add images in a zip file or named by a list (Ctrl+Alt+O)"))
        files.clicked.connect(self.files_requested)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        buttons.addWidget(title, 1)
        buttons.addWidget(folder)
        buttons.addWidget(files)
        rows = QVBoxLayout()
        rows.setSpacing(4)
        rows.addLayout(buttons)
        rows.addWidget(hint)
        return rows

    def _build_relinking(self) -> RelinkBar:
        self._relinking = RelinkBar(self._workspace, self._relinker, self)
        self._relinking.relink_requested.connect(self.relink_requested)
        self._relinking.notice.connect(self.notice)
        return self._relinking

    def _build_findings(self) -> SetFindingsPanel:
        self.findings = SetFindingsPanel(self._theme, self)
        self.findings.notice.connect(self.notice)
        self.findings.exclusion_wanted.connect(self._on_exclusion_wanted)
        self.findings.hide()
        return self.findings

    def _build_classes(self) -> Expander:
        self._class_table = ClassTable(self)
        table = ClassTableView(self._class_table, self)
        self._classes = Expander(self.tr("Classes of each set"), table, self._theme, self)
        self._classes.hide()
        return self._classes

    def _connect(self) -> None:
        workspace = self._workspace
        workspace.contents_changed.connect(self._show_sets)
        workspace.settings_changed.connect(self._show_choices)
        for signal in (workspace.contents_changed, workspace.shared_changed, workspace.settings_changed):
            signal.connect(self._finding.start)
        workspace.marks_changed.connect(self._finding.start)
        self._summaries.ready.connect(self._finding.start)
        self.card_column.locate_requested.connect(self.locate_requested)
        self.card_column.rescan_requested.connect(self.rescan_requested)
        self.card_column.notice.connect(self.notice)

    def _build_scanning(self) -> QFrame:
        self._scan_card = QFrame(self)
        self._scan_card.setProperty("card", True)
        self._scan_line = QLabel(self._scan_card, wordWrap=True)
        inner = QVBoxLayout(self._scan_card)
        inner.setContentsMargins(20, 16, 20, 16)
        inner.addWidget(self._scan_line)
        self._scan_card.hide()
        return self._scan_card

    def _build_choices(self, layout: QVBoxLayout) -> None:
        self._choices = QFrame(self)
        self._choices.setProperty("card", True)
        self.stretch = StretchPanel(self._workspace, self._theme, self._choices)
        self.card_column.follow(self.stretch)
        self._split = SplitChoice(self._choices)
        self._split.chosen.connect(self._on_split_chosen)
        inner = QVBoxLayout(self._choices)
        inner.setContentsMargins(20, 12, 20, 12)
        inner.setSpacing(8)
        inner.addWidget(self.stretch)
        inner.addWidget(self._split)
        layout.addWidget(self._choices)
        layout.addWidget(self._build_classes())
        self._options = OptionsPanel(self._theme, self)
        self._options.changed.connect(self._on_options_changed)
        self._options.weights_wanted.connect(self.weights_wanted)
        self._expander = Expander(
            self.tr("Options: metrics, extractors, seed, device"), self._options, self._theme, self
        )
        self._expander.opened.connect(self.weights_looked_for)
        layout.addWidget(self._expander)

    def _show_sets(self) -> None:
        self.card_column.show_sets(self._scanning)
        self._show_choices()

    def _show_findings(self) -> None:
        workspace = self._workspace
        stretch, excluded = workspace.settings.stretch, workspace.marks.excluded
        found = find_all(workspace.datasets, self._summaries.get, workspace.shared, stretch, excluded)
        self._summaries.keep_only(workspace.datasets)
        self.findings.show_findings(found, is_counting=self._summaries.is_counting)
        self.findings.setVisible(bool(workspace.datasets))
        counted = [(d, s) for d in workspace.datasets if (s := self._summaries.get(d)) is not None and s.labels]
        self._class_table.show_sets(counted)
        self._classes.setVisible(bool(counted))

    def _show_choices(self) -> None:
        workspace = self._workspace
        self._split.show_share(workspace.settings.split_reference)
        roles = {dataset.role for dataset in workspace.datasets}
        self._split.setVisible(Role.REFERENCE in roles and Role.HELD_OUT not in roles)
        self._options.show_settings(workspace.settings)
        self._choices.setVisible(bool(workspace.datasets))
        self._expander.setVisible(bool(workspace.datasets))

    def _on_exclusion_wanted(self, keys: tuple[ImageKey, ...]) -> None:
        self._workspace.set_excluded(keys, True)
        words = self.tr("{0} excluded from the next run; Undo takes it back.")
        self.notice.emit(words.format(count_words(len(keys))))

    def _on_split_chosen(self, share: float) -> None:
        self._workspace.set_settings(replace(self._workspace.settings, split_reference=share))

    def _on_options_changed(self, settings: RunSettings) -> None:
        now = self._workspace.settings
        self._workspace.set_settings(replace(settings, stretch=now.stretch, split_reference=now.split_reference))
