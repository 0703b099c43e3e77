"""An inert reader of pickle streams: it shows what a file would do, and does none of it."""

from planetview.engine.pickle_machine.machine import DEFAULT_LIMITS, Allowed, Limits, never_cancelled, run_pickle
from planetview.engine.pickle_machine.values import Call, Name, UnsafeFile, damaged, refused_name

__all__ = [
    "DEFAULT_LIMITS",
    "Allowed",
    "Call",
    "Limits",
    "Name",
    "UnsafeFile",
    "damaged",
    "never_cancelled",
    "refused_name",
    "run_pickle",
]
