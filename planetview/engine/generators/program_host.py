"""The process that holds a TorchScript or torch.export program: loads it, runs it, answers with bytes."""

from __future__ import annotations

import hashlib
import io
import os
import queue
import threading
import traceback
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from planetview.engine.generators.frames import pack, unpack

_Functions = dict[str, tuple[Callable[..., Any], list[list[int | None]]]]


class _Refused(Exception):
    """A reason for people."""


def serve_program(connection: Connection, path: str, sha256: str, format: str, threads: int) -> None:
    """Load the program at `path`, tell its parts, and run them until the pipe closes."""
    warnings.simplefilter("ignore")
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, requests), daemon=True).start()
    try:
        import torch

        torch.set_num_threads(threads)
        data = Path(path).read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise _Refused("The file has changed since it was looked at. Open it again.")
        functions = _torchscript(data) if format == "torchscript" else _exported_program(data)
        connection.send_bytes(pack({"parts": {name: shapes for name, (_, shapes) in functions.items()}}))
    except Exception as error:  # noqa: BLE001 - a program may raise anything; the reason goes to who asked
        connection.send_bytes(_failure("could not be loaded", error))
        return
    while True:
        connection.send_bytes(_run(functions, requests.get()))


def _listen(connection: Connection, requests: queue.SimpleQueue[bytes]) -> None:
    """Pass requests on; end the process when there is nobody left to ask, whatever the program is doing."""
    try:
        while True:
            requests.put(connection.recv_bytes())
    except (EOFError, OSError):
        os._exit(1)


def _run(functions: _Functions, request: bytes) -> bytes:
    import torch

    try:
        header, arrays = unpack(request)
        function, _ = functions[header["part"]]
        with torch.inference_mode():
            result = function(*(torch.from_numpy(array.copy()) for array in arrays))
        if isinstance(result, (tuple, list)) and len(result) == 1:
            result = result[0]
        if not isinstance(result, torch.Tensor):
            raise _Refused(f"The program gave a {type(result).__name__} instead of an array.")
        result = result.detach().cpu()
        # numpy has no bfloat16; what it rounded stays rounded.
        return pack({}, [(result.float() if result.dtype == torch.bfloat16 else result).numpy()])
    except Exception as error:  # noqa: BLE001 - a program may raise anything; the reason goes to who asked
        return _failure("failed", error)


def _failure(what: str, error: Exception) -> bytes:
    if isinstance(error, _Refused):
        return pack({"error": str(error)})
    line = (str(error).strip().splitlines() or [""])[-1][:300]
    return pack({"error": f"The program {what}: {type(error).__name__}: {line}", "details": traceback.format_exc()})


def _torchscript(data: bytes) -> _Functions:
    """Return `forward` as "full", and `mapping` and `synthesis` where the program has both as methods."""
    import torch

    program = torch.jit.load(io.BytesIO(data), map_location="cpu").eval()  # type: ignore[no-untyped-call]
    names = set(program._c._method_names())
    functions: _Functions = {}
    for part, method in (("full", "forward"), ("mapping", "mapping"), ("synthesis", "synthesis")):
        if method not in names or (part != "full" and not {"mapping", "synthesis"} <= names):
            continue
        needed = [a for a in program._c._get_method(method).schema.arguments[1:] if not a.has_default_value()]
        functions[part] = (getattr(program, method), [[] for _ in needed])
    if not functions:
        raise _Refused("The program has no method 'forward'.")
    return functions


def _exported_program(data: bytes) -> _Functions:
    """Return the program as "full", with the shapes it was exported for."""
    import torch

    program = torch.export.load(io.BytesIO(data))
    wanted = set(program.graph_signature.user_inputs)
    shapes: list[list[int | None]] = []
    for node in program.graph.nodes:
        if node.op == "placeholder" and node.name in wanted:
            shapes.append([side if isinstance(side, int) else None for side in node.meta["val"].shape])
    return {"full": (program.module(), shapes)}
