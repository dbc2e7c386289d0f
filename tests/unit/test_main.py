"""The last line before the user."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.__main__ import main
from app.cli import command

_ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = """
import asyncio, atexit, os, signal, sys, time
from types import SimpleNamespace
import typer
from app.__main__ import main
from app.cli.running import run
from app.errors import MgeError

def interrupt(*_):
    os.kill(os.getpid(), signal.SIGINT)

class Last:
    def __init__(self):
        self.end = interrupt
    def __del__(self):
        self.end()

async def fails_when_cancelled():
    interrupt()
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise MgeError("a child process ended", hint="")

def app(*, standalone_mode):
    {body}

sys.modules["app.cli.command"] = SimpleNamespace(app=app)
main()
"""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The test run heeds Ctrl-C as it did."""
    handler, hook = signal.getsignal(signal.SIGINT), sys.unraisablehook
    yield
    signal.signal(signal.SIGINT, handler)
    sys.unraisablehook = hook


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("interrupt(); time.sleep(60)", 130),
        # Python remembers an interrupted exec of text, and kills itself with SIGINT in the end.
        ("exec('interrupt()\\nwhile True: pass')", 130),
        ("last = Last(); del last", 130),
        ("run(fails_when_cancelled)", 130),
        ("atexit.register(interrupt)", 130),
        ("Last.kept = Last(); Last.kept.itself = Last.kept", 0),
        ("raise typer.Abort()", 130),
    ],
)
def test_ctrl_c_ends_the_command_with_130_at_any_moment(body: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(_PROGRAM.replace("{body}", body))
    ended = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        timeout=30,
        preexec_fn=_heed_ctrl_c,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    assert ended.returncode == code, ended.stderr


def _heed_ctrl_c() -> None:
    """A parent that runs in the background may have handed down that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def fails(error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    def app(*, standalone_mode: bool) -> None:
        raise error

    monkeypatch.setattr(command, "app", app)
    monkeypatch.setattr(sys, "argv", ["mge", "plans"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    return capsys.readouterr().err


def test_an_error_that_nobody_foresaw_is_named_and_its_trace_is_in_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said = fails(KeyError("atom"), monkeypatch, capsys)
    assert "KeyError: 'atom'" in said
    assert "Traceback" not in said
    (report,) = tmp_path.iterdir()
    assert str(report) in said.replace("\n", "")
    assert "Traceback" in report.read_text()


def test_a_file_that_cannot_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = fails(OSError(28, "No space left on device", "/out/a.py"), monkeypatch, capsys)
    assert "No space left on device: '/out/a.py'" in said
    assert "hint" in said
