"""The `mge` command.

Exit codes: 0 done; 1 a fault of ours; 2 bad input; 3 not found; 4 a conflict; 5 a store or service is down;
6 the stack cannot start; 7 a migration failed; 130 interrupted. `app.errors` draws which error is which.
"""

from __future__ import annotations

import sys

import typer

from app.cli import demo, output, plans, stack
from app.errors import MgeError

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
app.command("plans")(plans.plans)
app.command("show")(plans.show)
app.command("assemble")(plans.assemble)
app.command("delete")(plans.delete)
app.command("serve")(stack.serve)
app.command("worker")(stack.worker)
app.command("demo")(demo.demo)
app.add_typer(plans.cypher, name="cypher")
app.add_typer(stack.migrate, name="migrate")


def main() -> None:
    """Run the command; errors become a message, a hint and an exit code."""
    try:
        app(standalone_mode=False)
    except MgeError as error:
        output.fail(error)
        sys.exit(error.exit_code)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        output.say("interrupted; nothing was changed")
        sys.exit(130)
    except BrokenPipeError:
        # The reader (`mge plans | head`) has seen enough.
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
