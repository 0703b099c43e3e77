"""The models page: the weight files of all networks, and everything one does with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from planetview.core.catalogue import WeightsSpec
from planetview.core.formatting import format_bytes
from planetview.core.models import WeightStatus
from planetview.gui.dialogs import choose
from planetview.gui.dialogs.weights import AcceptQuestion, FetchQuestion
from planetview.gui.models.metric_export import grid_tsv
from planetview.gui.models.weight_table import Column, WeightTableModel
from planetview.gui.theme import Theme
from planetview.gui.views.panels import GAP, side_by_side
from planetview.gui.views.weight_panels import ReportPanel, WeightDetails
from planetview.gui.views.weight_table_view import WeightTableView
from planetview.gui.weight_files import Phase, WeightFiles
from planetview.gui.widgets.drops import has_local_paths, local_paths
from planetview.gui.widgets.flow import FlowLayout
from planetview.gui.widgets.roomy import RoomyArea

_PACK_NAME = "planetview-weights.zip"


class ModelsPage(QWidget):
    """Shows what `WeightFiles` knows; asks it for everything that reads, writes or downloads."""

    notice = Signal(str)  # for the status bar

    def __init__(self, weights: WeightFiles, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._weights, self._theme = weights, theme
        self._is_target = False
        self.setAcceptDrops(True)
        self._model = WeightTableModel(self)
        self._commands = self._build_commands()
        self.table = self._build_table()
        self.details = WeightDetails()
        self.report = ReportPanel(theme, self)
        self._state = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._state.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lay_out()
        self.setFocusProxy(self.table)
        self.details.notice.connect(self.notice)
        self.report.accept_requested.connect(self._on_accept)
        self.report.closed.connect(weights.forget_report)
        self.table.selectionModel().currentRowChanged.connect(self._show_details)
        self.table.selectionModel().selectionChanged.connect(self._show_state)
        weights.changed.connect(self._show_state)
        weights.reported.connect(self._show_report)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.table.selectRow(0)
        self._show_report()
        self._show_state()

    def prepare(self) -> Iterator[None]:
        """Nothing is left for later: this page is whole from the beginning."""
        return iter(())

    def choose(self, weights_id: str) -> None:
        """Make the row of some weights the current one and give it the keyboard."""
        index = self._model.index(self._model.row_of(weights_id), 0)
        flags = QItemSelectionModel.SelectionFlag
        self.table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.table.scrollTo(index)
        self.table.setFocus()

    def state_text(self) -> str:
        """Return what the page says about the files as a whole."""
        return self._state.text()

    def command(self, name: str) -> QAction:
        """Return one of import_file, import_folder, fetch, verify, pack, refresh, import_as, verify_row, copy."""
        return self._commands[name]

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._weights.look_once()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if has_local_paths(event.mimeData()):
            event.acceptProposedAction()
            self._set_target(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._set_target(False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._set_target(False)
        if paths := local_paths(event.mimeData()):
            event.acceptProposedAction()
            self._weights.import_paths(paths)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._is_target:
            painter = QPainter(self)
            painter.setPen(QPen(QColor(self._theme.tokens.accent), 2.5, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(3, 3, -3, -3), 10, 10)
            painter.end()

    def _build_commands(self) -> dict[str, QAction]:
        made = {}
        texts: tuple[tuple[str, str, str, Callable[[], object]], ...] = (
            ("import_file", self.tr("Import file…"), self.tr("Take weight files or a pack from this computer"),
             self._on_import_file),
            ("import_folder", self.tr("Import folder…"),
             self.tr("Look for weight files in a folder, for example of a USB stick"), self._on_import_folder),
            ("fetch", self.tr("Fetch…"), self.tr("Download the weights of the chosen rows; asks before"),
             self._on_fetch),
            ("verify", self.tr("Verify all"), self.tr("Read every weight file again and compare its digest"),
             self._weights.verify),
            ("pack", self.tr("Save pack…"),
             self.tr("Write the weights that are here into one file, to import on another computer"), self._on_pack),
            ("refresh", self.tr("Refresh"), self.tr("Look at the files again"), self._weights.look),
            ("import_as", self.tr("Import a file for this row…"),
             self.tr("Say which network a file belongs to, where it fits several"), self._on_import_as),
            ("verify_row", self.tr("Verify the chosen rows"), self.tr("Read these files again"), self._on_verify_rows),
            ("copy", self.tr("Copy"), self.tr("Copy the chosen rows as a table"), self._on_copy),
        )  # fmt: skip
        for name, text, tip, slot in texts:
            action = QAction(text, self)
            action.setToolTip(tip)
            action.triggered.connect(partial(_call, slot))
            made[name] = action
        made["copy"].setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        made["copy"].setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        return made

    def _build_table(self) -> WeightTableView:
        table = WeightTableView(self._model, self._theme, self)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        table.addActions([self._commands[name] for name in ("copy", "fetch", "verify_row", "import_as")])
        return table

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Models"), self)
        title.setProperty("title", True)
        hint = QLabel(
            self.tr(
                "The weights of the networks. Drop a file or a folder here to import it; only Fetch uses the network."
            ),
            self,
            wordWrap=True,
        )
        hint.setProperty("muted", True)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(title)
        head.addWidget(hint, 1)
        buttons = FlowLayout(GAP, GAP)
        for name in ("import_file", "import_folder", "fetch", "verify", "pack", "refresh"):
            buttons.addWidget(_button_of(self._commands[name], self))
        parts = QSplitter(Qt.Orientation.Vertical, self)
        parts.addWidget(side_by_side(self.table, self._with_row_button(), 320))
        parts.addWidget(self.report)
        parts.setSizes([440, 180])
        parts.setChildrenCollapsible(False)
        parts.setHandleWidth(GAP)
        content = QWidget(self)
        column = QVBoxLayout(content)
        column.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        column.setSpacing(GAP)
        column.addLayout(head)
        column.addLayout(buttons)
        column.addWidget(self._state)
        column.addWidget(parts, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(RoomyArea(content))

    def _with_row_button(self) -> QWidget:
        both = QWidget(self)
        column = QVBoxLayout(both)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.details, 1)
        column.addWidget(_button_of(self._commands["import_as"], self))
        return both

    def _chosen(self) -> list[WeightsSpec]:
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [self._model.spec_at(row) for row in rows]

    def _to_fetch(self) -> list[WeightsSpec]:
        lacking = self._weights.lacking if self._weights.states else None
        return [spec for spec in self._chosen() if spec.url and (lacking is None or spec.id in lacking)]

    @Slot()
    def _on_import_file(self) -> None:
        choose.choose_weights(self, self.tr("Import weight files"), self._weights.import_paths)

    @Slot()
    def _on_import_folder(self) -> None:
        choose.choose_folder(self, self.tr("Import from a folder"), self._weights.import_paths)

    @Slot()
    def _on_import_as(self) -> None:
        spec = self._model.spec_at(self.table.currentIndex().row())
        title = self.tr("Import a file as {0}").format(spec.title)
        choose.choose_weights(self, title, lambda paths: self._weights.import_paths(paths, spec.id))

    @Slot()
    def _on_fetch(self) -> None:
        if specs := self._to_fetch():
            question = FetchQuestion(specs, self)
            question.confirmed.connect(partial(self._weights.fetch, tuple(spec.id for spec in specs)))
            question.open()

    @Slot()
    def _on_verify_rows(self) -> None:
        self._weights.verify(tuple(spec.id for spec in self._chosen()))

    @Slot()
    def _on_pack(self) -> None:
        filters = [self.tr("Zip files (*.zip)")]

        def write(paths: tuple[Path, ...]) -> None:
            self._weights.pack(paths[0])

        choose.choose_new_file(self, self.tr("Save the weights as a pack"), _PACK_NAME, filters, write)

    @Slot()
    def _on_accept(self) -> None:
        if self._weights.report is not None:
            question = AcceptQuestion(self._weights.report.refused_unknown, self)
            question.confirmed.connect(self._weights.accept_refused)
            question.open()

    @Slot()
    def _on_copy(self) -> None:
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        heads = [str(self._model.headerData(column, Qt.Orientation.Horizontal)) for column in Column]
        lines = [[str(self._model.index(row, column).data() or "") for column in Column] for row in rows]
        QGuiApplication.clipboard().setText(grid_tsv([heads, *lines]))
        self.notice.emit(self.tr("Copied {0} rows.").format(len(lines)))

    @Slot(QModelIndex)
    def _show_details(self, current: QModelIndex) -> None:
        if current.isValid():
            row = current.row()
            self.details.show_weights(self._model.spec_at(row), self._model.state_at(row), self._weights.folder)

    @Slot()
    def _show_report(self) -> None:
        self.report.show_report(self._weights.report)

    @Slot()
    def _show_state(self) -> None:
        self._model.show_states(self._weights.states)
        self._show_details(self.table.currentIndex())
        text = self._state_words()
        if text != self._state.text():
            self._state.setText(text)
        can_act = self._weights.can_act
        has_some = any(state.status is WeightStatus.PRESENT for state in self._weights.states.values())
        for name, command in self._commands.items():
            command.setEnabled(can_act or name in ("copy", "refresh"))
        self._commands["fetch"].setEnabled(can_act and bool(self._to_fetch()))
        self._commands["verify"].setEnabled(can_act and has_some)
        self._commands["pack"].setEnabled(can_act and has_some)
        self.report.set_can_act(can_act)

    def _state_words(self) -> str:
        weights = self._weights
        if weights.phase is Phase.FAILED and weights.failure is not None:
            why = f"{weights.failure.message} {weights.failure.hint}".strip()
            return self.tr("⚠ The weight files could not be looked at: {0} Press Refresh to try again.").format(why)
        if weights.phase is Phase.WAITING or not weights.can_act:
            waits = self.tr("A job is running: weights can be changed, and are looked at again, when it has ended.")
            known = self.tr("The table shows what was known before.") if weights.states else ""
            return f"{waits} {known}".strip()
        if weights.phase is not Phase.KNOWN:
            return self.tr("Looking at the weight files…")
        there = [state for state in weights.states.values() if state.status is WeightStatus.PRESENT]
        if not there:
            return self.tr("No weights are here yet: choose rows and press Fetch, or import files you have.")
        size = format_bytes(sum(state.size_bytes for state in there))
        return self.tr("{0} of {1} are here, {2}.").format(len(there), len(weights.states), size)

    @Slot()
    def _on_theme_changed(self) -> None:
        self._model.use_tokens(self._theme.tokens)

    def _set_target(self, is_target: bool) -> None:
        self._is_target = is_target
        self.update()


def _call(slot: Callable[[], object], _checked: bool = False) -> None:
    slot()


def _button_of(action: QAction, parent: QWidget) -> QPushButton:
    """Return a button that does, and is enabled, as the action."""
    button = QPushButton(action.text(), parent)
    button.setToolTip(action.toolTip())

    def follow() -> None:
        button.setEnabled(action.isEnabled())

    action.changed.connect(follow)
    button.clicked.connect(action.trigger)
    return button
