from __future__ import annotations

import gc

import numpy as np
import pytest

from planetview.core.selection import SelectionChange, SelectionState


@pytest.fixture
def state() -> SelectionState:
    return SelectionState({"real": 4, "fake": 3})


def mask(size: int, *chosen: int) -> np.ndarray:
    return np.isin(np.arange(size), chosen)


class Listener:
    def __init__(self) -> None:
        self.heard: list[SelectionChange] = []

    def on_change(self, change: SelectionChange) -> None:
        self.heard.append(change)


def test_nothing_is_chosen_at_first(state):
    assert state.current is None
    assert state.counts() == {"real": 0, "fake": 0}


def test_a_selection_replaces_those_of_all_datasets(state):
    state.select("real", mask(4, 1, 2))
    state.select("fake", mask(3, 0))

    assert state.counts() == {"real": 0, "fake": 1}
    assert state.selected("fake").tolist() == [True, False, False]


def test_an_extending_selection_keeps_what_was_selected(state):
    state.select("real", mask(4, 1))
    state.select("real", mask(4, 3), extend=True)
    state.select("fake", mask(3, 2), extend=True)

    assert np.flatnonzero(state.selected("real")).tolist() == [1, 3]
    assert state.counts() == {"real": 2, "fake": 1}


def test_several_datasets_change_in_one_message(state):
    listener = Listener()
    state.subscribe(listener.on_change)

    state.select_many({"real": mask(4, 0), "fake": mask(3, 1)}, origin="plot")

    assert listener.heard == [SelectionChange("selected", "plot")]
    assert state.counts() == {"real": 1, "fake": 1}


def test_setting_what_already_holds_tells_nobody(state):
    state.set_current(("real", 2))
    state.select("real", mask(4, 2))
    listener = Listener()
    state.subscribe(listener.on_change)

    state.set_current(("real", 2))
    state.select("real", mask(4, 2))

    assert listener.heard == []


def test_clearing_keeps_the_current_image(state):
    state.set_current(("fake", 1))
    state.select("real", mask(4, 0))

    state.clear()

    assert state.counts() == {"real": 0, "fake": 0}
    assert state.current == ("fake", 1)


def test_a_reset_forgets_everything_and_takes_the_new_sizes(state):
    listener = Listener()
    state.set_current(("fake", 1))
    state.subscribe(listener.on_change)

    state.reset({"other": 2})

    assert listener.heard == [SelectionChange("reset", None)]
    assert state.current is None
    assert state.counts() == {"other": 0}
    assert state.sizes == {"other": 2}


def test_the_selection_is_a_snapshot_nobody_can_write(state):
    mine = mask(4, 1)
    state.select("real", mine)
    mine[3] = True

    assert state.counts()["real"] == 1
    with pytest.raises(ValueError, match="read-only"):
        state.selected("real")[0] = True


@pytest.mark.parametrize("wrong", [np.ones(3, bool), np.ones(4, int), np.ones((4, 1), bool)])
def test_a_mask_of_the_wrong_shape_or_type_changes_nothing(state, wrong):
    state.select("real", mask(4, 1))

    with pytest.raises(ValueError, match="'real' needs a mask of 4"):
        state.select("real", wrong)

    assert state.counts()["real"] == 1


def test_images_and_datasets_that_do_not_exist_are_refused(state):
    with pytest.raises(IndexError):
        state.set_current(("real", 4))
    with pytest.raises(KeyError):
        state.set_current(("mars", 0))
    with pytest.raises(KeyError):
        state.select("mars", mask(4, 1))
    assert state.current is None


def test_listeners_are_told_in_order_and_can_leave(state):
    heard: list[str] = []
    leave = state.subscribe(lambda _: heard.append("first"))
    state.subscribe(lambda _: heard.append("second"))

    state.set_current(("real", 0))
    leave()
    leave()
    state.set_current(("real", 1))

    assert heard == ["first", "second", "second"]


def test_a_listener_that_leaves_during_a_message_is_not_called_after(state):
    heard: list[str] = []
    leaves = []
    state.subscribe(lambda _: leaves[0]())
    leaves.append(state.subscribe(lambda _: heard.append("gone")))

    state.set_current(("real", 0))

    assert heard == []


def test_a_dead_listener_falls_out(state):
    listener = Listener()
    heard = listener.heard
    state.subscribe(listener.on_change)

    del listener
    gc.collect()
    state.set_current(("real", 0))

    assert heard == []
