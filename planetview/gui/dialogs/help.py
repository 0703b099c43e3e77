"""The help pages: how to read the window, all shortcuts, exporting a generator, about."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QWidget

from planetview.core.catalogue import METRICS
from planetview.gui.actions import ACTIONS, MENUS, tr
from planetview.gui.widgets.text_dialog import TextDialog

_READING = """
<h2>How to use PlanetView</h2>
<ol>
<li><b>Datasets.</b> Drop folders, zip files or lists. Give each set a role: one <i>reference</i> (real images the
generator learned from), at most one <i>held-out</i> set (real images it never saw), any number of <i>candidates</i>
(synthetic images). Look at the findings: files left out, duplicates, depth.</li>
<li><b>Run</b> (F5). Work goes on in the background; Esc stops it, and finished work is kept.</li>
<li><b>Overview.</b> Read every number against its noise floor: the same number for held-out against reference images
at the same sample size. Near the floor means as close as real images are to each other.</li>
<li><b>Neighbours.</b> Look at each synthetic image beside the nearest real ones: copies show at once.</li>
<li><b>Entropy and correlation.</b> A metric that merely follows image entropy says little about realism.</li>
<li><b>Models.</b> Networks whose weights are not here are marked in the options of a run. Get their weights on this
page, or bring them from another computer: nothing is downloaded unless you ask.</li>
<li><b>Generator.</b> Drop a network (.pkl, .onnx): see what it is and what it makes, sample images that become a
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


def show_help(parent: QWidget) -> None:
    """Open the help page beside the work."""
    _show(tr("Help"), help_html(), parent)


def show_keys(parent: QWidget) -> None:
    """Open the table of shortcuts beside the work."""
    _show(tr("Keyboard shortcuts"), keys_html(), parent)


def show_export(parent: QWidget) -> None:
    """Open the page that tells how to export a generator beside the work."""
    _show(tr("Export a generator"), _EXPORT, parent)


def show_about(parent: QWidget) -> None:
    """Open the page about the program beside the work."""
    _show(tr("About PlanetView"), about_html(), parent)


def _show(title: str, html: str, parent: QWidget) -> None:
    dialog = TextDialog(title, html, parent, html=True)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()


def help_html() -> str:
    """Return the help page: the way through the window, then every metric in a sentence."""
    rows = "".join(
        f"<p><b>{escape(spec.label)}</b> ({spec.direction.value} is better; {escape(spec.value_range)}). "
        f"{escape(spec.definition)} <i>{escape(spec.caveats)}</i><br>{escape(spec.citation)}</p>"
        for spec in METRICS.values()
    )
    return f"{_READING}<h2>The metrics</h2>{rows}"


def keys_html() -> str:
    """Return the table of all shortcuts, by menu."""
    parts = ["<h2>Keyboard shortcuts</h2>"]
    for menu in MENUS:
        specs = [spec for spec in ACTIONS if spec.menu == menu and spec.keys]
        rows = "".join(
            f"<tr><td style='padding-right:24px'>{escape(', '.join(spec.keys))}</td>"
            f"<td>{escape(tr(spec.tip))}</td></tr>"
            for spec in specs
        )
        parts.append(f"<h3>{escape(tr(menu).replace('&', ''))}</h3><table cellpadding='3'>{rows}</table>")
    return "".join(parts)


def about_html() -> str:
    """Return version, purpose and how to cite."""
    return (
        f"<h2>PlanetView {escape(QCoreApplication.applicationVersion())}</h2>"
        "<p>Judges synthetic planetary imagery against real imagery: many metrics side by side, each beside its noise "
        "floor, with the images behind the numbers.</p>"
        "<p>Method: Salditt, Molaverdikhani and Ercolano (2025), <i>Assessing Synthetic Data Quality and Model "
        "Generalization for Planetary Imagery</i>. Cite each metric by its own paper; the help page lists them.</p>"
        "<p>Nothing is sent anywhere, and nothing is downloaded without being asked for. Apache License 2.0.</p>"
    )
