"""What a window remembers: its page with the study, its columns and habits with the preferences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction

from planetview.core.study import Study
from planetview.gui.actions import PAGE_ACTIONS
from planetview.gui.job_presence import JobPresence
from planetview.gui.pages import PAGE_CLASSES, ResultPages
from planetview.gui.plots.figure_choices import FIGURES
from planetview.gui.preferences import KeptPreferences, Preferences
from planetview.gui.study_files import StudyFiles

Remember = Callable[[Preferences], None]


class Remembering(QObject):
    """Applies preferences to the pages and the presence of a window, and keeps what is changed there.

    remember: takes preferences into force and writes them. literature: the command that shows published values.
    page: returns the id of the page that is shown.
    """

    def __init__(
        self,
        kept: KeptPreferences,
        remember: Remember,
        pages: ResultPages,
        presence: JobPresence,
        literature: QAction,
        files: StudyFiles,
        page: Callable[[], str],
        show_page: Callable[[str], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._kept, self._remember, self._pages, self._presence = kept, remember, pages, presence
        self._literature = literature
        self._page, self._show_page = page, show_page
        files.window_state = self._window_state
        files.opened.connect(self._on_opened)
        pages.columns_changed.connect(self._on_columns_changed)
        pages.literature_toggled.connect(literature.setChecked)
        literature.toggled.connect(self._on_literature_toggled)
        kept.changed.connect(self._apply)
        FIGURES.changed.connect(self._on_figures_changed)
        pages.use_columns(kept.value.columns)
        pages.widgetAdded.connect(self._on_page_made)
        self._apply(kept.value, kept.value)

    @Slot(object, object)
    def _apply(self, now: Preferences, _before: Preferences) -> None:
        self._literature.setChecked(now.shows_literature)
        if now.keeps_awake != self._presence.keeps_awake:
            self._presence.keeps_awake = now.keeps_awake
        self._presence.tells_ends = now.tells_ends
        FIGURES.use(now.figure_text, now.figure_scale)

    @Slot()
    def _on_figures_changed(self) -> None:
        chosen = replace(self._kept.value, figure_text=FIGURES.text_scale, figure_scale=FIGURES.image_scale)
        if chosen != self._kept.value:
            self._remember(chosen)

    @Slot(tuple)
    def _on_columns_changed(self, columns: tuple[str, ...]) -> None:
        if columns != self._kept.value.columns:
            self._remember(replace(self._kept.value, columns=columns))

    @Slot(int)
    def _on_page_made(self, place: int) -> None:
        """Let a page that was just made draw as was chosen last, and keep what is chosen there."""
        page: Any = self._pages.widget(place)
        name = next((id for id in PAGE_CLASSES if self._pages.page(id) is page), "")
        if hasattr(page, "choices_changed"):
            page.use_choices(self._kept.value.pages.get(name, ()))
            page.choices_changed.connect(partial(self._on_choices_changed, name))

    def _on_choices_changed(self, name: str, choices: tuple[str, ...]) -> None:
        if choices != self._kept.value.pages.get(name, ()):
            self._remember(self._kept.value.with_page(name, choices))

    @Slot(bool)
    def _on_literature_toggled(self, is_shown: bool) -> None:
        self._pages.show_literature(is_shown)
        if is_shown != self._kept.value.shows_literature:
            self._remember(replace(self._kept.value, shows_literature=is_shown))

    def _window_state(self) -> Mapping[str, Any]:
        return {"page": self._page()}

    @Slot(object, object)
    def _on_opened(self, study: Study, _path: Path) -> None:
        page = study.window.get("page")
        if page in PAGE_ACTIONS and (study.results is not None or page == "datasets"):
            self._show_page(page)
