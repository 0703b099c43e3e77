"""The help pages: how to read the window, all shortcuts, exporting a generator, how to cite, about."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QWidget

from planetview.core.catalogue import EXTRACTORS, METRICS
from planetview.core.citations import bibtex
from planetview.core.errors import UserError
from planetview.core.program_citation import ProgramCitation, program_citation
from planetview.gui.actions import ACTIONS, MENUS, tr
from planetview.gui.models.metric_details import metric_html
from planetview.gui.page_keys import Group
from planetview.gui.shortcuts import Keys, keys_of, native
from planetview.gui.widgets.text_dialog import TextDialog

Pairs = Iterable[tuple[str, str]]

_READING = """
<h2>How to use PlanetView</h2>
<ol>
<li><a name="datasets"></a>
<b>Datasets.</b> Drop folders, zip files or lists. Give each set a role: one <i>reference</i> (real images the
generator learned from), at most one <i>held-out</i> set (real images it never saw), any number of <i>candidates</i>
(synthetic images). Look at the findings: files left out, duplicates, depth.</li>
<li><b>Run</b> (F5). Work goes on in the background; Esc stops it, and finished work is kept.</li>
<li><a name="overview"></a>
<b>Overview.</b> Read every number against its noise floor: the same number for held-out against reference images
at the same sample size. Near the floor means as close as real images are to each other.</li>
<li><a name="neighbours"></a>
<b>Neighbours.</b> Look at each synthetic image beside the nearest real ones: copies show at once.</li>
<li><a name="entropy"></a><a name="correlation"></a>
<b>Entropy and correlation.</b> A metric that merely follows image entropy says little about realism.</li>
<li><a name="models"></a>
<b>Models.</b> Networks whose weights are not here are marked in the options of a run. Get their weights on this
page, or bring them from another computer: nothing is downloaded unless you ask.</li>
<li><a name="generator"></a>
<b>Generator.</b> Drop a network (.pkl, .onnx): see what it is and what it makes, sample images that become a
candidate in one click, measure how smooth its paths are. Nothing in a .pkl is executed.</li>
</ol>
<p>An image chosen on one page is chosen on all. Deeper than 8-bit images need one stretch for the whole study.</p>
"""


_EXPORT = """
<h2>Export a generator to ONNX</h2>
<p>A network that PlanetView does not know is a program, and only the environment it was trained in can run it: export
it there, once. An ONNX file is a graph of known operations; PlanetView opens it without asking for trust.</p>
<p>For a network <code>G</code> that makes float32 images in −1 to 1 from latents <code>z</code>:</p>
<pre>
class Export(torch.nn.Module):
    def __init__(self, G):
        super().__init__()
        self.G = G

    def forward(self, z):
        return self.G(z, None, noise_mode="const", force_fp32=True)

torch.onnx.export(
    Export(G).eval().cpu(),
    torch.randn(2, G.z_dim),
    "network.onnx",
    input_names=["z"],
    output_names=["image"],
    dynamic_axes={"z": {0: "batch"}, "image": {0: "batch"}},
)
</pre>
<p>Keep noise constant and numbers in float32: noise or rounding inside the file would be measured as path length.
Labels, and mapping and synthesis in two files for path lengths in w, are explained in
<code>docs/generators.md</code>. Reading ONNX needs <code>pip install 'planetview[onnx]'</code>.</p>
"""


def show_help(parent: QWidget, page: str = "") -> None:
    """Open the help page beside the work, at the paragraph about a page of the window."""
    _show(tr("Help"), help_html(), parent).scroll_to(page)


def show_topic(topic: str, parent: QWidget) -> None:
    """Open what is known about a metric or network, by its id: definition, formula, direction, caveats, citation."""
    dialog = _show(topic_title(topic), topic_html(topic), parent)
    if references := bibtex((topic,)):
        dialog.add_copy(tr("Copy &BibTeX"), tr("Copy the references of this entry"), references)


def show_keys(parent: QWidget, changed: Keys, panels: Pairs = (), groups: Iterable[Group] = ()) -> None:
    """Open the table of the present shortcuts beside the work.

    panels: entries that the table of actions lacks. groups: the keys that hold only in a page or panel.
    """
    _show(tr("Keyboard shortcuts"), keys_html(changed, panels, groups), parent)


def show_export(parent: QWidget) -> None:
    """Open the page that tells how to export a generator beside the work."""
    _show(tr("Export a generator"), _EXPORT, parent)


def show_about(parent: QWidget) -> None:
    """Open the page about the program beside the work."""
    dialog = _show(tr("About PlanetView"), about_html(), parent)
    # A page of a few lines.
    dialog.resize(dialog.width(), dialog.height() * 3 // 5)


def show_citation(parent: QWidget) -> None:
    """Open the page that says how to cite PlanetView beside the work."""
    try:
        cited = program_citation()
    except UserError as why:
        _show(tr("How to cite PlanetView"), f"<p>{escape(why.message)}</p><p>{escape(why.hint)}</p>", parent)
        return
    dialog = _show(tr("How to cite PlanetView"), citation_html(cited), parent)
    dialog.add_copy(tr("Copy &references"), tr("Copy both references as text"), cited.text())
    dialog.add_copy(tr("Copy &BibTeX"), tr("Copy both references as BibTeX"), cited.bibtex())


def topic_of(widget: QWidget | None) -> str:
    """Return the id of the metric or network that `widget`, or what holds it, is about; "" where none is known.

    A widget names its topic in the dynamic property "help_topic".
    """
    while widget is not None:
        topic = widget.property("help_topic")
        if topic in METRICS or topic in EXTRACTORS:
            return str(topic)
        widget = widget.parentWidget()
    return ""


def topic_title(topic: str) -> str:
    """Return the name of a metric or network."""
    return METRICS[topic].label if topic in METRICS else EXTRACTORS[topic].label


def topic_html(topic: str) -> str:
    """Return what is known about a metric or network, as a page."""
    if topic in METRICS:
        return metric_html(topic, None)
    spec = EXTRACTORS[topic]
    rows = "".join(
        f"<tr><td valign='top' style='padding-right: 10px; padding-bottom: 4px'><i>{escape(name)}</i></td>"
        f"<td style='padding-bottom: 4px'>{escape(text)}</td></tr>"
        for name, text in (
            (tr("Preprocessing"), spec.preprocessing),
            (tr("Features"), str(spec.dim)),
            (tr("Mind"), spec.caveats),
            (tr("Licence"), spec.licence),
            (tr("Source"), spec.citation),
            (tr("Parity"), spec.parity),
        )
        if text
    )
    return f"<p><b>{escape(spec.label)}</b></p><p>{escape(spec.definition)}</p><table>{rows}</table>"


def _show(title: str, html: str, parent: QWidget) -> TextDialog:
    dialog = TextDialog(title, html, parent, html=True)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
    return dialog


def help_html() -> str:
    """Return the help page: the way through the window, then every metric in a sentence."""
    rows = "".join(
        f"<p><b>{escape(spec.label)}</b> ({spec.direction.value} is better; {escape(spec.value_range)}). "
        f"{escape(spec.definition)} <i>{escape(spec.caveats)}</i><br>{escape(spec.formula)}<br>"
        f"{escape(spec.citation)}</p>"
        for spec in METRICS.values()
    )
    return f"{_READING}<h2>The metrics</h2>{rows}"


def keys_html(changed: Keys, panels: Pairs = (), groups: Iterable[Group] = ()) -> str:
    """Return the table of the present shortcuts, by menu, then those of pages and panels."""
    parts = [f"<h2>{escape(tr('Keyboard shortcuts'))}</h2>"]
    for menu in MENUS:
        pairs = [
            (tr(spec.tip), ", ".join(map(native, keys_of(spec.id, changed)))) for spec in ACTIONS if spec.menu == menu
        ]
        parts.append(_keys_table(tr(menu).replace("&", ""), pairs))
    if panels:
        parts.append(_keys_table(tr("Panels"), panels))
    words = tr("Any of these can be changed: Edit, Keyboard shortcuts. Ctrl+K finds a command by a few letters.")
    parts.append(f"<p>{escape(words)}</p>")
    local = [_keys_table(title, pairs) for title, pairs in groups]
    if local:
        parts.append(f"<h2>{escape(tr('Where they are pressed'))}</h2>")
        parts.append(f"<p>{escape(tr('These hold while the part of the window that is named has the focus.'))}</p>")
    return "".join(parts + local)


def _keys_table(title: str, pairs: Iterable[tuple[str, str]]) -> str:
    rows = "".join(
        f"<tr><td width='30%' style='padding-right:24px'>{escape(keys)}</td><td width='70%'>{escape(tip)}</td></tr>"
        for tip, keys in pairs
        if keys
    )
    return f"<h3>{escape(title)}</h3><table width='100%' cellpadding='3'>{rows}</table>"


def citation_html(cited: ProgramCitation) -> str:
    """Return the references of PlanetView and its method as text and BibTeX, and where those of the numbers are."""
    program, *others = cited.works
    parts = [f"<h2>{escape(tr('How to cite PlanetView'))}</h2><p>{escape(cited.message)}</p>"]
    parts += [f"<p>{escape(program.text())}</p>"]
    if others:
        parts += [f"<h3>{escape(tr('The method'))}</h3>", *(f"<p>{escape(work.text())}</p>" for work in others)]
    parts.append(f"<h3>BibTeX</h3><pre>{escape(cited.bibtex())}</pre>")
    words = tr(
        "The papers of the metrics and networks of a run: Edit, Copy BibTeX. A paragraph that says how its numbers "
        "were made: Edit, Copy as methods text."
    )
    return "".join((*parts, f"<p>{escape(words)}</p>"))


def about_html() -> str:
    """Return version, purpose and method."""
    return (
        f"<h2>PlanetView {escape(QCoreApplication.applicationVersion())}</h2>"
        "<p>Judges synthetic planetary imagery against real imagery: many metrics side by side, each beside its noise "
        "floor, with the images behind the numbers.</p>"
        "<p>Method: Salditt, Molaverdikhani and Ercolano (2025), <i>Assessing Synthetic Data Quality and Model "
        "Generalization for Planetary Imagery</i>. To cite: Help, How to cite PlanetView.</p>"
        "<p>Nothing is sent anywhere, and nothing is downloaded without being asked for. Apache License 2.0.</p>"
    )
