"""Fetching against a local repository that misbehaves."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from app.errors import ArtifactRefused, StackError
from app.stack import artifacts
from app.stack.artifacts import Artifact, fetch, locked

CONTENT = b"jar" * 50_000
JAR = Artifact("org.example:thing:1.0:linux-x86_64", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
PATH = "/org/example/thing/1.0/thing-1.0-linux-x86_64.jar"


@dataclass
class Repository:
    """``answers`` are what each request gets in turn (the last one for ever): a body, cut or not, or a status."""

    url: str = ""
    answers: list[bytes | int] = field(default_factory=lambda: [CONTENT])
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def repository() -> Iterator[Repository]:
    state = Repository()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = state.answers[min(len(state.requests), len(state.answers) - 1)]
            state.requests.append(self.path)
            if isinstance(answer, int):
                self.send_error(answer)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "_PAUSE", 0.0)


def get(repository: Repository, folder: Path) -> Path:
    (path,) = fetch([JAR], folder, Console(file=io.StringIO()), [repository.url])
    return path


def test_a_missing_jar_is_fetched_once(repository: Repository, tmp_path: Path) -> None:
    assert get(repository, tmp_path).read_bytes() == CONTENT
    assert get(repository, tmp_path).name == "thing-1.0-linux-x86_64.jar"
    assert repository.requests == [PATH]


def test_a_changed_jar_in_the_cache_is_fetched_again(repository: Repository, tmp_path: Path) -> None:
    before = get(repository, tmp_path).stat().st_mtime
    (tmp_path / JAR.file_name).write_bytes(b"x" * JAR.size)
    again = get(repository, tmp_path)
    assert again.read_bytes() == CONTENT
    assert again.stat().st_mtime == before


def test_another_content_is_refused_and_not_kept(repository: Repository, tmp_path: Path) -> None:
    repository.answers = [b"x" * JAR.size]
    with pytest.raises(ArtifactRefused, match="SHA-256"):
        get(repository, tmp_path)
    assert list(tmp_path.glob("thing*")) == []


def test_a_cut_connection_is_tried_again(repository: Repository, tmp_path: Path) -> None:
    repository.answers = [CONTENT[:1000], 503, CONTENT]
    assert get(repository, tmp_path).read_bytes() == CONTENT
    assert len(repository.requests) == 3


def test_what_an_interrupted_fetch_left_is_removed(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "thing-1.0.jar.abc.part").write_bytes(CONTENT[:10])
    get(repository, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {JAR.file_name, ".lock"}


def test_a_repository_without_the_jar_is_named(repository: Repository, tmp_path: Path) -> None:
    repository.answers = [404]
    with pytest.raises(StackError, match="answers 404") as refused:
        get(repository, tmp_path)
    assert "run the command again" in refused.value.hint


def test_a_cache_that_cannot_be_written_says_so(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match="cannot write to the cache") as refused:
        get(repository, tmp_path / "file" / "cache")
    assert "MGE_CACHE" in refused.value.hint


def test_two_fetches_at_once_fetch_once(repository: Repository, tmp_path: Path) -> None:
    threads = [threading.Thread(target=get, args=(repository, tmp_path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert repository.requests == [PATH]


def test_the_lock_file_names_every_jar_once_with_its_digest() -> None:
    jars = locked()
    assert len({jar.file_name for jar in jars}) == len(jars) > 200
    assert all(len(bytes.fromhex(jar.sha256)) == 32 and jar.size > 0 for jar in jars)
    assert {"org.neo4j:neo4j:5.26.30", "org.neo4j.client:neo4j-browser:5.24.0"} < {
        jar.coordinate for jar in jars
    }
