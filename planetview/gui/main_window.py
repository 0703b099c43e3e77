"""The window: menus, pages, messages and the job bar around one controller."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from PySide6.QtCore import QByteArray, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QIcon,
    QKeyEvent,
    QKeySequence,
    QPixmap,
)
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from planetview.core.paths import resource
from planetview.core.selection import SelectionState
from planetview.core.study import STUDY_SUFFIX
from planetview.gui import actions as commands
from planetview.gui import local_keys
from planetview.gui.actions import State
from planetview.gui.background import Background
from planetview.gui.closing import Closing
from planetview.gui.controller import Controller
from planetview.gui.dataset_panel import add_dataset_dock
from planetview.gui.docks import Docks, PanelCycle
from planetview.gui.idle import IdleWork
from planetview.gui.intake import Intake
from planetview.gui.job_panels import JobPanels
from planetview.gui.layouts import Layouts
from planetview.gui.marking import NewStudyMarking, WindowMarking
from planetview.gui.menus import Menus
from planetview.gui.pages import ResultPages, polished
from planetview.gui.preferences import KeptPreferences, Preferences, save_preferences
from planetview.gui.recents import recents_of
from planetview.gui.remembering import Remembering
from planetview.gui.shell_commands import ShellCommands
from planetview.gui.shortcuts import apply_keys
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.tour import Tour
from planetview.gui.tour_steps import begin_tour
from planetview.gui.views.header import Header
from planetview.gui.views.job_bar import JobBar
from planetview.gui.views.navigation import NavigationRail
from planetview.gui.views.role_sheet import RoleSheet
from planetview.gui.views.welcome import WelcomePage
from planetview.gui.widgets.drops import has_local_paths, local_paths
from planetview.gui.widgets.message_bar import MessageArea
from planetview.gui.window_commands import WindowCommands

_STATUS_MS = 8000


class MainWindow(QMainWindow):
    """Shows a study and passes on what a person asks for; starts no job itself."""

    closed = Signal()
    new_window_requested = Signal(object)  # Path of the study to open in it, DEMO, or None

    def __init__(
        self,
        controller: Controller,
        background: Background,
        theme: Theme,
        thumbs: ThumbnailCache,
        selection: SelectionState,
        kept: KeptPreferences,
    ) -> None:
        super().__init__()
        self.controller, self.workspace = controller, controller.workspace
        self.background, self.theme, self.kept = background, theme, kept
        self.preparing = IdleWork(lambda: controller.is_busy, self)
        self.setObjectName("mainWindow")
        self.setWindowIcon(QIcon(QPixmap(str(resource("icons/planetview.svg")))))
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 620)
        self.resize(1280, 800)
        self._build(thumbs, selection)
        self.intake = Intake(self)
        self.commands = WindowCommands(self, controller, self.pages, theme, self.intake)
        self.shell = ShellCommands(self)
        self.closed.connect(self.commands.study.stop)
        self.actions_by_id = commands.build_actions(self, theme)
        self.menus = Menus(self, self.actions_by_id, kept.value.theme)
        self.docks = Docks(self, self.menus.add_panel)
        self.panels = PanelCycle(self._parts, self)
        self.job_panels = JobPanels(self, self.docks.add, controller.jobs, self.job_bar, theme)
        self.dataset_dock = add_dataset_dock(self.docks.add, controller, self.commands, self._on_status, theme)
        self.layouts = Layouts(self)
        self.marking = WindowMarking(self)
        self.marking.changed.connect(self.docks.show_marking)
        self.job_panels.presence.prefix_changed.connect(self._show_title)
        self._remembering = Remembering(
            kept, self.use_preferences, self.pages, self.job_panels.presence, self.actions_by_id["literature"],
            controller.files, lambda: self._page_id, self.show_page, self,
        )  # fmt: skip
        self._connect()
        self._connect_shell()
        NewStudyMarking(kept, controller, self)
        # After the above: a window that closes as soon as its study is saved remembers that study first.
        self._closing = Closing(self, controller)
        self._closing.save_wanted.connect(self.commands.save)
        self._show_keys()
        self._restore_geometry()
        self.show_page("datasets")
        self._show_title()
        self.welcome.offer_tour(not kept.value.knows_tour)
        self._refresh_actions()

    @property
    def preferences(self) -> Preferences:
        """What will be remembered."""
        return self.kept.value

    def show_page(self, page_id: str) -> None:
        """Show "datasets" (the welcome page while the study is empty) or one of the result pages."""
        is_welcome = page_id == "datasets" and self.workspace.is_empty and not self.controller.is_scanning
        self._stack.setCurrentWidget(self.welcome if is_welcome else self._frame)
        if page_id == "datasets":
            self._content.setCurrentWidget(self.role_sheet)
        else:
            self._content.setCurrentWidget(self.pages)
            self.pages.show_page(page_id)
        self.rail.set_page(page_id)
        self.header.leave_changes_to(page_id)
        self._page_id = page_id

    def current_page(self) -> str:
        """Return the id of the page that is shown; "welcome" for the empty window."""
        return "welcome" if self._stack.currentWidget() is self.welcome else self._page_id

    def use_preferences(self, preferences: Preferences) -> None:
        """Apply and keep preferences, in every window."""
        kept = self.kept
        kept.use(preferences)
        # What holds when the file is written: another window may have changed it meanwhile.
        self.background.submit(lambda: save_preferences(kept.value))

    def add_dock(self, id: str, title: str, widget: QWidget, area: Qt.DockWidgetArea, keys: str = "") -> QDockWidget:
        """Add a panel, hidden until asked for in the View menu or by `keys`; its place is remembered by `id`."""
        return self.docks.add(id, title, widget, area, keys)

    def start_tour(self) -> Tour:
        """Walk through the window, over the demo where no study is open."""
        self.use_preferences(replace(self.preferences, knows_tour=True))
        return begin_tour(self)

    def warm_up(self, load: Callable[[], object]) -> None:
        """Do slow imports in the background, then make the pages while no job runs, so that none waits at its show."""
        self.background.submit(load, self._on_loaded)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if has_local_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if paths := local_paths(event.mimeData()):
            event.acceptProposedAction()
            self.intake.offer(paths)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # What no field took for itself.
        if event.matches(QKeySequence.StandardKey.Paste):
            self.commands.paste_paths()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._closing.may_close():
            event.ignore()
            return
        geometry = base64.b64encode(self.saveGeometry().data()).decode("ascii")
        self.use_preferences(replace(self.preferences, geometry=geometry, docks=self.docks.state()))
        event.accept()
        self.preparing.stop()
        self.job_panels.presence.end()
        self.closed.emit()

    def _build(self, thumbs: ThumbnailCache, selection: SelectionState) -> None:
        theme = self.theme
        self.welcome = WelcomePage(theme, self)
        self.role_sheet = RoleSheet(self.workspace, thumbs, theme, self)
        controller = self.controller
        self.pages = ResultPages(
            selection, theme, thumbs, controller.weights, controller.generator, self.workspace, self
        )
        self.pages.pair_maps = controller.pair_maps
        self.rail = NavigationRail(theme, self)
        self.header = Header(self.workspace, theme, self)
        self.messages = MessageArea(theme, self)
        self.job_bar = JobBar(theme, self)
        self._content = QStackedWidget(self)
        self._content.addWidget(self.role_sheet)
        self._content.addWidget(self.pages)
        self._frame = QWidget(self)
        inner = QVBoxLayout()
        inner.setSpacing(0)
        inner.addWidget(self.header)
        inner.addWidget(self._content, 1)
        row = QHBoxLayout(self._frame)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(inner, 1)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.welcome)
        self._stack.addWidget(self._frame)
        centre = QWidget(self)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.messages)
        column.addWidget(self._stack, 1)
        column.addWidget(self.job_bar)
        self.setCentralWidget(centre)
        self.statusBar().setAccessibleName(self.tr("Status"))

    def _connect(self) -> None:
        for page_id in commands.PAGE_ACTIONS:
            self.actions_by_id[page_id].triggered.connect(partial(self._on_page_chosen, page_id))
        for name, slot in {**self.commands.slots(), **self.shell.slots(), **self._own_slots()}.items():
            self.actions_by_id[name].triggered.connect(slot)
        controller, workspace = self.controller, self.workspace
        controller.message.connect(self.messages.show_message)
        controller.dismissed.connect(self.messages.dismiss)
        controller.status.connect(self._on_status)
        controller.page_wanted.connect(self.show_page)
        controller.busy_changed.connect(self._on_busy_changed)
        controller.job_began.connect(self.job_bar.begin)
        controller.progressed.connect(self.job_bar.show_progress)
        controller.progressed.connect(self.role_sheet.show_scan_progress)
        controller.progressed.connect(lambda progress: self.pages.show_stage(progress.stage))
        controller.job_ended.connect(self.job_bar.end)
        controller.run_began.connect(self.pages.begin_run)
        controller.run_stopped.connect(self.pages.stop_run)
        controller.partial_values.connect(self.pages.show_partial)
        controller.study_saved.connect(self._on_study_saved)
        controller.study_opened.connect(self._on_study_opened)
        workspace.described.connect(self._on_described)
        workspace.settings_changed.connect(self._refresh_actions)
        workspace.results_changed.connect(self.pages.show_results)
        workspace.results_changed.connect(lambda _results: self.preparing.begin_after(self.pages.fill()))
        workspace.undo_stack.indexChanged.connect(self._refresh_actions)
        self.job_bar.cancel_requested.connect(controller.cancel)
        self.rail.page_chosen.connect(self.show_page)
        self.header.run_requested.connect(controller.run)
        self.role_sheet.folder_requested.connect(self.commands.add_folder)
        self.role_sheet.files_requested.connect(self.commands.add_files)
        self.role_sheet.locate_requested.connect(self.commands.locate)
        self.role_sheet.rescan_requested.connect(controller.rescan)
        self.role_sheet.paths_dropped.connect(self.intake.offer)
        self.role_sheet.relink_requested.connect(controller.scan)
        self.role_sheet.notice.connect(self._on_status)
        self.role_sheet.weights_looked_for.connect(controller.weights.look_once)
        self.role_sheet.weights_wanted.connect(self._on_weights_wanted)
        controller.weights.changed.connect(lambda: self.role_sheet.show_lacking(controller.weights.lacking))
        self.pages.notice.connect(self._on_status)
        self.pages.weights_wanted.connect(self._on_weights_wanted)
        self.pages.run_wanted.connect(controller.run)
        self.pages.images_wanted.connect(self.commands.show_images)
        self.welcome.paths_dropped.connect(self.intake.offer)
        self.welcome.folder_requested.connect(self.commands.add_folder_as)
        self.welcome.files_requested.connect(self.commands.add_files)
        self.welcome.study_requested.connect(self.commands.open_study)
        self.welcome.demo_requested.connect(controller.open_demo)

    def _connect_shell(self) -> None:
        shell, welcome = self.shell, self.welcome
        self.studies, self.folders = recents_of(self)
        welcome.tour_requested.connect(self.start_tour)
        welcome.tour_declined.connect(shell.decline_tour)
        self.controller.place_wanted.connect(shell.ask_for_place)
        self.menus.theme_chosen.connect(self._on_theme_chosen)
        self.theme.changed.connect(self._on_theme_changed)
        self.kept.changed.connect(self._on_preferences_changed)

    def _own_slots(self) -> dict[str, Callable[..., object]]:
        return {
            "close_window": self.close,
            "text_larger": partial(self._on_text_scaled, 1),
            "text_smaller": partial(self._on_text_scaled, -1),
            "text_usual": partial(self._on_text_scaled, 0),
            "full_screen": self._on_full_screen,
        }

    def _on_loaded(self, _nothing: object) -> None:
        self.preparing.begin_after(chain(polished(self._frame), self.pages.prepare()))

    def _on_described(self) -> None:
        self._show_title()
        self._refresh_actions()
        if self.workspace.is_empty is (self._stack.currentWidget() is self._frame):
            self.show_page(self._page_id)

    def _on_busy_changed(self) -> None:
        self.role_sheet.set_scanning(self.controller.is_scanning)
        self._on_described()

    def _refresh_actions(self) -> None:
        commands.enable_actions(self.actions_by_id, self._is_now)
        self.header.set_can_run(self.controller.can_run)

    def _is_now(self, state: State) -> bool:
        workspace, controller = self.workspace, self.controller
        return {
            "always": True,
            "idle": not controller.is_busy,
            "busy": controller.is_busy,
            "ready": controller.can_run,
            "content": not workspace.is_empty,
            "changed": workspace.is_dirty and workspace.path is not None and workspace.path.suffix == STUDY_SUFFIX,
            "results": workspace.results is not None and bool(controller.export_suffixes()),
            "undo": workspace.undo_stack.canUndo(),
            "redo": workspace.undo_stack.canRedo(),
        }[state]

    def _show_title(self) -> None:
        name = self.workspace.path.stem if self.workspace.path else self.workspace.title
        title = f"{name}[*] — PlanetView" if not self.workspace.is_empty else "PlanetView[*]"
        marking = self.workspace.marking
        self.marking.show_text(marking)
        if marking:
            # Before the name: a task bar shows the beginning. Qt reads a single [*] as the mark of changes.
            title = f"{marking.replace('[*]', '[*][*]')} — {title}"
        self.setWindowTitle(self.job_panels.presence.prefix + title)
        self.setWindowModified(self.workspace.is_dirty)

    def _show_keys(self) -> None:
        keys = self.preferences.shortcuts
        apply_keys(self.actions_by_id, keys)
        local_keys.use(keys)
        for part in (self.rail, self.header, self.welcome):
            part.show_keys(keys)

    def _restore_geometry(self) -> None:
        if self.preferences.geometry:
            # Qt moves a window back onto a screen that exists; damaged text is ignored by it.
            self.restoreGeometry(QByteArray.fromBase64(self.preferences.geometry.encode("ascii", "replace")))
        self.docks.restore(self.preferences.docks)

    def _parts(self) -> list[QWidget]:
        """The parts that F6 goes through."""
        content = self.welcome if self.current_page() == "welcome" else self._content
        return [self.messages, self.rail, self.header, content, *self.docks.visible(), self.job_bar]

    def _on_preferences_changed(self, now: Preferences, before: Preferences) -> None:
        # Styling every widget anew took up to 0.4 s, which no saving, opening or closing need pay.
        if (now.theme, now.text_scale) != (self.theme.choice, self.theme.text_scale):
            self.theme.use(now.theme, now.text_scale)
        if now.shortcuts != before.shortcuts:
            self._show_keys()
        self.menus.show_theme(now.theme)
        self.layouts.follow(now)
        self.welcome.offer_tour(not now.knows_tour)

    def _on_theme_changed(self) -> None:
        commands.draw_icons(self.actions_by_id, self.theme)

    def _on_theme_chosen(self, name: str) -> None:
        self.use_preferences(replace(self.preferences, theme=name))

    def _on_text_scaled(self, step: int) -> None:
        self.use_preferences(self.preferences.scaled(step))

    def _on_page_chosen(self, page_id: str) -> None:
        self.show_page(page_id)

    def _on_weights_wanted(self, weights_id: str) -> None:
        self.show_page("models")
        self.pages.show_weights(weights_id)

    def _on_status(self, text: str) -> None:
        self.statusBar().showMessage(text, _STATUS_MS)

    def _on_study_saved(self, path: Path) -> None:
        self.use_preferences(self.preferences.with_study(path))

    def _on_study_opened(self, path: Path | None) -> None:
        if path is not None:
            self.use_preferences(self.preferences.with_study(path))
        self.show_page("datasets")

    def _on_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
