"""The process around a command: streams, log, interrupts, and one exit status for each kind of end."""

from __future__ import annotations

import contextlib
import errno
import logging
import logging.handlers
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from types import FrameType

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.errors import UserError

EXIT_UNEXPECTED = 1
EXIT_MACHINE = 4
_REFUSALS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOMEM, errno.EIO, errno.EMFILE}
# What ended the process from outside, for its exit status: 128 and the number of the signal.
_ended_by = signal.SIGINT
_CANCELLING = "Cancelling; finished work is kept: run again to continue. Interrupt once more to kill."

_log = logging.getLogger(__name__)
_shows_tracebacks = False


def guarded(command: Callable[[], object]) -> int:
    """Run a command and return its exit status; whatever it raises becomes words on stderr."""
    global _shows_tracebacks, _ended_by
    _shows_tracebacks, _ended_by = False, signal.SIGINT
    for stream in (sys.stdout, sys.stderr):
        # A name or arrow that the terminal's encoding lacks must not end a run.
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    with _logging():
        status = _status_of(command)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    if any(thread.name == "engine" and thread.is_alive() for thread in threading.enumerate()):
        # The thread of a cancelled job may be deep inside a native call, which would outlive the interpreter.
        sys.stderr.flush()
        os._exit(status)
    return status


def show_tracebacks() -> None:
    """Print the traceback of an unexpected error on stderr too, until the command ends."""
    global _shows_tracebacks
    _shows_tracebacks = True


@contextlib.contextmanager
def interruptible(token: CancelToken) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM cancel `token` and the second end the process at once.

    A batch system's SIGTERM thus leaves time to finish the chunk; the exit status is 130 or 143, as shells count.
    """

    def on_interrupt(number: int, _frame: FrameType | None) -> None:
        global _ended_by
        _ended_by = signal.Signals(number)
        if token.is_cancelled():
            os._exit(128 + number)
        token.cancel()
        # os.write: the interrupted code may hold the lock of the stream.
        with contextlib.suppress(OSError):
            os.write(2, f"\n{_CANCELLING}\n".encode())

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, on_interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def discard_stdout() -> None:
    """Send everything still to be printed nowhere, after stdout was closed by its reader or is full."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _status_of(command: Callable[[], object]) -> int:
    try:
        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else EXIT_UNEXPECTED
    except UserError as error:
        return _say(error)
    except (Cancelled, KeyboardInterrupt):
        return _say(UserError("Cancelled.", "Finished work is kept; run again to continue.", 128 + _ended_by))
    except BrokenPipeError:
        discard_stdout()
    except Exception as error:  # noqa: BLE001 - the last line of defence
        return _say(_words_for(error))
    return 0


def _say(error: UserError) -> int:
    from planetview.terminal import show_error

    with contextlib.suppress(OSError):
        show_error(error)
    return error.exit_code


def _words_for(error: Exception) -> UserError:
    if isinstance(error, OSError) and error.errno in _REFUSALS:
        place = f" '{error.filename}'" if error.filename else ""
        return UserError(f"The system refused{place}: {os.strerror(error.errno or 0).lower()}.", exit_code=EXIT_MACHINE)
    # By name, since torch's own class must not be imported to find out.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "can't allocate" in str(error):
        hint = "Close other programs, lower --memory, or use fewer images."
        return UserError("There is not enough memory.", hint, EXIT_MACHINE)
    _log.critical("unexpected error", exc_info=error)
    if _shows_tracebacks:
        traceback.print_exception(error)
    first = (str(error).splitlines() or [""])[0][:300]
    return UserError(
        f"Unexpected {type(error).__name__}: {first}".rstrip(": ") + ".",
        f"The details are in {_log_file()}.",
        EXIT_UNEXPECTED,
    )


def _log_file() -> str:
    from planetview.core.paths import log_dir

    return str(log_dir() / "planetview.log")


class _QuietFile(logging.handlers.RotatingFileHandler):
    """A log file that makes its folder when the first record comes, and gives up silently."""

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(self.baseFilename), exist_ok=True)  # noqa: PTH103, PTH120
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        pass


@contextlib.contextmanager
def _logging() -> Iterator[None]:
    """Send what libraries say and warn to the log file, so that the terminal holds only our words."""
    handler = _QuietFile(_log_file(), maxBytes=1_000_000, backupCount=2, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.WARNING)
    root = logging.getLogger()
    root.addHandler(handler)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.removeHandler(handler)
        handler.close()
