"""Fetching from a server on this machine: resumed, bounded, refused when it is not the published file."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.catalogue import WeightSource
from planetview.core.errors import UserError
from planetview.core.messages import ModelsAction, ModelsRequest
from planetview.engine.engine import TorchEngine
from planetview.engine.weights import fetching, weight_state
from planetview.engine.weights.care import look_after
from planetview.engine.weights.fetching import NotThere, Patience, fetch_file
from tests.engine.weight_files import publish, seeded
from tests.patience import SOON_S

SQUEEZE = "torchvision-squeezenet1-1"
CONTENT = bytes(range(256)) * 1200
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Site:
    """What the server does; `asked` lists the Range header of each request."""

    url: str = ""
    content: bytes = CONTENT
    status: int = 200
    honours_range: bool = True
    tag: str = '"v1"'
    cuts: list[int] = field(default_factory=list)
    says_length: bool = True
    location: str = ""
    waits: threading.Event | None = None
    asked: list[str | None] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site = self.site
        wanted = self.headers.get("Range")
        site.asked.append(wanted)
        if site.location and self.path != "/moved":
            self.send_response(302)
            self.send_header("Location", site.location)
            self.end_headers()
            return
        body, status = site.content, site.status
        same = self.headers.get("If-Range") in {None, site.tag}
        if status == 200 and wanted and site.honours_range and same:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted).group(1))  # type: ignore[union-attr]
            if start >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.end_headers()
                return
            status = 206
            self.send_response(status)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            body = body[start:]
        else:
            self.send_response(status)
        if site.says_length:
            self.send_header("Content-Length", str(len(body)))
        if site.tag:
            self.send_header("ETag", site.tag)
        self.end_headers()
        if site.cuts:
            body = body[: site.cuts.pop(0)]
        self.wfile.write(body[:1000])
        if site.waits is not None:
            site.waits.wait(20)
        self.wfile.write(body[1000:])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    state = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": state}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/file.pth"
    yield state
    if state.waits is not None:
        state.waits.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def published(site: Site, **change: Any) -> WeightSource:
    return replace(WeightSource("torch", ("file.pth",), url=site.url, sha256=SHA256), **change)


def get(
    source: WeightSource,
    folder: Path,
    report: Callable[[int, int, float | None], None] = lambda done, total, rate: None,
    check: Callable[[], None] = lambda: None,
    patience: Patience | None = None,
) -> Path:
    return fetch_file(source, folder, report, check, patience=patience or Patience(stall=5), schemes=("http",))


def test_a_file_arrives_whole_with_its_progress(site: Site, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = get(published(site), tmp_path / "new", lambda done, total, rate: seen.append((done, total)))
    assert path == tmp_path / "new" / "file.pth"
    assert path.read_bytes() == CONTENT
    assert [item.name for item in path.parent.iterdir()] == ["file.pth"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)


def test_a_cut_connection_is_taken_up_where_it_broke(site: Site, tmp_path: Path) -> None:
    site.cuts = [100_000, 50_000]
    assert get(published(site), tmp_path).read_bytes() == CONTENT
    assert site.asked == [None, "bytes=100000-", "bytes=150000-"]


def test_a_fetch_that_was_interrupted_goes_on_later(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.pth.part").write_bytes(CONTENT[:200_000])
    assert get(published(site), tmp_path).read_bytes() == CONTENT
    assert site.asked == ["bytes=200000-"]


def test_a_whole_part_needs_no_more_than_the_check(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.pth.part").write_bytes(CONTENT)
    assert get(published(site), tmp_path).read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.pth.part").write_bytes(CONTENT + b"x")
    assert get(published(site), tmp_path).read_bytes() == CONTENT
    assert site.asked == [f"bytes={len(CONTENT) + 1}-", None]


def test_a_server_that_knows_no_parts_sends_everything_again(site: Site, tmp_path: Path) -> None:
    site.honours_range = False
    (tmp_path / "file.pth.part").write_bytes(b"other" * 1000)
    assert get(published(site), tmp_path).read_bytes() == CONTENT


def test_parts_of_two_versions_are_never_joined(site: Site, tmp_path: Path) -> None:
    """No digest is published here: only the server's own mark tells that the file changed."""
    source = published(site, sha256="")
    (tmp_path / "file.pth.part").write_bytes(b"o" * 5000)
    (tmp_path / "file.pth.part.mark").write_text('"v0"')
    assert get(source, tmp_path).read_bytes() == CONTENT
    (tmp_path / "file.pth.part").write_bytes(b"o" * 5000)
    assert get(source, tmp_path).read_bytes() == CONTENT
    assert site.asked == ["bytes=5000-", None]


def test_another_file_than_the_published_one_is_deleted(site: Site, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="SHA-256 differs"):
        get(published(site, sha256="0" * 64), tmp_path)
    with pytest.raises(UserError, match="SHA-256 differs"):
        get(published(site, sha256="", sha256_prefix="00000000"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_another_size_than_the_published_one_is_not_fetched(site: Site, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not the published size"):
        get(published(site, size_bytes=5), tmp_path)
    assert not (tmp_path / "file.pth.part").exists()


def test_a_server_that_does_not_tell_the_length_is_bounded_by_the_digest(site: Site, tmp_path: Path) -> None:
    site.says_length = False
    assert get(published(site), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(("status", "kind"), [(404, NotThere), (403, NotThere), (500, UserError), (429, UserError)])
def test_a_refusal_of_the_server_is_said(site: Site, tmp_path: Path, status: int, kind: type[UserError]) -> None:
    site.status = status
    with pytest.raises(kind, match=str(status)):
        get(published(site), tmp_path)


def test_a_silent_server_is_given_up(site: Site, tmp_path: Path) -> None:
    site.waits = threading.Event()
    with pytest.raises(UserError, match="no answer") as caught:
        get(published(site), tmp_path, patience=Patience(stall=0.1))
    assert "goes on where it stopped" in caught.value.hint
    assert caught.value.exit_code == 4


def test_a_fetch_that_takes_too_long_is_given_up_and_kept(site: Site, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did not arrive in time"):
        get(published(site), tmp_path, patience=Patience(stall=5, total=0.0))
    assert (tmp_path / "file.pth.part").exists()


def test_without_a_network_one_line_says_so(tmp_path: Path) -> None:
    source = WeightSource("torch", ("file.pth",), url="http://127.0.0.1:9/file.pth")
    with pytest.raises(UserError, match=r"No connection to 127\.0\.0\.1") as caught:
        get(source, tmp_path)
    assert "\n" not in caught.value.message
    assert "docs/weights.md" in caught.value.hint


def test_redirections_are_followed_but_not_to_an_insecure_address(site: Site, tmp_path: Path) -> None:
    site.location = site.url.replace("file.pth", "moved")
    assert get(published(site), tmp_path).read_bytes() == CONTENT
    site.location = "file:///etc/hostname"
    with pytest.raises(UserError):
        get(published(site), tmp_path / "b")
    with pytest.raises(UserError, match="not secure"):
        fetch_file(published(site), tmp_path, lambda *_: None, lambda: None)
    assert len(site.asked) == 3


def test_cancelling_keeps_what_came(site: Site, tmp_path: Path) -> None:
    token = CancelToken()

    def cancel(done: int, total: int, rate: float | None) -> None:
        token.cancel()

    with pytest.raises(Cancelled):
        get(published(site), tmp_path, cancel, token.check)
    assert 0 < (tmp_path / "file.pth.part").stat().st_size < len(CONTENT)


def test_a_full_disk_is_said(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(UserError, match="no space left") as caught:
        get(published(site), tmp_path)
    assert caught.value.exit_code == 4
    assert isinstance(caught.value.__cause__ or OSError(errno.ENOSPC, ""), OSError)


def test_fetching_through_the_engine_ends_with_usable_weights(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planetview.engine.weights import (
        care,  # noqa: F401 - loaded before its parts are exchanged
        fetching,
    )

    file = tmp_path / "squeeze.pth"
    torch.save(seeded("squeezenet"), file)
    site.content = file.read_bytes()
    monkeypatch.setattr(fetching, "SCHEMES", ("http",))
    publish(monkeypatch, SQUEEZE, url=site.url, sha256=hashlib.sha256(site.content).hexdigest())
    messages: list[Any] = []
    result = look_after(ModelsRequest(ModelsAction.FETCH, (SQUEEZE,)), messages.append, lambda: None)
    assert result.outcomes[0].accepted, result.outcomes
    assert weight_state(SQUEEZE).note == ""
    assert messages[-1].fraction == pytest.approx(1.0)
    assert messages[-1].unit == "MiB"
    again = look_after(ModelsRequest(ModelsAction.FETCH, (SQUEEZE,)), messages.append, lambda: None)
    assert "already" in again.outcomes[0].message
    assert len(site.asked) == 1


def test_a_cancelled_fetch_ends_at_once_though_the_server_is_silent(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.waits = threading.Event()
    monkeypatch.setattr(fetching, "SCHEMES", ("http",))
    publish(monkeypatch, SQUEEZE, url=site.url, sha256=SHA256)
    token = CancelToken()
    began = 0.0
    with pytest.raises(Cancelled):
        for _ in TorchEngine().run(ModelsRequest(ModelsAction.FETCH, (SQUEEZE,)), token):
            token.cancel()
            began = time.perf_counter()
    assert began
    assert time.perf_counter() - began < SOON_S


def test_nothing_is_fetched_without_a_name() -> None:
    with pytest.raises(UserError, match="Name what to fetch"):
        look_after(ModelsRequest(ModelsAction.FETCH), lambda message: None, lambda: None)
