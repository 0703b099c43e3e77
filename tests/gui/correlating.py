"""What the tests of the correlation page share: results with random pairs, and choosing as a person does."""

from __future__ import annotations

import dataclasses

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QWidget

from planetview.core.results import RANDOM, Correlation, PairTable, Results
from planetview.core.stats import pearson, spearman
from planetview.gui.plots.scatter import ScatterPlot


def correlations(table: PairTable) -> list[Correlation]:
    """Return what a run would find for a table."""
    found = []
    for metric, scores in table.scores.items():
        r, rho = pearson(table.entropy_bits, scores), spearman(table.entropy_bits, scores)
        partners = int(np.unique(table.bank_index[np.isfinite(scores)]).size)
        found.append(Correlation(metric, table.query, r.value, r.interval, rho.value, rho.interval, r.n, r.dropped,
                                 partners, r.reason))  # fmt: skip
    return found


def with_random_pairs(results: Results) -> Results:
    """Return results with a table of random pairs beside every one of nearest pairs."""
    rng = np.random.default_rng(12)
    drawn = []
    for table in results.pairs:
        n = table.query_index.size
        scores = {metric: rng.normal(10, 2, n) for metric in table.scores}
        drawn.append(dataclasses.replace(table, paired_by=RANDOM, entropy_bits=rng.normal(6, 0.4, n), scores=scores,
                                         bank_index=rng.integers(0, 48, n), notes={}))  # fmt: skip
    both = tuple(one for table in drawn for one in correlations(table))
    return dataclasses.replace(results, random_pairs=tuple(drawn), random_correlations=both)


def box(page: QWidget, name: str) -> QComboBox:
    """Return the combo box whose accessible name starts so."""
    return next(box for box in page.findChildren(QComboBox) if box.accessibleName().startswith(name))


def choose(combo: QComboBox, wanted: str) -> None:
    """Choose an entry as a person does: arrow keys on the closed box."""
    combo.setFocus()
    QTest.keyClick(combo, Qt.Key.Key_Home)
    for _ in range(combo.count()):
        if combo.currentData() == wanted:
            break
        QTest.keyClick(combo, Qt.Key.Key_Down)
    assert combo.currentData() == wanted


def scatter(page: QWidget) -> ScatterPlot:
    """Return the large scatter of the chosen kind of pairs, the left one of two."""
    return next(plot for plot in page.findChildren(ScatterPlot) if plot.accessibleName() == "Correlation scatter")
