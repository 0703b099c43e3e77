"""Colours of the window and of the data: light, dark and high contrast from one set of tokens."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyle

from planetview.core.datasets import Role
from planetview.core.paths import resource
from planetview.core.results import Results

THEME_NAMES = ("system", "light", "dark", "contrast")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Every colour the window uses, as "#rrggbb".

    Text tokens reach a contrast of 4.5 on `background`, `surface` and `surface_alt`, 7 in the high-contrast theme; data
    colours and the focus ring, which has the colour of `accent`, reach 3.
    candidates: one colour per candidate in study order, repeating. ring_px: width of the focus ring.
    """

    name: str
    background: str
    surface: str
    surface_alt: str
    border: str
    text: str
    text_muted: str
    accent: str
    accent_text: str
    warning: str
    danger: str
    success: str
    reference: str
    held_out: str
    candidates: tuple[str, ...]
    grid: str
    ring_px: int = 2


LIGHT = Tokens(
    name="light",
    background="#f4f5f8",
    surface="#ffffff",
    surface_alt="#eceff4",
    border="#cfd5df",
    text="#1a1f29",
    text_muted="#525c6c",
    accent="#0b61ab",
    accent_text="#ffffff",
    warning="#865000",
    danger="#b3261e",
    success="#19683a",
    reference="#0072b2",
    held_out="#009e73",
    candidates=("#d55e00", "#b04a84", "#8a6600", "#6a4c93", "#5b6470", "#00788a"),
    grid="#dde2ea",
)

DARK = Tokens(
    name="dark",
    background="#15181e",
    surface="#1d2129",
    surface_alt="#272d37",
    border="#3b4350",
    text="#e7eaf0",
    text_muted="#a6b0c0",
    accent="#62aef2",
    accent_text="#08131f",
    warning="#efb452",
    danger="#ff8f86",
    success="#68cf95",
    reference="#459fdb",
    held_out="#1fb48a",
    candidates=("#ee7a2b", "#d583b2", "#e0b03c", "#a98fd6", "#9aa5b4", "#35b5c6"),
    grid="#333a46",
)

CONTRAST = Tokens(
    name="contrast",
    background="#000000",
    surface="#000000",
    surface_alt="#1c1c1c",
    border="#c8c8c8",
    text="#ffffff",
    text_muted="#dcdcdc",
    accent="#ffe14d",
    accent_text="#000000",
    warning="#ffb866",
    danger="#ffa8a0",
    success="#7fe6ac",
    reference="#56b4e9",
    held_out="#2fd3a2",
    candidates=("#ff8f3d", "#f0a6cf", "#f0e442", "#c3b0ff", "#d0d4da", "#5fe0ee"),
    grid="#7a7a7a",
    ring_px=3,
)


class Theme(QObject):
    """The tokens in use, and the palette and style sheet made of them."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._choice = "system"
        self._tokens = LIGHT
        self._text_scale = 1.0
        self._base_point_size = 0.0
        self._app: QApplication | None = None
        self._is_calm = False
        self._is_dressed = True
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._on_system_changed)
        # Qt 6.10 brought the system's wish for contrast.
        if hasattr(hints, "accessibility"):
            hints.accessibility().contrastPreferenceChanged.connect(self._on_system_changed)

    @property
    def tokens(self) -> Tokens:
        """The colours now in use."""
        return self._tokens

    @property
    def choice(self) -> str:
        """What was chosen: one of `THEME_NAMES`."""
        return self._choice

    @property
    def text_scale(self) -> float:
        """How many times the usual size text has."""
        return self._text_scale

    @property
    def reduces_motion(self) -> bool:
        """Whether nothing may move by itself: asked for in the preferences, or by the system."""
        if self._is_calm or self._app is None:
            return self._is_calm
        # The platform gives animations no time where a person has switched them off.
        return self._app.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) == 0

    def calm(self, on: bool) -> None:
        """Let nothing move by itself, whatever the system says; or follow the system."""
        self._is_calm = on

    def use(self, name: str, text_scale: float | None = None) -> None:
        """Switch to one of `THEME_NAMES`, with text of `text_scale` (0.8 to 2.0) times the usual size.

        Raises ValueError for another name.
        """
        if name not in THEME_NAMES:
            raise ValueError(f"no theme is called {name!r}; there are {', '.join(THEME_NAMES)}")
        self._choice = name
        if text_scale is not None:
            self._text_scale = min(2.0, max(0.8, text_scale))
        self._refresh()

    def apply(self, app: QApplication, *, is_dressed: bool = True) -> None:
        """Give the application this palette and style sheet, now and after every change.

        is_dressed: whether it gets the style sheet now; else `dress` gives it, once there are windows.
        """
        self._app, self._is_dressed = app, is_dressed
        if not self._base_point_size:
            # pointSizeF is -1 where the platform gives its font in pixels.
            size = app.font().pointSizeF()
            self._base_point_size = size if size > 0 else 10.0
        app.setStyle("Fusion")
        self._refresh()

    def dress(self) -> None:
        """Give the application the style sheet that `apply` left out."""
        self._is_dressed = True
        if self._app is not None:
            self._app.setStyleSheet(style_sheet_of(self._tokens, self._text_scale, self._base_point_size))

    def dataset_colour(self, results: Results, dataset_name: str) -> str:
        """Return the data colour of one dataset of `results`; muted text colour for an unknown name."""
        for dataset in results.with_role(Role.REFERENCE):
            if dataset.name == dataset_name:
                return self._tokens.reference
        for dataset in results.with_role(Role.HELD_OUT):
            if dataset.name == dataset_name:
                return self._tokens.held_out
        for order, dataset in enumerate(results.with_role(Role.CANDIDATE)):
            if dataset.name == dataset_name:
                return self.role_colour(Role.CANDIDATE, order)
        return self._tokens.text_muted

    def role_colour(self, role: Role, order: int = 0) -> str:
        """Return the data colour of a role; `order` counts the candidates."""
        if role is Role.REFERENCE:
            return self._tokens.reference
        if role is Role.HELD_OUT:
            return self._tokens.held_out
        return self._tokens.candidates[order % len(self._tokens.candidates)]

    def _on_system_changed(self, _wish: object) -> None:
        if self._choice == "system":
            self._refresh()

    def _refresh(self) -> None:
        self._tokens = _TOKENS.get(self._choice) or tokens_of_system()
        if self._app is not None:
            font = QFont(self._app.font())
            font.setPointSizeF(self._base_point_size * self._text_scale)
            # While the old sheet is there: it keeps the sizes that hidden parts go back to.
            self._app.setFont(font)
            # Qt styles each widget as often as it has ancestors when one sheet follows another: 0.6 s of work with
            # every page made, 0.12 s where there is none in between.
            self._app.setStyleSheet("")
            self._app.setPalette(palette_of(self._tokens))
            if self._is_dressed:
                self.dress()
        self.changed.emit()


_TOKENS = {tokens.name: tokens for tokens in (LIGHT, DARK, CONTRAST)}


def tokens_of_system() -> Tokens:
    """Return the tokens that the desktop asks for: high contrast before dark before light."""
    hints = QGuiApplication.styleHints()
    wants_contrast = (
        hasattr(hints, "accessibility")
        and hints.accessibility().contrastPreference() is Qt.ContrastPreference.HighContrast
    )
    if wants_contrast:
        return CONTRAST
    return DARK if hints.colorScheme() is Qt.ColorScheme.Dark else LIGHT


def palette_of(tokens: Tokens) -> QPalette:
    """Return the Qt palette of a set of tokens."""
    group, role = QPalette.ColorGroup, QPalette.ColorRole
    palette = QPalette()
    for name, value in (
        (role.Window, tokens.background),
        (role.WindowText, tokens.text),
        (role.Base, tokens.surface),
        (role.AlternateBase, tokens.surface_alt),
        (role.ToolTipBase, tokens.surface),
        (role.ToolTipText, tokens.text),
        (role.Text, tokens.text),
        (role.PlaceholderText, tokens.text_muted),
        (role.Button, tokens.surface),
        (role.ButtonText, tokens.text),
        (role.BrightText, tokens.danger),
        (role.Link, tokens.accent),
        (role.LinkVisited, tokens.accent),
        (role.Highlight, tokens.accent),
        (role.HighlightedText, tokens.accent_text),
        (role.Light, tokens.surface),
        (role.Midlight, tokens.surface_alt),
        (role.Mid, tokens.border),
        (role.Dark, tokens.border),
        (role.Shadow, tokens.border),
    ):
        palette.setColor(name, QColor(value))
    for name in (role.WindowText, role.Text, role.ButtonText):
        faded = QColor(tokens.text_muted)
        faded.setAlphaF(0.6)
        palette.setColor(group.Disabled, name, faded)
    return palette


def style_sheet_of(tokens: Tokens, text_scale: float = 1.0, point_size: float = 10.0) -> str:
    """Return the application's style sheet with the tokens put in; titles, marks and arrows grow with the text."""
    text = resource("qss/base.qss").read_text(encoding="utf-8")
    if tokens is CONTRAST:
        text += resource("qss/contrast.qss").read_text(encoding="utf-8")
    template = Template(text)
    colours = {key: value for key, value in asdict(tokens).items() if isinstance(value, str)}
    # A style sheet cannot colour a picture: there is one of each for each theme.
    icons = resource("icons/controls").as_posix()
    sizes = {"arrow": 12, "arrow_box": 20, "indicator": 14, "row": 22}
    scaled = {key: round(px * text_scale) for key, px in sizes.items()}
    scaled["round"] = (scaled["indicator"] + 2) // 2
    # The ring grows into the padding, so that nothing moves when the focus comes.
    ring = {"ring": tokens.ring_px, **{f"pad{px}": max(0, px + 1 - tokens.ring_px) for px in (2, 4, 6, 8, 14)}}
    titles = {"title": round(1.4 * point_size * text_scale), "headline": round(1.9 * point_size * text_scale)}
    return template.substitute(colours, icons=icons, **titles, **scaled, **ring)
