"""`mge up`, `down`, `status`, `logs`, `env`, `migrate`, `serve`, `worker`."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import Annotated

import typer

from app import stack as embedded
from app.cli import output
from app.cli.running import run
from app.explorer.instance import explorer_config
from app.explorer.instance import stop as stop_explorer
from app.main import api_companion, migrate_stores, stack_config, store_migrations
from app.settings import Settings
from app.stack.services import LLM

JsonOption = Annotated[bool, typer.Option("--json", help="print one JSON document and nothing else")]


def up(json: JsonOption = False) -> None:
    """Start Neo4j, PostgreSQL and the API, and say where they are."""
    began = time.perf_counter()
    found = start(Settings())
    if json:
        output.as_json(addresses(found))
    else:
        print_addresses(found)
        output.say(f"up in {time.perf_counter() - began:.1f} s; stop with: mge down")


def start(settings: Settings) -> embedded.Endpoints:
    """Start what is not running; the stores are migrated before the API starts."""
    api = api_companion(settings)
    config = stack_config(settings)
    config = replace(config, pages=embedded.browser_pages(config, api))
    embedded.up(config, console=output.ERR)
    run(lambda: migrate_stores(settings))
    return embedded.up(config, (api,), console=output.ERR)


def addresses(found: embedded.Endpoints) -> dict[str, str]:
    """Where everything is; no passwords."""
    return {
        "neo4j_uri": found.neo4j_uri,
        "browser_url": found.browser_url,
        **{f"{name}_url": url for name, url in found.companions.items()},
    }


def print_addresses(found: embedded.Endpoints, env_command: str = "mge env") -> None:
    """Where everything is, for a person."""
    rows = []
    for name, url in found.companions.items():
        rows.append(("language model", url) if name == LLM else (f"{name} docs", f"{url}/docs"))
    if found.browser_url:
        rows.append(("Neo4j Browser", found.browser_url))
    rows.append(("Bolt", found.neo4j_uri))
    # A person sees the password; a log that the output goes to does not.
    password = found.neo4j_password if output.OUT.is_terminal else f"see `{env_command}`"
    rows.append(("login", f"user {found.neo4j_user}, password {password}"))
    output.as_table(("what", "where"), rows)


def down() -> None:
    """Stop what runs, the explorer too; the data stays."""
    config = stack_config(Settings())
    for stopped in stop_explorer(explorer_config(config), report=output.say):
        output.say(f"explorer: {stopped.how}")
    for stopped in embedded.down(config, report=output.say):
        output.say(f"{stopped.name}: {stopped.how}")


def status(json: JsonOption = False) -> None:
    """Say what runs; exit code 5 where something does not."""
    found = embedded.status(stack_config(Settings()))
    if json:
        output.as_json([asdict(service) for service in found])
    else:
        output.as_table(
            ("service", "state", "pid", "address", "ms"),
            [(s.name, s.state, str(s.pid or ""), s.address, s.latency_ms) for s in found],
        )
    if any(service.state not in ("running", "external") for service in found):
        raise typer.Exit(5)


def logs(
    service: Annotated[str, typer.Argument(help="neo4j, postgres or api")],
    lines: Annotated[int, typer.Option("--lines", "-n", help="how many of the last lines")] = 50,
) -> None:
    """Print the last lines of a service's logs."""
    for path in embedded.logs(stack_config(Settings()), service):
        output.OUT.print(f"==> {path} <==", style="bold")
        text = path.read_text("utf-8", errors="replace")
        for line in text.splitlines()[-lines:]:
            output.OUT.print(output.safe(line))


def env() -> None:
    """Print export lines that tell other tools how to reach the stores (they hold the passwords)."""
    for line in embedded.env_lines(embedded.endpoints(stack_config(Settings()))):
        typer.echo(line)


migrate = typer.Typer(help="The stores' migrations.", no_args_is_help=True)


@migrate.command("status")
def migrate_status(json: JsonOption = False) -> None:
    """List the migrations and whether they ran."""
    found = run(lambda: store_migrations(Settings()))
    if json:
        output.as_json(found)
    else:
        output.as_table(
            ("store", "version", "description", "state"),
            [(row["store"], row["version"], row["description"], row["state"]) for row in found],
        )


@migrate.command("up")
def migrate_up() -> None:
    """Run the migrations that did not run yet."""
    applied = run(lambda: migrate_stores(Settings()))
    output.say(f"ran {applied} migrations")


def serve(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = 8000,
) -> None:
    """Run the API in the foreground."""
    from app.serve import run_service  # a quarter of a second that other commands need not wait for

    run_service(Settings(), host, port)


def worker() -> None:
    """Run jobs in the foreground, without the API."""
    from app.serve import run_worker

    run_worker(Settings())
