"""Every function in cases/reaching: what resolving says about its reads, against what running it sees.

A case is a sentence in a comment that begins its line, and the code below it; its lines are counted from there.
What a read may see is found by running the code along many paths (`tests.unit.resolve.running`), except where a
comment on the line says it: `# reads x: 2, 5` (or `none`). That is for what is taken together on purpose, as the
bindings that a closure sees, and then running must not see anything else.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.resolve.instrument import bound_names
from tests.unit.resolve.reaching import Pair, found_by_resolving
from tests.unit.resolve.running import seen_by_running

_CASES = Path(__file__).parent / "cases" / "reaching"
_READS = re.compile(r"# reads (.+)$")

WRONG = {
    # A binding is missed, or the wrong one found.
    "annotations: alone_after_a_binding": "`x: T` without a value counts as a binding",
    "annotations: declared_in_a_loop": "`x: T` without a value counts as a binding",
    "async_functions: late_expression": "a generator expression reads where it is written, not when it runs",
    "comprehensions: lazy_generator": "a generator expression reads where it is written, not when it runs",
    "generators: changed_twice": "a generator expression reads where it is written, not when it runs",
    "generators: late_condition": "a generator expression reads where it is written, not when it runs",
    "generators: late_second_iterable": "a generator expression reads where it is written, not when it runs",
    "async_functions: task_with_nonlocal": "what inner functions bind by `nonlocal` is not seen by the outer one",
    "nonlocal_global: counted": "what inner functions bind by `nonlocal` is not seen by the outer one",
    "nonlocal_global: function_is_nonlocal": "what inner functions bind by `nonlocal` is not seen by the outer one",
    "nonlocal_global: parameter_is_meant": "what inner functions bind by `nonlocal` is not seen by the outer one",
    "nonlocal_global: read_on_the_way": "what inner functions bind by `nonlocal` is not seen by the outer one",
    "nonlocal_global: replaced_by_a_call": "what inner functions bind by `nonlocal` is not seen by the outer one",
    "nonlocal_global: separate": "what inner functions bind by `nonlocal` is not seen by the outer one",
    "nonlocal_global: through_the_middle": "what inner functions bind by `nonlocal` is not seen by the outer one",
    "nonlocal_global: walrus_and_nonlocal": "what inner functions bind by `nonlocal` is not seen by the outer one",
    "chained_assignment: attribute_in_the_middle": "targets of `a = b = value` are bound from right to left",
    "chained_assignment: index_first": "targets of `a = b = value` are bound from right to left",
    "chained_assignment: left_to_right": "targets of `a = b = value` are bound from right to left",
    "chained_assignment: three": "targets of `a = b = value` are bound from right to left",
    "class_in_function: bound_later_in_the_body": "what a class body binds only later is the module's, not its own",
    "class_in_function: class_in_class": "a class body sees the names of the class around it",
    "class_in_function: del_in_the_body": "`del` in a class body deletes the function's variable of that name",
    "class_in_function: except_in_the_body": "`except … as` in a class body deletes the function's variable",
    "class_in_function: global_in_the_body": "`global` in a class body is passed over",
    "class_in_function: nonlocal_in_the_body": "`nonlocal` in a class body is passed over",
    "comprehensions: element_left_out": "a condition that says no still binds what the element binds",
    "evaluation_order: all_defaults_first": "annotations are read before defaults",
    "evaluation_order: defaults_before_annotations": "annotations are read before defaults",
    "match_statement: alternatives": "of the alternatives of a pattern, only the last one binds",
    "match_statement: one_element_sequence": "`case x,:` is taken for a pattern that always matches",
    "names: same_to_python": "names are not brought to their normal form (NFKC)",
    "star_unpacking: star_after_keyword": "`*args` is read after keywords that stand before it",
    "targets: augmented_in_parentheses": "`(x) += 1` binds nothing",
    "try_except_else: exception_groups": "of several `except*`, only one is taken to run",
    "try_except_else: handler_tests_bind": "what the test of an `except` binds, the next one does not see",
    "walrus: chained_comparison": "`a < b < c` always evaluates `c`",
    "walrus: in_a_message": "an assertion's message is evaluated on the way on",
    "with_statement: suppressed": "`contextlib.suppress` is not known to go on behind its body",
    # All is found, and more than may happen.
    "assertions: never_comes_here": "`assert False` goes on",
    "branches: switched_off": "`if False` may run",
    "branches: switched_on": "`if True` may not run",
    "while_true: in_parentheses": "`while (True)` may end",
    "while_true: never_turns": "`while False` may turn",
    "while_true: two_is_true": "`while 2` may end",
    "assertions: both_sides_hold": "what `and` or `or` has bound is not told from its result",
    "comprehensions: condition_with_and": "what `and` or `or` has bound is not told from its result",
    "conditional_expressions: negated_and": "what `and` or `or` has bound is not told from its result",
    "conditional_expressions: while_and": "what `and` or `or` has bound is not told from its result",
    "conditional_expressions: while_or": "what `and` or `or` has bound is not told from its result",
    "walrus: false_means_both": "what `and` or `or` has bound is not told from its result",
    "walrus: true_means_both": "what `and` or `or` has bound is not told from its result",
    "annotations: local_class_checked": "a read of a local function or class gives every binding of its name",
    "class_in_function: base_of_its_own_name": "a read of a local function or class gives every binding of its name",
    "decorators: in_order": "a read of a local function or class gives every binding of its name",
    "nested_functions: defined_twice": "a read of a local function or class gives every binding of its name",
    "nested_functions: deleted_function": "a read of a local function or class gives every binding of its name",
    "nested_functions: handed_on": "a read of a local function or class gives every binding of its name",
    "nested_functions: name_reused": "a read of a local function or class gives every binding of its name",
    "nested_functions: two_names": "a read of a local function or class gives every binding of its name",
    "unreachable: def_behind_return": "a read of a local function or class gives every binding of its name",
    "class_in_function: private_names": "private names in a class are not told from those outside",
    "comprehensions: one_side": "a comprehension in one arm with `:=` is taken to run before the other arm",
    "generators: late_walrus": "a generator expression's `:=` binds where it is written, not when it runs",
    "exceptions_names: finally_without_the_name": "`except … as x` ends without deleting x where the handler is left",
    "exceptions_names: gone_after_break": "`except … as x` ends without deleting x where the handler is left",
    "exceptions_names: gone_after_continue": "`except … as x` ends without deleting x where the handler is left",
    "exceptions_names: outer_without_the_name": "`except … as x` ends without deleting x where the handler is left",
    "match_statement: alternative_wildcard": "`case 1 | _` is not known always to match",
    "match_statement: name_in_parentheses": "`case (x)` is not known always to match",
    "match_statement: wildcard_as_name": "`case 1 | _ as x` is not known always to match",
}
"""Cases in which resolving differs from what Python does, and how. The cases are right."""


class BadCase(Exception):
    """A case that says what cannot be."""


@dataclass(frozen=True)
class Case:
    title: str
    source: str

    @property
    def stated(self) -> dict[tuple[int, str], set[int]]:
        """The lines of bindings that comments state, for the line and name of a read."""
        stated: dict[tuple[int, str], set[int]] = {}
        for line, text in enumerate(self.source.splitlines(), 1):
            comment = _READS.search(text)
            for read in comment.group(1).split(";") if comment else ():
                name, _, bindings = read.partition(":")
                stated[line, name.strip()] = {int(at) for at in bindings.split(",") if at.strip() != "none"}
        return stated


def all_cases() -> list[Case]:
    cases: list[Case] = []
    for path in sorted(_CASES.glob("*.py.txt")):
        for section in re.split(r"(?m)^(?=# )", path.read_text())[1:]:
            source = re.sub(r"\A(# .*\n)+", "", section).rstrip() + "\n"
            name = re.search(r"^(?:async )?def (\w+)", source, re.MULTILINE)
            assert name is not None, section
            cases.append(Case(f"{path.name.partition('.')[0]}: {name.group(1)}", source))
    return cases


def expected(case: Case, found: set[Pair]) -> set[Pair]:
    stated = case.stated
    # A line's dependency on itself is none.
    seen = {
        pair
        for pair in seen_by_running(case.source, {pair for pair in found if pair[:2] not in stated})
        if pair[0] != pair[2]
    }
    names = [node for node in ast.walk(ast.parse(case.source)) if isinstance(node, ast.Name)]
    unread = stated.keys() - {(name.lineno, name.id) for name in names}
    beyond = {pair for pair in seen if pair[:2] in stated and pair[2] not in stated[pair[:2]]}
    if unread or beyond:
        raise BadCase(
            f"{case.title}: stated, but not there: {sorted(unread)}; seen beyond it: {sorted(beyond)}"
        )
    written = {(*read, at) for read, bindings in stated.items() for at in bindings}
    return seen | written


def differences(case: Case) -> str:
    """What resolving misses, and what it finds beyond what may happen; empty where it is right."""
    found = found_by_resolving(case.source, bound_names(ast.parse(case.source)))
    right = expected(case, found)
    if found == right:
        return ""
    numbered = "".join(f"{at:3} {line}\n" for at, line in enumerate(case.source.splitlines(), 1))
    return f"{case.title}\n{numbered}missed: {sorted(right - found)}\nnot so: {sorted(found - right)}"


def _marks(case: Case) -> list[pytest.MarkDecorator]:
    wrong = WRONG.get(case.title)
    return [pytest.mark.xfail(strict=True, raises=AssertionError, reason=wrong)] if wrong else []


def test_the_cases_are_many_and_each_has_its_own_name() -> None:
    titles = [case.title for case in all_cases()]
    assert len(titles) == len(set(titles)) >= 300
    assert set(titles) >= WRONG.keys()


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.title, marks=_marks(case)) for case in all_cases()]
)
def test_what_resolving_finds_is_what_python_does(case: Case) -> None:
    assert not differences(case)
