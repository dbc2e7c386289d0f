from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ValidationError

from app.__main__ import main
from app.cli.environment import settings_error
from app.settings import Settings


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The test run heeds Ctrl-C as it did."""
    handler, hook = signal.getsignal(signal.SIGINT), sys.unraisablehook
    yield
    signal.signal(signal.SIGINT, handler)
    sys.unraisablehook = hook


def test_every_setting_that_is_wrong_is_named_with_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V2_ROLLOUT_PERCENT", "101")
    monkeypatch.setenv("DEVMATRIX_MODE", "v3")
    with pytest.raises(ValidationError) as refused:
        Settings()
    error = settings_error(refused.value)
    assert error is not None
    assert "V2_ROLLOUT_PERCENT=101: Input should be less than or equal to 100" in str(error)
    assert "DEVMATRIX_MODE=v3: Input should be 'mvp', 'v2_atoms' or 'hybrid'" in str(error)
    assert "V2_ROLLOUT_PERCENT" in error.hint


def test_what_another_model_refused_is_not_the_environments() -> None:
    class Other(BaseModel):
        number: int

    with pytest.raises(ValidationError) as refused:
        Other.model_validate({"number": "x"})
    assert settings_error(refused.value) is None
    assert settings_error(ValueError("x")) is None


@pytest.mark.parametrize("command", [["status"], ["mode", "show"], ["serve"], ["worker"]])
def test_a_command_ends_with_2_where_the_environment_is_wrong(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("V2_VALIDATION_STRICTNESS", "harsh")
    monkeypatch.setattr("sys.argv", ["mge", *command])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "V2_VALIDATION_STRICTNESS=harsh" in capsys.readouterr().err
