"""Which images are chosen: one state that every view of a study shares."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]

ImageRef = tuple[str, int]
"""A dataset name and the position of an image in that dataset."""


@dataclass(frozen=True, slots=True)
class SelectionChange:
    """What changed, and who changed it, so that a view can skip its own doing.

    kind: "current" (the one image in focus), "selected" (the masks) or "reset" (other datasets; nothing is chosen).
    """

    kind: Literal["current", "selected", "reset"]
    origin: object = None


Callback = Callable[[SelectionChange], object]


class SelectionState:
    """The current image and the selected images of every dataset.

    Callbacks run in the thread of the caller, after the state has changed, in order of subscription.
    """

    def __init__(self, sizes: Mapping[str, int] | None = None) -> None:
        self._current: ImageRef | None = None
        self._masks: dict[str, Mask] = {}
        self._subscribers: dict[int, Callable[[], Callback | None]] = {}
        self._next_key = 0
        self._fill(sizes or {})

    @property
    def current(self) -> ImageRef | None:
        """The image in focus, or None."""
        return self._current

    @property
    def sizes(self) -> dict[str, int]:
        """Dataset name -> images, as of the last reset."""
        return {name: mask.size for name, mask in self._masks.items()}

    def selected(self, dataset: str) -> Mask:
        """Return the selection of one dataset, a read-only mask of shape (n,); KeyError for an unknown name."""
        return self._masks[dataset]

    def counts(self) -> dict[str, int]:
        """Return dataset name -> selected images, for every dataset."""
        return {name: int(mask.sum()) for name, mask in self._masks.items()}

    def set_current(self, ref: ImageRef | None, origin: object = None) -> None:
        """Put one image in focus, or none. KeyError or IndexError for an image that does not exist."""
        if ref is not None:
            size = self._masks[ref[0]].size
            if not 0 <= ref[1] < size:
                raise IndexError(f"'{ref[0]}' has {size} images, not an image {ref[1]}")
        if ref != self._current:
            self._current = ref
            self._tell(SelectionChange("current", origin))

    def select(self, dataset: str, mask: npt.ArrayLike, origin: object = None, *, extend: bool = False) -> None:
        """Select the images where `mask`, shape (n,), is true; as `select_many` with one dataset."""
        self.select_many({dataset: mask}, origin, extend=extend)

    def select_many(self, masks: Mapping[str, npt.ArrayLike], origin: object = None, *, extend: bool = False) -> None:
        """Select images of several datasets in one change.

        The selection of every dataset is replaced; with `extend` the images join it.
        KeyError for an unknown dataset, ValueError for a mask of another length; the state then stays.
        """
        chosen = {name: self._checked(name, mask) for name, mask in masks.items()}
        before = self._masks
        after = dict(before) if extend else {name: _blank(mask.size) for name, mask in before.items()}
        for name, mask in chosen.items():
            after[name] = _sealed(after[name] | mask)
        if any(not np.array_equal(after[name], before[name]) for name in before):
            self._masks = after
            self._tell(SelectionChange("selected", origin))

    def clear(self, origin: object = None) -> None:
        """Select nothing; the current image stays."""
        self.select_many({}, origin)

    def reset(self, sizes: Mapping[str, int]) -> None:
        """Start over with these datasets (name -> images); nothing is chosen."""
        self._current = None
        self._fill(sizes)
        self._tell(SelectionChange("reset"))

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call `callback` after every change; returns what ends that.

        A bound method is held weakly: it falls out when its object dies. Any other callable is kept alive.
        """
        key, self._next_key = self._next_key, self._next_key + 1
        holder: Callable[[], Callback | None]
        if hasattr(callback, "__self__") and hasattr(callback, "__func__"):
            holder = weakref.WeakMethod(callback)
        else:

            def holder() -> Callback:
                return callback

        self._subscribers[key] = holder

        def unsubscribe() -> None:
            self._subscribers.pop(key, None)

        return unsubscribe

    def _fill(self, sizes: Mapping[str, int]) -> None:
        self._masks = {name: _blank(size) for name, size in sizes.items()}

    def _checked(self, dataset: str, mask: npt.ArrayLike) -> Mask:
        size = self._masks[dataset].size
        array = np.asarray(mask)
        if array.dtype != np.bool_ or array.shape != (size,):
            raise ValueError(f"'{dataset}' needs a mask of {size} truth values, got {array.dtype} {array.shape}")
        return array

    def _tell(self, change: SelectionChange) -> None:
        for key, holder in list(self._subscribers.items()):
            if key not in self._subscribers:
                continue
            callback = holder()
            if callback is None:
                del self._subscribers[key]
            else:
                callback(change)


def _blank(size: int) -> Mask:
    return _sealed(np.zeros(size, dtype=np.bool_))


def _sealed(mask: Mask) -> Mask:
    mask.flags.writeable = False
    return mask
