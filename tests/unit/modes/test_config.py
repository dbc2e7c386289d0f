from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.errors import InputError, UnknownName
from app.main import mode_environment
from app.model.plan import ExecutionMode
from app.modes.choose import Flag
from app.modes.config import SETTINGS, Author, apply_overrides, check_setting, describe_settings, parse_mode
from app.settings import Settings

ENVIRONMENT = mode_environment(Settings(mge_home=Path("home")))


def test_the_environment_is_the_mvp_for_everybody() -> None:
    assert ENVIRONMENT.values() == {
        "DEVMATRIX_MODE": "mvp",
        "V2_ROLLOUT_PERCENT": "0",
        "ENABLE_V2_ATOMIZATION": "true",
        "ENABLE_V2_DEP_GRAPH": "true",
        "ENABLE_V2_VALIDATION": "true",
        "ENABLE_V2_EXECUTION": "false",
        "ENABLE_V2_REVIEW": "true",
    }


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVMATRIX_MODE", "hybrid")
    monkeypatch.setenv("V2_ROLLOUT_PERCENT", "7")
    monkeypatch.setenv("MVP_MAX_PARALLEL_TASKS", "5")
    monkeypatch.setenv("V2_VALIDATION_STRICTNESS", "high")
    for flag in Flag:
        monkeypatch.setenv(flag.value, str(flag is Flag.EXECUTION))
    found = mode_environment(Settings())
    assert (found.default_mode, found.rollout_percent, found.flags) == (
        ExecutionMode.HYBRID,
        7,
        frozenset({Flag.EXECUTION}),
    )
    assert (found.limits.mvp_max_parallel_tasks, found.limits.v2_validation_strictness) == (5, "high")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DEVMATRIX_MODE", "v3"),
        ("V2_ROLLOUT_PERCENT", "101"),
        ("V2_ROLLOUT_PERCENT", "-1"),
        ("V2_ROLLOUT_PERCENT", "2.5"),
        ("ENABLE_V2_EXECUTION", "maybe"),
        ("V2_MAX_PARALLEL_ATOMS", "0"),
        ("V2_RETRY_MAX_ATTEMPTS", "0"),
        ("V2_CONTEXT_COMPLETENESS_TARGET", "1.01"),
        ("V2_CONTEXT_COMPLETENESS_TARGET", "nan"),
        ("V2_VALIDATION_STRICTNESS", "harsh"),
        ("MVP_MAX_PARALLEL_TASKS", "0"),
    ],
)
def test_an_environment_that_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_what_was_changed_at_run_time_counts_and_the_rest_is_the_environments() -> None:
    changed = {"V2_ROLLOUT_PERCENT": "25", "ENABLE_V2_EXECUTION": "true", "ENABLE_V2_REVIEW": "false"}
    found = apply_overrides(ENVIRONMENT, changed)
    assert found.values() == {**ENVIRONMENT.values(), **changed}
    assert found.limits == ENVIRONMENT.limits
    shown = {state.name: state for state in describe_settings(ENVIRONMENT, changed)}
    assert list(shown) == list(SETTINGS)
    assert {name for name, state in shown.items() if state.source == "run time"} == set(changed)
    assert (shown["V2_ROLLOUT_PERCENT"].value, shown["V2_ROLLOUT_PERCENT"].environment) == ("25", "0")


@pytest.mark.parametrize(
    ("name", "text", "kept"),
    [
        ("DEVMATRIX_MODE", " Hybrid ", "hybrid"),
        ("V2_ROLLOUT_PERCENT", "007", "7"),
        ("V2_ROLLOUT_PERCENT", " 100 ", "100"),
        ("ENABLE_V2_REVIEW", "ON", "true"),
        ("ENABLE_V2_REVIEW", "0", "false"),
    ],
)
def test_a_value_is_kept_in_one_form(name: str, text: str, kept: str) -> None:
    assert check_setting(name, text) == kept


@pytest.mark.parametrize(
    "text", ["", "101", "-1", "1e1", "5%", "\N{ARABIC-INDIC DIGIT FIVE}", "2.5", "9" * 100_000]
)
def test_a_percentage_is_a_whole_number_from_0_to_100(text: str) -> None:
    with pytest.raises(InputError, match="V2_ROLLOUT_PERCENT is not") as error:
        check_setting("V2_ROLLOUT_PERCENT", text)
    assert error.value.field == "V2_ROLLOUT_PERCENT"
    assert len(str(error.value)) < 100


def test_names_and_modes_that_do_not_exist_are_refused_with_those_that_do() -> None:
    with pytest.raises(UnknownName) as unknown:
        check_setting("ENABLE_V3", "true")
    assert "ENABLE_V2_REVIEW" in unknown.value.hint
    with pytest.raises(InputError) as wrong:
        parse_mode("v3", field="mode")
    assert wrong.value.hint == "one of: mvp, v2_atoms, hybrid"
    with pytest.raises(InputError, match="ENABLE_V2_REVIEW is not 'maybe'"):
        check_setting("ENABLE_V2_REVIEW", "maybe")


@pytest.mark.parametrize(
    ("actor", "reason", "field"),
    [
        ("", "why", "actor"),
        (" ", "why", "actor"),
        ("x" * 201, "why", "actor"),
        ("ada", "", "reason"),
        ("ada", " \n", "reason"),
        ("ada", "a\0b", "reason"),
        ("ada", "two\nlines", "reason"),
        ("ada", "\ud800", "reason"),
        ("ada", "x" * 2_001, "reason"),
    ],
)
def test_a_change_needs_somebody_and_a_reason(actor: str, reason: str, field: str) -> None:
    with pytest.raises(InputError) as error:
        Author(actor, reason)
    assert error.value.field == field
