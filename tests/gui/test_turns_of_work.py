"""Work in steps, spread over turns of the event loop."""

from __future__ import annotations

import time

from planetview.gui.turns import Turns


def steps(done, count, seconds=0.0):
    for number in range(count):
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass
        done.append(number)
        yield


def test_little_work_is_done_at_once(qapp, monkeypatch):
    monkeypatch.setattr("planetview.gui.turns._BUDGET_S", 60.0)  # 12 ms pass by themselves on a crowded machine
    done, turns = [], Turns()

    turns.begin(steps(done, 20))

    assert done == list(range(20))
    assert turns.is_done


def test_much_work_lets_the_window_answer_in_between(qtbot):
    done, turns = [], Turns()

    turns.begin(steps(done, 5, seconds=0.02))
    assert done == [0]

    qtbot.waitUntil(lambda: turns.is_done)
    assert done == list(range(5))


def test_new_work_takes_the_place_of_old(qtbot):
    old, new, turns = [], [], Turns()
    turns.begin(steps(old, 5, seconds=0.02))

    turns.begin(steps(new, 2))
    qtbot.waitUntil(lambda: turns.is_done)

    assert old == [0]
    assert new == [0, 1]


def test_stopped_work_stays_undone(qtbot):
    done, turns = [], Turns()
    turns.begin(steps(done, 5, seconds=0.02))

    turns.stop()
    qtbot.waitUntil(lambda: turns.is_done)

    assert done == [0]
    assert turns.is_done
