"""Every command of the window as data: one table for menus, shortcuts and help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

from planetview.gui.icons import icon
from planetview.gui.theme import Theme

State = Literal["always", "idle", "busy", "ready", "content", "changed", "results", "undo", "redo"]
"""When a command is enabled: no job runs, one runs, a run can start, a study is open, it differs from its file ..."""


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One command.

    id: stable name; also the name of the method that `build_actions` connects.
    menu: its menu; "" for commands that a submenu builds. text: with a mnemonic. tip: one sentence.
    keys: shortcuts, portable text; the first is shown.
    focus_keys: the keys belong to the widget with the focus, and the menu only names them.
    checkable: it is on or off.
    """

    id: str
    menu: str
    text: str
    tip: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    enabled_when: State = "always"
    group: int = 0
    focus_keys: bool = False
    checkable: bool = False


MENUS: tuple[str, ...] = ("&File", "&Edit", "&View", "&Run", "&Help")

# The pages about the study, then those about this computer and about what made the images.
STUDY_PAGES: tuple[str, ...] = ("datasets", "overview", "neighbours", "entropy", "correlation")
PAGE_ACTIONS: tuple[str, ...] = (*STUDY_PAGES, "models", "generator")

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("new_study", "&File", "&New study", "Start an empty study.", ("Ctrl+N",), "study"),
    ActionSpec(
        "new_window", "&File", "New &window", "Open another window with a study of its own.", ("Ctrl+Shift+N",),
    ),
    ActionSpec(
        "add_folder", "&File", "&Add folder…", "Add a folder of images; its role is guessed.", ("Ctrl+O",), "folder",
        group=1,
    ),
    ActionSpec(
        "add_files", "&File", "Add &zip or list…", "Add images in a zip file or named by a text or CSV list.",
        ("Ctrl+Alt+O",), "file", group=1,
    ),
    ActionSpec(
        "open_study", "&File", "&Open study…", "Open a saved study.", ("Ctrl+Shift+O",), "study", group=2,
    ),
    ActionSpec("save", "&File", "&Save", "Save the study.", ("Ctrl+S",), "save", "content", 3),
    ActionSpec(
        "save_as", "&File", "Sa&ve as…", "Save the study to another file.", ("Ctrl+Shift+S",), "", "content", 3,
    ),
    ActionSpec(
        "revert", "&File", "Rever&t to saved…", "Go back to the study as it was saved last.", (), "", "changed", 3,
    ),
    ActionSpec(
        "marking", "&File", "&Marking…", "Say how the study is to be handled: on windows, reports and figures.",
        (), "", "content", 3,
    ),
    ActionSpec(
        "export_report", "&File", "&Export report…", "Write the results as HTML, PDF, CSV or JSON.", ("Ctrl+E",), "",
        "results", 4,
    ),
    ActionSpec(
        "archive", "&File", "Collect for arc&hive…", "Copy the study and its images to one place that opens anywhere.",
        (), "", "content", 4,
    ),
    ActionSpec("close_window", "&File", "&Close window", "Close this window.", ("Ctrl+W",), "", group=5),
    ActionSpec("quit", "&File", "&Quit", "Close every window.", ("Ctrl+Q",), "", group=5),
    ActionSpec("undo", "&Edit", "&Undo", "Take back the last change of the sets.", ("Ctrl+Z",), "undo", "undo"),
    ActionSpec(
        "redo", "&Edit", "&Redo", "Do again what was taken back.", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", "redo",
    ),
    ActionSpec(
        "copy", "&Edit", "&Copy", "Copy what has the focus: a table, a plot, a text.", ("Ctrl+C",), group=1,
        focus_keys=True,
    ),
    ActionSpec(
        "paste", "&Edit", "P&aste", "Add the folders, zips or lists whose paths are copied; in a field, paste text.",
        ("Ctrl+V",), group=1, focus_keys=True,
    ),
    ActionSpec(
        "copy_methods", "&Edit", "Copy as &methods text", "Copy a paragraph for a paper on how the numbers were made.",
        (), "", "results", 2,
    ),
    ActionSpec(
        "copy_bibtex", "&Edit", "Copy &BibTeX", "Copy the references of the metrics and networks that were used.", (),
        "", "results", 2,
    ),
    ActionSpec(
        "copy_command", "&Edit", "Copy as comma&nd line", "Copy the command that asks for this run without a window.",
        (), "", "content", 2,
    ),
    ActionSpec(
        "palette", "&Edit", "Command &palette…", "Find a command, page, set or help topic by a few letters.",
        ("Ctrl+K",), "", group=3,
    ),
    ActionSpec(
        "edit_shortcuts", "&Edit", "&Keyboard shortcuts…", "Change the keys of any command.", ("Ctrl+Shift+K",), "",
        group=3,
    ),
    ActionSpec(
        "preferences", "&Edit", "Pre&ferences…", "Choose looks and habits of the window.", ("Ctrl+,",), "", group=3,
    ),
    ActionSpec("datasets", "&View", "&Datasets", "Show the sets, their roles and findings.", ("Ctrl+1",), "datasets"),
    ActionSpec("overview", "&View", "&Overview", "Show the table of all metrics.", ("Ctrl+2",), "overview"),
    ActionSpec(
        "neighbours", "&View", "&Neighbours", "Show each synthetic image beside its nearest real ones.", ("Ctrl+3",),
        "neighbours",
    ),
    ActionSpec("entropy", "&View", "&Entropy", "Show the entropy of the sets.", ("Ctrl+4",), "entropy"),
    ActionSpec(
        "correlation", "&View", "&Correlation", "Show how the metrics follow entropy.", ("Ctrl+5",), "correlation",
    ),
    ActionSpec("models", "&View", "&Models", "Show the weight files of the networks: get, import, check.", ("Ctrl+6",),
               "models"),
    ActionSpec(
        "generator", "&View", "&Generator", "Open a generator: what it is, its images, how smooth its paths are.",
        ("Ctrl+7",), "generator",
    ),
    ActionSpec(
        "literature", "&View", "L&iterature column", "Show or hide published values beside yours in the overview.",
        ("Ctrl+L",), group=1, checkable=True,
    ),
    ActionSpec("text_larger", "&View", "Text &larger", "Make all text larger.", ("Ctrl++", "Ctrl+="), group=2),
    ActionSpec("text_smaller", "&View", "Text &smaller", "Make all text smaller.", ("Ctrl+-",), group=2),
    ActionSpec("text_usual", "&View", "&Usual text size", "Return to the usual text size.", ("Ctrl+0",), group=2),
    ActionSpec(
        "next_panel", "&View", "Ne&xt panel", "Move the focus to the next part of the window.", ("F6",), group=3,
    ),
    ActionSpec(
        "previous_panel", "&View", "&Previous panel", "Move the focus to the part of the window before.",
        ("Shift+F6",), group=3,
    ),
    ActionSpec(
        "reset_layout", "&View", "&Reset layout", "Hide the panels and put each back where it was at first.", group=3,
    ),
    ActionSpec("full_screen", "&View", "&Full screen", "Fill the screen, or leave that.", ("F11",), group=4),
    ActionSpec("run", "&Run", "&Run", "Judge the candidates against the reference.", ("F5",), "run", "ready"),
    ActionSpec(
        "pause", "&Run", "&Pause or resume", "Let the job rest after the step it is at, or go on.", ("Ctrl+P",),
        "pause", "busy",
    ),
    ActionSpec("cancel", "&Run", "&Cancel", "Stop the job; finished work is kept.", ("Esc",), "cancel", "busy"),
    ActionSpec(
        "show_help", "&Help", "PlanetView &help", "Explain what has the focus, or the page that is shown.", ("F1",),
        "help",
    ),
    ActionSpec(
        "show_tour", "&Help", "&Tour of the window", "Show in six steps, over the demo, how a judgement is made.",
    ),
    ActionSpec(
        "show_manual", "&Help", "&Manual", "Read every page of the documentation, without a network.", ("Shift+F1",),
    ),
    ActionSpec("show_keys", "&Help", "&Keyboard shortcuts", "List all shortcuts.", ("Ctrl+F1", "?")),
    ActionSpec("show_export", "&Help", "&Export a generator", "Tell how to turn a network into an ONNX file."),
    ActionSpec(
        "open_demo", "&Help", "Open the &demo", "Open small terrain sets with known faults.", (), "demo", "idle", 1,
    ),
    ActionSpec(
        "provenance", "&Help", "About these n&umbers…", "Show what made the results: versions, weights, settings.",
        (), "", "results", 1,
    ),
    ActionSpec(
        "save_diagnostics", "&Help", "&Save diagnostics…",
        "Write versions, settings and logs to a file for whoever looks into a fault; no images, nothing is sent.",
        (), "", group=2,
    ),
    ActionSpec(
        "show_licences", "&Help", "&Licences", "Read the licences of PlanetView and of everything in it.", group=2,
    ),
    ActionSpec(
        "show_citation", "&Help", "How to &cite PlanetView", "Copy the reference of PlanetView, as text and BibTeX.",
        group=2,
    ),
    ActionSpec("show_about", "&Help", "&About PlanetView", "Show the version and the method.", (), "info", group=2),
)  # fmt: skip


def tr(text: str) -> str:
    """Translate a text of the table."""
    return QCoreApplication.translate("Actions", text)


def build_actions(parent: QObject, theme: Theme) -> dict[str, QAction]:
    """Return one QAction per line of the table, by id; not yet connected."""
    actions = {}
    for spec in ACTIONS:
        action = QAction(tr(spec.text), parent)
        action.setObjectName(spec.id)
        action.setCheckable(spec.checkable)
        action.setShortcuts([QKeySequence.fromString(keys) for keys in spec.keys])
        if spec.focus_keys:
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.setStatusTip(tr(spec.tip))
        keys = (
            QKeySequence.fromString(spec.keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if spec.keys else ""
        )
        action.setToolTip(tr(spec.tip) + (f" ({keys})" if keys else ""))
        actions[spec.id] = action
    draw_icons(actions, theme)
    return actions


def draw_icons(actions: Mapping[str, QAction], theme: Theme) -> None:
    """Give the actions their icons in the theme's colours."""
    for spec in ACTIONS:
        if spec.icon:
            actions[spec.id].setIcon(icon(spec.icon, theme.tokens.text_muted))


def enable_actions(actions: Mapping[str, QAction], is_now: Callable[[State], bool]) -> None:
    """Enable each action whose state holds."""
    states: dict[State, bool] = {}
    for spec in ACTIONS:
        if spec.enabled_when not in states:
            states[spec.enabled_when] = is_now(spec.enabled_when)
        actions[spec.id].setEnabled(states[spec.enabled_when])
