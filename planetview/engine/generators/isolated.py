"""Reads a network file in a process of its own, with bounds on its time and memory.

What comes back is JSON over a pipe and tensors in a temporary safetensors file: nothing that the reading process
could use to make this one run code.
"""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing
import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from planetview.core.cancel import work_seconds
from planetview.core.errors import UserError
from planetview.engine.generators.modules import Module
from planetview.engine.generators.network_file import NetworkFile, read_network_file
from planetview.engine.pickle_machine import UnsafeFile, never_cancelled

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.05
_TENSORS = "tensors.safetensors"
# The file itself, its text and bytes at old protocols, the tensors, and their copy on the way to the disk.
_FILES_IN_MEMORY = 6


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the reading process may take. seconds: by the clock. spare_bytes: address space beyond six times the file.

    The bound on memory holds on Linux only; elsewhere the limits inside the reader have to do.
    """

    seconds: float = 120.0
    spare_bytes: int = 2**30


def read_isolated(path: Path, check: Callable[[], None] = never_cancelled, bounds: Bounds | None = None) -> NetworkFile:
    """Return what `read_network_file` returns, read by a process that is gone afterwards.

    check: called twenty times a second; what it raises ends the process at once and is raised here.
    Raises what `read_network_file` raises, and UserError when the bounds are passed or the process dies.
    """
    bounds = bounds or Bounds()
    with tempfile.TemporaryDirectory(prefix="planetview-network-") as folder:
        with _reader(path, Path(folder), bounds) as (process, connection):
            answer = _answer(process, connection, check, work_seconds() + bounds.seconds)
        if "network" not in answer:
            raise _error_from(answer)
        try:
            return _network_from(answer["network"], path, Path(folder) / _TENSORS)
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise UserError(f"'{path.name}' could not be taken over from its reader.") from error


@contextlib.contextmanager
def _reader(path: Path, folder: Path, bounds: Bounds) -> Iterator[tuple[SpawnProcess, Connection]]:
    """Start the reading process; it is dead when the block is left."""
    context = multiprocessing.get_context("spawn")
    connection, theirs = context.Pipe()
    process = context.Process(
        target=_serve, args=(theirs, os.fspath(path), os.fspath(folder), bounds.spare_bytes), name="planetview-reader"
    )
    try:
        with children_allowed():
            process.start()
        theirs.close()
        yield process, connection
    finally:
        if process.pid is not None:
            process.kill()
            process.join()
        connection.close()


@contextlib.contextmanager
def children_allowed() -> Iterator[None]:
    """Let the engine's own process start the reader: as a daemon it may not, because daemons leave orphans.

    The reader ends by itself as soon as its pipe closes.
    """
    current = multiprocessing.current_process()
    was_daemon = current.daemon
    if was_daemon:
        current.daemon = False
    try:
        yield
    finally:
        if was_daemon:
            current.daemon = True


def _answer(
    process: SpawnProcess, connection: Connection, check: Callable[[], None], deadline: float
) -> dict[str, Any]:
    while True:
        check()
        try:
            if connection.poll(_POLL_SECONDS):
                answer = json.loads(connection.recv_bytes())
                if isinstance(answer, dict):
                    return answer
                raise ValueError
        except (EOFError, OSError, ValueError) as error:
            process.join(1.0)
            raise UserError(
                f"The process that read the file ended unexpectedly (code {process.exitcode}).",
                "The file may need more memory than this computer has, or may be made to crash its readers.",
            ) from error
        if work_seconds() > deadline:
            raise UserError("Reading the file took too long and was ended.", "Copy it to a local disk and try again.")


def _error_from(answer: dict[str, Any]) -> UserError:
    kind, message, hint = (str(answer.get(key, "")) for key in ("error", "message", "hint"))
    if kind == "crash":
        _log.error("the reader of network files failed:\n%s", message)
        return UserError("This file could not be read; the log says where the reading failed.")
    return UnsafeFile(message, hint) if kind == "unsafe" else UserError(message, hint)


# The reading process.


def _serve(connection: Connection, path: str, folder: str, spare_bytes: int) -> None:
    """Read `path`, leave its tensors in `folder`, and tell the outcome."""
    # Loaded before memory is bounded: what a library maps does not depend on the file.
    import safetensors.numpy  # noqa: F401

    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    try:
        _bound_memory(Path(path), spare_bytes)
        answer: dict[str, Any] = {"network": _hand_over(read_network_file(Path(path)), Path(folder) / _TENSORS)}
    except UnsafeFile as error:
        answer = {"error": "unsafe", "message": error.message, "hint": error.hint}
    except UserError as error:
        answer = {"error": "user", "message": error.message, "hint": error.hint}
    except MemoryError:
        answer = {"error": "unsafe", "message": "The file asks for more memory than its size explains."}
    except Exception:  # noqa: BLE001 - the reason must reach the log of the process that asked
        answer = {"error": "crash", "message": traceback.format_exc()}
    connection.send_bytes(json.dumps(answer).encode())


def _end_with(connection: Connection) -> None:
    """Do not outlive the process that asked; nobody would kill this one then."""
    with contextlib.suppress(EOFError, OSError):
        connection.recv_bytes()
    os._exit(1)


def _bound_memory(path: Path, spare_bytes: int) -> None:
    if sys.platform != "linux":
        return
    import resource

    try:
        size = path.stat().st_size
    except OSError:
        return
    now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    bound = now + _FILES_IN_MEMORY * size + spare_bytes
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or bound < hard:
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _hand_over(network: NetworkFile, tensors_path: Path) -> dict[str, Any]:
    """Write the tensors and return the rest as JSON values."""
    from safetensors.numpy import save_file

    tensors: dict[str, NDArray[Any]] = {}
    root = _as_json(network.generator, tensors)
    save_file(tensors, tensors_path)
    return {
        "sha256": network.sha256,
        "bytes": network.bytes,
        "source": network.source,
        "source_digests": network.source_digests,
        "warnings": network.warnings,
        "generator": root,
    }


def _as_json(module: Module, tensors: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """Describe `module`, its tensors by the numbers under which they are put into `tensors`."""
    sections: dict[str, dict[str, str]] = {}
    for section, arrays in (("parameters", module.parameters), ("buffers", module.buffers)):
        sections[section] = {}
        for name, array in arrays.items():
            sections[section][name] = str(len(tensors))
            tensors[str(len(tensors))] = array
    return {
        "name": module.name,
        "kind": module.kind,
        "attributes": dict(module.attributes),
        **sections,
        "children": [_as_json(child, tensors) for child in module.children.values()],
    }


def _network_from(told: dict[str, Any], path: Path, tensors_path: Path) -> NetworkFile:
    from safetensors.numpy import load_file

    tensors = load_file(tensors_path)
    return NetworkFile(
        path,
        str(told["sha256"]),
        int(told["bytes"]),
        str(told["source"]),
        tuple(map(str, told["source_digests"])),
        tuple(map(str, told["warnings"])),
        _module_from(told["generator"], tensors),
    )


def _module_from(told: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> Module:
    children = [_module_from(child, tensors) for child in told["children"]]
    return Module(
        told["name"],
        told["kind"],
        told["attributes"],
        {name: tensors[key] for name, key in told["parameters"].items()},
        {name: tensors[key] for name, key in told["buffers"].items()},
        {child.name: child for child in children},
    )
