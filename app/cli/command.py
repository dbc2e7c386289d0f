"""All commands under one name."""

from __future__ import annotations

import typer

from app.cli import (
    boundaries,
    demo,
    derive,
    explorer,
    export,
    impact,
    llm,
    masterplan,
    mode,
    plans,
    replay,
    score,
    stack,
    statement,
    sync,
    view,
    watch,
)

app = typer.Typer(
    help="MGE cuts a code base into atoms of about ten lines and keeps every atom and dependency in Neo4j.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("up")(stack.up)
app.command("down")(stack.down)
app.command("status")(stack.status)
app.command("logs")(stack.logs)
app.command("env")(stack.env)
app.command("import")(plans.import_)
app.command("watch")(watch.watch)
app.command("plans")(plans.plans)
app.command("show")(plans.show)
app.command("check")(plans.check)
app.command("assemble")(plans.assemble)
app.command("delete")(plans.delete)
app.command("export")(export.export)
app.command("digest")(export.digest)
app.command("impact")(impact.impact)
app.command("view")(view.view)
app.command("score")(score.score)
app.command("serve")(stack.serve)
app.command("worker")(stack.worker)
app.command("replay")(replay.replay)
app.command("demo")(demo.demo)
app.add_typer(boundaries.app, name="boundaries")
app.add_typer(explorer.app, name="explorer")
app.add_typer(llm.app, name="llm")
masterplan.app.command("derive")(derive.derive_plan_command)
app.add_typer(masterplan.app, name="plan")
app.add_typer(mode.app, name="mode")
app.add_typer(sync.app, name="sync")
plans.cypher.command("exec")(statement.cypher_exec)
plans.cypher.command("favourites")(statement.favourites_file)
app.add_typer(plans.cypher, name="cypher")
app.add_typer(stack.migrate, name="migrate")
