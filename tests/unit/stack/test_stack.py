from __future__ import annotations

import io
import shlex
import shutil
import socket
import subprocess
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from app.errors import InputError, StackError, StoreDown, UnknownName
from app.stack import (
    BrowserPages,
    Endpoints,
    StackConfig,
    down,
    endpoints,
    env_lines,
    logs,
    neo4j_server,
    ports,
    probe,
    status,
    up,
)
from app.stack.lifecycle import _last_words


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def config(tmp_path: Path) -> StackConfig:
    return StackConfig(tmp_path / "home", tmp_path / "cache")


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO())


class TestPorts:
    def test_the_usual_port_gives_way_where_it_is_taken(self, listener: int) -> None:
        port = ports.choose("MGE_BOLT_PORT", None, None, listener)
        assert port != listener
        assert ports.is_free(port)

    def test_the_port_of_the_last_run_comes_before_the_usual_one(self, listener: int) -> None:
        earlier = ports.choose("MGE_BOLT_PORT", None, None, listener)
        assert ports.choose("MGE_BOLT_PORT", None, earlier, 7687) == earlier

    def test_a_port_that_another_service_of_the_stack_got_is_left_alone(self, listener: int) -> None:
        free = ports.choose("MGE_BOLT_PORT", None, None, listener)
        assert ports.choose("MGE_HTTP_PORT", None, free, free, {free}) != free

    def test_a_port_that_the_user_chose_is_used_or_refused(self, listener: int) -> None:
        with pytest.raises(StackError, match=f"port {listener} is taken") as refused:
            ports.choose("MGE_BOLT_PORT", listener, None, 7687)
        assert "MGE_BOLT_PORT" in refused.value.hint


def test_browser_is_told_what_to_open_with_where_there_is_something(tmp_path: Path) -> None:
    neo4j_server.configure(tmp_path, 1, 2, 512)
    conf = tmp_path / "conf" / "neo4j.conf"
    assert "browser." not in conf.read_text()
    neo4j_server.configure(tmp_path, 1, 2, 512, pages=BrowserPages("http://h:1/guide", "http://h:1/style"))
    lines = conf.read_text().splitlines()
    assert "browser.post_connect_cmd=guide http://h:1/guide;style http://h:1/style" in lines
    assert "browser.remote_content_hostname_whitelist=127.0.0.1,localhost" in lines


class TestPassword:
    def test_it_is_hashed_as_neo4j_admin_does(self) -> None:
        salt = "8add7ebd9e908a09d736e5cc81122043ebf8a7689ee419be2a992b01edcbdda6"
        line = neo4j_server.login_line("abcdefghijkl", bytes.fromhex(salt))
        digest = "c5bb56406cb046055125e19fa6d7e0002ba72922f301d80df5097e4c191825e4"
        assert line == f"neo4j:SHA-256,{digest},{salt},1024:\n"  # by neo4j-admin 5.26.30

    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ("postgresql://me:s3cret@host:5/db?sslmode=require", "postgresql://me@host:5/db?sslmode=require"),
            ("postgresql:///db?host=/run&password=s3cret", "postgresql:///db?host=%2Frun"),
            ("host=here password=s3cret dbname=db", "host=here dbname=db"),
            ("host=here password='s3 cret' dbname=db", "host=here dbname=db"),
        ],
    )
    def test_it_is_taken_out_of_what_is_shown(self, given: str, shown: str) -> None:
        assert probe.without_password(given) == shown

    def test_it_is_not_in_what_a_log_would_print(self, tmp_path: Path) -> None:
        config = StackConfig(
            tmp_path, tmp_path, neo4j_password="s3cret", database_url="postgresql://a:s3cret@b/c"
        )
        found = Endpoints("bolt://h:1", "neo4j", "s3cret", "postgresql://a:s3cret@b/c")
        assert "s3cret" not in f"{config!r} {found!r}"

    def test_env_lines_survive_a_shell(self) -> None:
        found = Endpoints("bolt://h:1", "neo4j", "a'b $c;d", "postgresql://x")
        script = "\n".join([*env_lines(found), 'printf %s "$NEO4J_PASSWORD"'])
        assert subprocess.run(["sh", "-c", script], capture_output=True, text=True).stdout == "a'b $c;d"
        assert shlex.split(env_lines(found)[0]) == ["export", "NEO4J_URI=bolt://h:1"]


class TestOwnStores:
    def test_one_that_does_not_answer_stops_everything_before_it_starts(
        self, config: StackConfig, console: Console, tmp_path: Path
    ) -> None:
        free = ports.choose("", None, None, 1)
        own = StackConfig(tmp_path / "home", tmp_path, neo4j_uri=f"bolt://127.0.0.1:{free}")
        with pytest.raises(StoreDown, match="no Neo4j answers") as refused:
            up(own, console=console)
        assert "NEO4J_URI" in refused.value.hint
        own = StackConfig(
            tmp_path / "home", tmp_path, database_url=f"postgresql://a:s3cret@127.0.0.1:{free}/d"
        )
        with pytest.raises(StoreDown, match="no PostgreSQL answers") as refused:
            up(own, console=console)
        assert "s3cret" not in str(refused.value)
        assert not (tmp_path / "home").exists()

    def test_an_address_that_is_none_is_named(self) -> None:
        with pytest.raises(InputError) as refused:
            probe.bolt("http://localhost:7474")
        assert refused.value.field == "NEO4J_URI"

    def test_a_server_that_speaks_something_else_is_not_neo4j(self, listener: int) -> None:
        free = ports.choose("", None, None, listener)
        assert not probe.bolt(f"bolt://127.0.0.1:{free}")


class TestBeforeTheFirstStart:
    def test_nothing_runs(self, config: StackConfig) -> None:
        assert [each.state for each in status(config)] == ["stopped", "stopped"]
        assert down(config, report=print) == ()
        assert not config.home.exists()
        with pytest.raises(StackError) as refused:
            endpoints(config)
        assert "mge up" in refused.value.hint
        with pytest.raises(UnknownName):
            logs(config, "nonsense")

    def test_a_home_that_cannot_be_written_is_named(self, tmp_path: Path, console: Console) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(StackError, match="cannot write") as refused:
            up(StackConfig(tmp_path / "file" / "home", tmp_path), console=console)
        assert "MGE_HOME" in refused.value.hint

    def test_a_disk_without_room_is_named(
        self, config: StackConfig, console: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 2**20))
        with pytest.raises(StackError, match="1 MB left") as refused:
            up(config, console=console)
        assert "make room" in refused.value.hint

    def test_a_taken_port_that_the_user_chose_stops_it(
        self, config: StackConfig, console: Console, listener: int
    ) -> None:
        chosen = StackConfig(config.home, config.cache, http_port=listener)
        with pytest.raises(StackError, match="is taken"):
            up(chosen, console=console)
        assert [each.state for each in status(chosen)] == ["stopped", "stopped"]


def test_the_last_words_of_a_log_are_those_that_tell_of_an_error(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("INFO a\nERROR No space left on device\nINFO b\n")
    assert _last_words([log, tmp_path / "missing"]) == "ERROR No space left on device"
    log.write_text("INFO a\nINFO b\n")
    assert _last_words([log]) == "INFO a / INFO b"
