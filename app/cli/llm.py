"""`mge llm`: a real code model on this machine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.cli import output
from app.main import stack_config
from app.settings import Settings
from app.stack import llm_server
from app.stack.llm_server import LlmStatus, Speed, Started

app = typer.Typer(
    help="A real code model on this machine: no key, no internet after the first start.", no_args_is_help=True
)

JsonOption = Annotated[bool, typer.Option("--json", help="print one JSON document and nothing else")]


@app.command("up")
def up(
    model: Annotated[
        str, typer.Option(help="1.5b, or 0.5b: half the memory, and worse answers")
    ] = llm_server.DEFAULT_MODEL,
    gguf: Annotated[Path | None, typer.Option(help="a model file of your own, instead of --model")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="port to listen on; unset: 8079, or a free one")
    ] = None,
    slots: Annotated[int, typer.Option(min=1, max=64, help="requests answered at once")] = llm_server.SLOTS,
    context: Annotated[
        int, typer.Option(min=512, help="tokens of prompt and answer together that a request may have")
    ] = llm_server.CONTEXT,
    json: JsonOption = False,
) -> None:
    """Fetch the model where it is missing, start it, and measure it with one small request."""
    started = llm_server.up(
        stack_config(Settings()),
        model=model,
        gguf=gguf,
        port=port,
        slots=slots,
        context=context,
        console=output.ERR,
    )
    if json:
        output.as_json(asdict(started))
        return
    output.as_table(("figure", "value"), [*_figures(started), *_rows(started.status)])
    output.say("the service finds it by itself; for other programs that speak the Messages API:")
    output.say(f"  export ANTHROPIC_BASE_URL={started.status.address} ANTHROPIC_API_KEY=local")
    output.say("stop with: mge llm down")


@app.command("status")
def status(json: JsonOption = False) -> None:
    """Say what runs and how fast it answers; exit code 5 where nothing does."""
    found = llm_server.status(stack_config(Settings()))
    if json:
        output.as_json(asdict(found))
    else:
        output.as_table(("figure", "value"), _rows(found))
    if found.state != "running":
        raise typer.Exit(5)


@app.command("down")
def down() -> None:
    """Stop it; the weights stay."""
    stopped = llm_server.down(stack_config(Settings()), report=output.say)
    output.say(f"{stopped.name}: {stopped.how}")


def _figures(started: Started) -> list[tuple[str, object]]:
    fetched = started.fetched
    rows: list[tuple[str, object]] = []
    if fetched.fetch_seconds:
        rate = fetched.bytes / 1e6 / fetched.fetch_seconds
        rows.append(
            ("fetched", f"{fetched.bytes / 1e6:,.0f} MB in {fetched.fetch_seconds:.1f} s, {rate:.1f} MB/s")
        )
    if fetched.verify_seconds:
        rows.append(("SHA-256 verified", f"{fetched.verify_seconds:.1f} s"))
    rows.append(("loaded", f"{started.load_seconds:.1f} s" if started.load_seconds else "it ran already"))
    rows.append(("measured", _speed(started.sample)))
    return rows


def _rows(found: LlmStatus) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [("state", found.state)]
    if found.model:
        rows += [("model", found.model), ("address", found.address), ("file", found.file)]
        rows.append(("requests at once", f"{found.slots}, {found.context:,} tokens each"))
    if found.pid is not None:
        rows.append(("pid", str(found.pid)))
    if found.resident_mb is not None:
        rows.append(("resident memory", f"{found.resident_mb:,} MB"))
    if found.speed is not None and found.speed.requests:
        rows.append((f"last {found.speed.requests} requests", _speed(found.speed)))
    return rows


def _speed(speed: Speed) -> str:
    def rate(value: float | None) -> str:
        return "none" if value is None else f"{value:.1f} tokens/s"

    return f"prompt {rate(speed.prompt_per_second)}, answer {rate(speed.answer_per_second)}"
