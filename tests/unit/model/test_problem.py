from __future__ import annotations

import pytest

from app.errors import BudgetExceeded, Conflict, MgeError, ModelError, StatementError, StoreDown
from app.model.problem import error_of, problem_of, told, unexpected


@pytest.mark.parametrize("kind", [BudgetExceeded, Conflict, ModelError, StoreDown, StatementError])
def test_an_error_comes_back_from_its_problem(kind: type[MgeError]) -> None:
    error = error_of(told(problem_of(kind("what", hint="do this", field="there"))))
    assert (type(error), str(error), error.hint, error.field) == (kind, "what", "do this", "there")


def test_what_is_no_error_of_ours_comes_back_as_one_with_its_text() -> None:
    error = error_of(told(unexpected("abc")))
    assert type(error) is MgeError
    assert "abc" in error.hint
