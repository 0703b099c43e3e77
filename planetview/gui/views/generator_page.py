"""The page of a generator: what it is, what it makes, how smoothly it moves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from planetview.core.generation import GeneratorDescription
from planetview.core.messages import JobFailure, PathLengthRequest, SampleRequest
from planetview.gui.dialogs import choose
from planetview.gui.dialogs.generator_jobs import PathLengthDialog, SampleDialog
from planetview.gui.dialogs.question import ConsentQuestion
from planetview.gui.generator_work import GeneratorWork, Phase
from planetview.gui.theme import Theme
from planetview.gui.views.generator_panels import DescriptionPanel, LookControls, StartPanel, WalkControls
from planetview.gui.views.panels import GAP, card
from planetview.gui.views.path_length_block import PathLengthBlock
from planetview.gui.weight_files import WeightFiles
from planetview.gui.widgets.flow import FlowLayout
from planetview.gui.widgets.picture_grid import PictureGrid
from planetview.gui.workspace import Workspace

PICTURES = 16
WALK_STEPS = 9
# Long enough for a slider that is being drawn, short enough to feel at once.
_SETTLE_MS = 200
_PICKLED = ("stylegan2", "stylegan3")


class GeneratorPage(QWidget):
    """Shows what `GeneratorWork` knows; asks it for pictures, sets and measurements."""

    notice = Signal(str)  # for the status bar

    def __init__(
        self,
        work: GeneratorWork,
        workspace: Workspace,
        weights: WeightFiles,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._work, self._workspace, self._weights = work, workspace, weights
        self._shown: GeneratorDescription | None = None
        self._asked: JobFailure | None = None
        self._looked: tuple[object, ...] = ()
        self._walked: tuple[object, ...] = ()
        self.start = StartPanel(theme, self)
        self.look = LookControls(self)
        self.walk = WalkControls(self)
        self.grid = PictureGrid(theme)
        self.strip = PictureGrid(theme, is_strip=True)
        self.details = DescriptionPanel(self)
        self.path_lengths = PathLengthBlock(theme, is_brief=False)
        self._state = QLabel(self, wordWrap=True)
        self._state.setProperty("muted", True)
        self._looking = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._looking.timeout.connect(self._look)
        self._lay_out()
        self._connect()
        self._show_path_lengths()
        self._show_state()

    def prepare(self) -> Iterator[None]:
        """Nothing is left for later: this page is whole from the beginning."""
        return iter(())

    def state_text(self) -> str:
        """Return what the page says about its pictures."""
        return self._state.text()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # The dialog of path lengths offers a distance only where its weights are.
        self._weights.look_once()
        self._show_state()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._looking.stop()

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Generator"), self)
        title.setProperty("title", True)
        self._name = QLabel(self, textFormat=Qt.TextFormat.PlainText)
        self._name.setProperty("muted", True)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(title)
        head.addWidget(self._name, 1)
        self._open = QPushButton(self.tr("Open generator…"), self)
        self._open.setToolTip(self.tr("Open another generator in place of this one"))
        self._sample = QPushButton(self.tr("Sample images…"), self)
        self._sample.setToolTip(self.tr("Write images to a folder, to be judged as a candidate"))
        self._measure = QPushButton(self.tr("Path length…"), self)
        self._measure.setToolTip(self.tr("Measure how smoothly images follow their latents"))
        self._copy = QPushButton(self.tr("Safe copy…"), self)
        buttons = FlowLayout(GAP, GAP)
        for button in (self._open, self._sample, self._measure, self._copy):
            buttons.addWidget(button)
        content = QWidget(self)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addLayout(buttons)
        column.addWidget(self._build_body(), 1)
        column.addWidget(self.path_lengths)
        self._content = content
        self._stack = QStackedLayout()
        self._stack.addWidget(self.start)
        self._stack.addWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        layout.setSpacing(GAP)
        layout.addLayout(head)
        layout.addLayout(self._stack, 1)

    def _build_body(self) -> QSplitter:
        pictures = QWidget(self)
        column = QVBoxLayout(pictures)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(GAP)
        column.addWidget(self.look)
        column.addWidget(self.grid, 200)
        column.addWidget(self.walk)
        column.addWidget(self.strip, 100)
        column.addWidget(self._state)
        column.addStretch(1)
        body = QSplitter(Qt.Orientation.Horizontal, self)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(pictures)
        for widget in (area.viewport(), pictures):
            widget.setAutoFillBackground(False)
        body.addWidget(card(area))
        body.addWidget(card(self.details))
        body.setSizes([860, 300])
        body.setStretchFactor(0, 1)
        body.setStretchFactor(1, 0)
        body.setChildrenCollapsible(False)
        body.setHandleWidth(GAP)
        return body

    def _connect(self) -> None:
        self.start.open_requested.connect(self._on_open)
        self.start.paths_dropped.connect(lambda paths: self._work.open(paths[0]))
        self.start.consent_requested.connect(self._ask_for_consent)
        self._open.clicked.connect(self._on_open)
        self._sample.clicked.connect(self._on_sample)
        self._measure.clicked.connect(self._on_measure)
        self._copy.clicked.connect(self._on_copy)
        self.look.edited.connect(self._looking.start)
        self.walk.edited.connect(self._looking.start)
        self.details.copied.connect(self._on_copied)
        self._work.changed.connect(self._on_changed)
        self._work.pictured.connect(self._on_pictured)
        self._work.walked.connect(self._on_walked)
        self._workspace.path_lengths_changed.connect(self._show_path_lengths)

    @Slot()
    def _on_changed(self) -> None:
        description = self._work.description
        if description is not None and description is not self._shown:
            self._show_generator(description)
        elif self._work.phase is Phase.FAILED and self.isVisible():
            self._ask_for_consent_once()
        self._show_state()

    def _show_generator(self, description: GeneratorDescription) -> None:
        self._shown = description
        self._looked = self._walked = ()
        self.details.show_generator(description)
        self.look.show_generator(description)
        self.walk.show_space("")
        self._look()

    @Slot()
    def _look(self) -> None:
        """Ask for the pictures that the controls describe, where they are not those shown."""
        if self._work.phase is not Phase.OPEN or (self._shown is not None and self._shown.sampling_problem):
            return
        truncation, label = self.look.truncation, self.look.class_index
        looked = (self.look.seed, truncation, label)
        if looked != self._looked:
            self._looked = looked
            seeds = tuple(range(self.look.seed, self.look.seed + PICTURES))
            self.grid.expect([str(seed) for seed in seeds])
            self._work.look(seeds, truncation, label)
        walked = (self.walk.first, self.walk.second, truncation, label)
        if walked != self._walked:
            self._walked = walked
            middle = [f"{i / (WALK_STEPS - 1):.0%}".replace("%", " %") for i in range(1, WALK_STEPS - 1)]
            ends = [self.tr("seed {0}").format(seed) for seed in (self.walk.first, self.walk.second)]
            self.strip.expect([ends[0], *middle, ends[1]])
            self._work.walk(self.walk.first, self.walk.second, WALK_STEPS, truncation, label)
        self._show_state()

    @Slot(int, object)
    def _on_pictured(self, place: int, images: NDArray[np.uint8]) -> None:
        self.grid.put(place, images)
        self._show_state()

    @Slot(int, object, str)
    def _on_walked(self, place: int, images: NDArray[np.uint8], space: str) -> None:
        self.strip.put(place, images)
        self.walk.show_space(space)
        self._show_state()

    @Slot()
    def _show_state(self) -> None:
        work = self._work
        is_open = work.phase is Phase.OPEN
        self._stack.setCurrentWidget(self._content if is_open else self.start)
        self._name.setText(work.path.name if work.path is not None and work.phase is not Phase.NONE else "")
        self.start.show_state(work.phase, work.path, work.failure)
        problem = self._shown.sampling_problem if self._shown is not None and is_open else ""
        unmeasurable = self._shown.path_length_problem if self._shown is not None and is_open else ""
        self._sample.setEnabled(work.can_act and not problem)
        self._measure.setEnabled(work.can_act and not unmeasurable)
        self._offer_copy(is_open)
        self._state.setText(problem or self._picture_words())
        self._state.setVisible(bool(self._state.text()))

    def _offer_copy(self, is_open: bool) -> None:
        has_program = is_open and self._shown is not None and self._shown.format in _PICKLED
        self._copy.setEnabled(has_program and self._work.can_act)
        self._copy.setToolTip(
            self.tr("Write the weights and a description as files that hold nothing but data, to pass on")
            if has_program or not is_open
            else self.tr("Only StyleGAN networks are copied: this file holds no pickle")
        )

    def _picture_words(self) -> str:
        if not self._work.is_picturing:
            return ""
        if not self._work.can_act:
            return self.tr("A job is running: the pictures are made when it has ended.")
        done, total = self.grid.shown + self.strip.shown, PICTURES + WALK_STEPS
        return self.tr("Making pictures: {0} of {1}").format(done, total)

    def _show_path_lengths(self) -> None:
        self.path_lengths.show_path_lengths(self._workspace.path_lengths)

    def _ask_for_consent_once(self) -> None:
        if self._work.failure is not None and self._work.failure is not self._asked:
            self._asked = self._work.failure
            if self._work.failure.program is not None:
                self._ask_for_consent()

    @Slot()
    def _ask_for_consent(self) -> None:
        if self._work.failure is not None and self._work.failure.program is not None:
            question = ConsentQuestion(self._work.failure.program, self)
            question.confirmed.connect(self._work.agree)
            question.open()

    @Slot()
    def _on_open(self) -> None:
        choose.choose_generator(self, self.tr("Open a generator"), lambda paths: self._work.open(paths[0]))

    @Slot()
    def _on_sample(self) -> None:
        if self._shown is not None:
            dialog = SampleDialog(self._shown, self.look.seed, self.look.truncation, self)
            dialog.chosen.connect(self._submit)
            dialog.open()

    @Slot()
    def _on_measure(self) -> None:
        if self._shown is not None:
            lacking = self._weights.lacking if self._weights.states else None
            dialog = PathLengthDialog(self._shown, lacking, self)
            dialog.chosen.connect(self._submit)
            dialog.open()

    @Slot()
    def _on_copy(self) -> None:
        path = self._work.path
        if path is not None:
            choose.choose_new_file(
                self,
                self.tr("Write a safe copy"),
                f"{path.name.partition('.')[0]}.safetensors",
                [self.tr("Weights without a program (*.safetensors)")],
                lambda paths: self._work.copy_to(paths[0]),
            )

    @Slot(object)
    def _submit(self, request: SampleRequest | PathLengthRequest) -> None:
        self._work.submit(request)

    @Slot(str)
    def _on_copied(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.notice.emit(self.tr("Copied."))
