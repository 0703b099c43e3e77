"""One running program per person: a second start hands its files to the first and ends."""

from __future__ import annotations

import getpass
import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from planetview.core.paths import config_dir

_CONNECT_MS = 1000
# The running program may be in the middle of something; longer than this, it hangs.
_ANSWER_MS = 8000
_MOST_BYTES = 1_000_000
_ACCEPTED = b"ok\n"

_log = logging.getLogger(__name__)


def server_name() -> str:
    """Return the name that the running program listens on: one per person and folder of preferences."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = ""
    digest = hashlib.sha256(f"{user}\n{config_dir()}".encode()).hexdigest()[:16]
    return f"planetview-{digest}"


def hand_over(paths: Sequence[Path], *, demo: bool = False, name: str = "") -> bool:
    """Give the files to the program that runs already; return whether there is one that took them."""
    socket = QLocalSocket()
    socket.connectToServer(name or server_name())
    if not socket.waitForConnected(_CONNECT_MS):
        return False
    message = {"paths": [str(path.absolute()) for path in paths], "demo": demo}
    socket.write(json.dumps(message).encode() + b"\n")
    # An answer, not the connection alone: a program that hangs must not swallow the file.
    socket.flush()
    took = _read_line(socket) == _ACCEPTED
    socket.abort()
    return took


class Instance(QObject):
    """Listens for later starts of the program by the same person."""

    asked = Signal(object, bool)  # tuple[Path, ...], whether the demo is wanted

    def __init__(self, parent: QObject | None = None, name: str = "") -> None:
        super().__init__(parent)
        self._name = name or server_name()
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connected)

    def listen(self) -> bool:
        """Begin to listen; return whether that works. A socket that a crash left behind is replaced."""
        if self._server.listen(self._name):
            return True
        # Only after nobody answered: `hand_over` came first.
        QLocalServer.removeServer(self._name)
        is_listening = self._server.listen(self._name)
        if not is_listening:
            _log.info("cannot listen for later starts: %s", self._server.errorString())
        return is_listening

    def close(self) -> None:
        """Listen no more."""
        self._server.close()

    def _on_connected(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.readyRead.connect(lambda socket=socket: self._on_ready(socket))
            # What came before we listened to it makes no signal.
            self._on_ready(socket)

    def _on_ready(self, socket: QLocalSocket) -> None:
        if socket.bytesAvailable() > _MOST_BYTES:
            socket.abort()
        while socket.canReadLine():
            request = _request_in(bytes(socket.readLine().data()))
            if request is not None:
                socket.write(_ACCEPTED)
                socket.flush()
                self.asked.emit(*request)


def _read_line(socket: QLocalSocket) -> bytes:
    while not socket.canReadLine():
        if not socket.waitForReadyRead(_ANSWER_MS):
            return b""
    return bytes(socket.readLine().data())


def _request_in(line: bytes) -> tuple[tuple[Path, ...], bool] | None:
    try:
        document = json.loads(line)
        texts = document["paths"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return None
    return tuple(Path(text) for text in texts), document.get("demo") is True
