"""What a person is told when the window cannot start: a line on stderr, the log, and a dialog where it can be shown."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import traceback

from planetview.core.errors import UserError
from planetview.core.paths import config_dir, log_dir

EXIT_UNEXPECTED = 1
_MOST_CHARACTERS = 300

_log = logging.getLogger(__name__)


def end_failed_start(error: Exception) -> None:
    """Tell why the window could not start, and end the process with status 1.

    It ends at once: threads of a half-built window would keep it, or abort it with a core dump.
    """
    details = "".join(traceback.format_exception(error))
    what = f"PlanetView could not start: {reason_of(error)}"
    with contextlib.suppress(Exception):
        _log.critical("the start failed\n%s", details)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        # Windowed builds have no stderr.
        sys.stderr.write(f"{what} The details are in {log_dir() / 'planetview.log'}.\n")
        sys.stderr.flush()
    with contextlib.suppress(Exception):
        from planetview.gui.dialogs.start_failure import show_start_failure

        show_start_failure(reason_of(error), advice_for(error), details)
    logging.shutdown()
    os._exit(EXIT_UNEXPECTED)


def reason_of(error: Exception) -> str:
    """Return why it failed, in one line that ends in a full stop."""
    if isinstance(error, OSError) and error.strerror:
        place = f" '{error.filename}'" if error.filename else ""
        return f"the system refused{place}: {error.strerror.lower()}."
    first = (str(error).splitlines() or [""])[0][:_MOST_CHARACTERS].rstrip(".: ")
    if isinstance(error, UserError):
        return f"{first}."
    return f"{type(error).__name__}: {first}." if first else f"{type(error).__name__}."


def advice_for(error: Exception) -> str:
    """Return what to do about it."""
    if isinstance(error, UserError) and error.hint:
        return error.hint
    if isinstance(error, ImportError):
        return "A part of PlanetView is missing or damaged: install it again. Your studies are not touched by that."
    if isinstance(error, OSError):
        return "Check the disk and the rights of that place, or set PLANETVIEW_HOME to a folder that you may write to."
    return (
        f"Start again. If it fails again, move the folder '{config_dir()}' aside, which holds the preferences, and run "
        "'planetview doctor', which names what is missing. Your studies are not touched by that."
    )
