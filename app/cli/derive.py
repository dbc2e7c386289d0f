"""`mge plan derive`: from an imported code base to a masterplan that would write it again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final

import typer

from app.cli import output
from app.cli.person import local_owner, tenant
from app.cli.plans import find_plan
from app.cli.running import run
from app.derive.derive import Derived, derive
from app.main import open_stores
from app.settings import Settings

_SHOWN: Final = 10


def derive_plan_command(
    plan: Annotated[str, typer.Argument(help="name or id of an imported code base", metavar="PLAN")],
    name: Annotated[str, typer.Option(help="name of the new plan; that of the code base if left out")] = "",
    json: Annotated[bool, typer.Option("--json", help="print one JSON document and nothing else")] = False,
) -> None:
    """Make a plan of an imported code base: tasks of about 80 code lines, with the source as its recorded answers."""

    async def work() -> Derived:
        async with open_stores(Settings()) as stores:
            assert stores.pool is not None
            plan_id = await find_plan(stores.graph, plan, tenant())
            owner = local_owner()
            return await derive(stores.pool, stores.graph, plan_id, owner, name)

    found = run(work)
    if json:
        output.as_json(asdict(found))
        return
    output.as_table(
        ("figure", "count"),
        [
            ("files", found.files),
            ("code lines", found.code_lines),
            ("tasks", found.tasks),
            ("subtasks", found.subtasks),
            ("files left out", len(found.left_out)),
        ],
        title=f"plan {found.project_name}  {found.masterplan_id}",
    )
    for each in found.left_out[:_SHOWN]:
        output.say(f"left out: {each.path} {each.reason}")
    if len(found.left_out) > _SHOWN:
        output.say(f"left out: {len(found.left_out) - _SHOWN} more; --json lists them")
    output.say(f"next: mge plan approve {str(found.masterplan_id)[:8]}")
