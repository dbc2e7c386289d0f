"""What Neo4j Browser opens with: a guide through the schema, a style, and the named queries as favourites."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Final

from app.export.query_docs import GROUPS, documented
from app.graph.queries import Query, query

_CHOOSE: Final = (
    ":param plan_id => head(COLLECT { MATCH (plan:Plan) WHERE plan.build_id IS NOT NULL "
    "RETURN plan.plan_id ORDER BY plan.created_at DESC LIMIT 1 })"
)
_CHOOSE_BY_NAME: Final = (
    ":param plan_id => head(COLLECT { MATCH (plan:Plan {project_name: 'networkx'}) WHERE plan.build_id IS NOT NULL "
    "RETURN plan.plan_id })"
)
_CHOOSE_EXECUTED: Final = (
    ":param plan_id => head(COLLECT { MATCH (plan:Plan) WHERE plan.row_version IS NOT NULL "
    "RETURN plan.plan_id ORDER BY plan.created_at DESC LIMIT 1 })"
)
_SLIDES: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    (
        "Files, atoms, symbols",
        "A plan is a code base, cut into <b>atoms</b> of about ten lines. A <b>File</b> contains its atoms, NEXT leads from one to "
        "the following one, and an atom DEFINES symbols. This is the file that most others need.",
        ("guide/file",),
    ),
    (
        "What needs what",
        "Atoms are tied by four sorts of dependency. <b>IMPORT_DEP</b>: needs a name that the other imports. <b>TYPE_DEP</b>: names a "
        "type of the other. <b>CONTROL_DEP</b>: calls, instantiates or decorates with it. <b>DATA_DEP</b>: reads what it binds. Each "
        "points from what needs to what is needed. Click a relationship: its evidence says where in the file.",
        ("guide/dependencies", "guide/evidence"),
    ),
    (
        "Waves",
        "An atom is in <b>wave</b> 1 where it needs nothing, else one after the last of what it needs. All atoms of a wave can be "
        "worked on at once. The chain below is why the last wave comes as late as it does.",
        ("guide/waves", "waves/list"),
    ),
    (
        "Cycles",
        "Atoms that need each other are in one <b>Cycle</b>. Some of its dependencies are <b>cut</b>, the weakest first, so that there is "
        "an order; a cut dependency stays, with its reason.",
        ("guide/cycle", "explore/biggest_cycles", "explore/cut_dependencies"),
    ),
    (
        "Modules",
        "<code>mge boundaries build PLAN</code> groups atoms that belong together into <b>modules</b> of 10 to 20 and <b>components</b> of "
        "50 to 100. How well they hold together is on them: cohesion, coupling, instability.",
        ("guide/modules", "explore/hotspots"),
    ),
    (
        "Ask",
        "What most atoms need, what nobody needs, what no test reaches, what is written twice.",
        ("explore/fan_in", "explore/dead_atoms", "explore/untested", "explore/duplicates"),
    ),
)
_EXECUTED_SLIDES: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    (
        "Plans that are executed",
        "What <code>mge plan</code> makes and runs is here too, a second after it changes: a plan has <b>phases</b>, these have "
        "<b>milestones</b>, these have <b>tasks</b> of about 80 code lines, and a task has <b>subtasks</b>. A task DEPENDS_ON those that "
        "must be completed before it. First say which plan this is about; here, the newest one.",
        ("guide/masterplan", "guide/task", "plans/task_states"),
    ),
    (
        "What holds a plan up",
        "Which tasks wait and for what, the chain that no parallel work makes shorter, what went wrong, and what it cost.",
        (
            "plans/blocked_tasks",
            "plans/critical_tasks",
            "plans/failure_reasons",
            "plans/failures",
            "plans/cost_by_phase",
        ),
    ),
)
_FAVOURITES: Final = (
    'The rest are favourites to import: drop <a href="{address}">{address}</a> (<code>mge cypher favourites mge.zip</code> writes it) '
    "onto the drawer of favourites. Each says which parameters it takes; set one with, for example:"
)


def guide(favourites_address: str) -> str:
    """An HTML document of slides, each with queries that run unchanged."""
    return "".join(_guide(favourites_address))


def style() -> str:
    """Colours, sizes and captions, as GraSS."""
    return files("app.export").joinpath("style.grass").read_text(encoding="utf-8")


def favourites() -> bytes:
    """A zip file of all documented queries, a folder for each group, as Browser imports them."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in documented():
            group, _, name = each.name.partition("/")
            entry = zipfile.ZipInfo(f"MGE: {GROUPS[group]}/{name}.cypher")
            archive.writestr(entry, f"// {name.replace('_', ' ')}\n{each.text}")
    return content.getvalue()


def _guide(favourites_address: str) -> Iterator[str]:
    yield '<article class="guide"><carousel class="deck container-fluid">\n'
    yield _slide(
        "Your code as a graph",
        "First say which plan this is about: the newest one, or one by its name. Everything here only reads.",
        _runnable(_CHOOSE) + _runnable(_CHOOSE_BY_NAME) + _queries(("explore/sizes", "explore/languages")),
    )
    for title, text, names in _SLIDES:
        yield _slide(title, text, _queries(names))
    choose = _runnable(_CHOOSE_EXECUTED)
    for title, text, names in _EXECUTED_SLIDES:
        yield _slide(title, text, choose + _queries(names))
        choose = ""
    text = _FAVOURITES.format(address=escape(favourites_address))
    yield _slide("Go on", text, _runnable(":param limit => 20") + _runnable(":param name => 'Graph'"))
    yield "</carousel></article>\n"


def _slide(title: str, text: str, body: str) -> str:
    return f'<slide class="row-fluid"><div class="col-sm-12"><h3>{escape(title)}</h3><p>{text}</p>{body}</div></slide>\n'


def _queries(names: tuple[str, ...]) -> str:
    """Each query after what it answers and the parameters that no earlier one of the slide has set."""
    parts: list[str] = []
    for each in map(query, names):
        parts.append(f"<p>{escape(each.answers)}</p>")
        for parameter in each.parameters:
            setting = _runnable(f":param {parameter.name} => {parameter.example!r}")
            if parameter.name != "plan_id" and setting not in parts:
                parts.append(setting)
        parts.append(_runnable(_statement(each)))
    return "".join(parts)


def _statement(each: Query) -> str:
    """A query without its head, which stands above it as prose."""
    lines = each.text.splitlines()
    return "\n".join(lines[sum(1 for line in lines if line.startswith("//")) :])


def _runnable(text: str) -> str:
    return f'<figure><pre class="pre-scrollable code runnable">{escape(text.strip(), quote=False)}</pre></figure>'
