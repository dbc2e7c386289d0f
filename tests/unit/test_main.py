"""The last line before the user."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.__main__ import main
from app.cli import command


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
