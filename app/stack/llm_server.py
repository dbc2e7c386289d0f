"""A real code model on this machine: its weights fetched, its server started beside the stores, asked and stopped."""

from __future__ import annotations

import importlib
import json
import secrets
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import psutil
from rich.console import Console

from app.errors import InputError, StackError
from app.stack import lifecycle, llm_weights, ports, process, services, state
from app.stack.config import Companion, Endpoints, Launch, Report, ServiceState, StackConfig, Stopped
from app.stack.llm_messages import FIGURES_PATH
from app.stack.llm_process import Serving, command, environment
from app.stack.llm_weights import Fetched
from app.stack.state import Running

NAME: Final = services.LLM
USUAL_PORT: Final = 8079
SLOTS: Final = 2
CONTEXT: Final = 4096
DEFAULT_MODEL: Final = "1.5b"

_START_SECONDS: Final = 300.0  # a person's own file may be many gigabytes on a slow disk
_ANSWER_SECONDS: Final = 600.0
_STATUS_SECONDS: Final = 5.0
_SAMPLE_TOKENS: Final = 32
_SAMPLE: Final = (
    "Write a Python function parse_duration(text: str) -> int that turns a duration such as '1h30m', '45s' or "
    "'2d' into seconds. Units are d, h, m and s, each at most once and in this order; blanks around the text are "
    "allowed. Raise ValueError with the text in its message for anything else, such as an empty text, a number "
    "without a unit, a unit without a number, a negative number or a unit that occurs twice. Use no package but "
    "re. Give the function type hints and a docstring of one sentence. Answer with the code alone."
)
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class LocalModel:
    """Where the local model is reached, its name, and whether its process is there."""

    base_url: str
    model: str
    alive: bool


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second of prompt (those not in the cache) and answer, over the last ``requests``."""

    requests: int
    prompt_per_second: float | None
    answer_per_second: float | None


@dataclass(frozen=True, slots=True)
class LlmStatus:
    """The local model as it is now; ``resident_mb`` and ``speed`` only where it answers. ``context`` is tokens a slot."""

    state: ServiceState
    model: str = ""
    address: str = ""
    file: str = ""
    slots: int = 0
    context: int = 0
    pid: int | None = None
    resident_mb: int | None = None
    speed: Speed | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """What `up` did: how the weights came, seconds to load them (0 where it ran already), and one measured request."""

    status: LlmStatus
    fetched: Fetched
    load_seconds: float
    sample: Speed


def find_weights(config: StackConfig, key: str, gguf: Path | None, console: Console) -> tuple[str, Fetched]:
    """The model's name and its file: the user's own ``gguf``, or else the locked one, fetched where it is missing.

    Raises `InputError` for a model that is not in the lock or a file that is no GGUF, and as `llm_weights.fetch`.
    """
    if gguf is not None:
        return gguf.stem.lower(), Fetched(llm_weights.own_file(gguf))
    known = llm_weights.locked()
    if key not in known:
        raise InputError(f"no model is called {key}", hint=f"one of: {', '.join(known)}", field="model")
    return known[key].model, llm_weights.fetch(known[key], config.cache / "models", console)


def up(
    config: StackConfig,
    *,
    model: str = DEFAULT_MODEL,
    gguf: Path | None = None,
    port: int | None = None,
    slots: int = SLOTS,
    context: int = CONTEXT,
    console: Console,
) -> Started:
    """Starts the model's server, in place of one that serves something else, and measures one small request.

    ``slots`` requests are answered at once, each with ``context`` tokens for prompt and answer together.
    Raises `StackError` where it cannot run here or does not start, and as `find_weights`.
    """
    _check_engine()
    config = replace(config, home=config.home.absolute().resolve())
    name, fetched = find_weights(config, model, gguf, console)
    serving = Serving(name, fetched.path.resolve(), slots, context)

    def launch(_: Endpoints, port: int) -> Launch:
        return Launch(command(serving, config.home, port), environment())

    wanted = Companion(NAME, USUAL_PORT, port, launch, "/health", port_setting="--port")
    began = time.perf_counter()
    started = lifecycle.up_alone(config, wanted, console=console, start_seconds=_START_SECONDS)
    load_seconds = time.perf_counter() - began if started else 0.0
    _serving_file(config.home).write_text(json.dumps({**asdict(serving), "file": str(serving.file)}))
    sample = _measure(_address(state.load(config.home)[NAME]))
    return Started(status(config), fetched, load_seconds, sample)


def down(config: StackConfig, *, report: Report) -> Stopped:
    """Stops the model's server; the weights stay."""
    return lifecycle.down_alone(config, NAME, report=report)


def status(config: StackConfig) -> LlmStatus:
    """The model as it is now, asked where it runs."""
    running = state.load(config.home).get(NAME)
    serving = _read_serving(config.home)
    if running is None or serving is None:
        return LlmStatus("stopped")
    known = LlmStatus(
        "stopped", serving.model, _address(running), str(serving.file), serving.slots, serving.context
    )
    if running.process is None or not process.is_running(running.process):
        return known
    known = replace(known, state="starting", pid=running.process.pid)
    try:
        speed = Speed(**_ask(known.address + FIGURES_PATH, seconds=_STATUS_SECONDS))
        resident = psutil.Process(running.process.pid).memory_info().rss // 2**20
    except (OSError, psutil.NoSuchProcess):
        return known
    return replace(known, state="running", resident_mb=resident, speed=speed)


def local_model(config: StackConfig) -> LocalModel | None:
    """The local model that was started last; None where there is none. Asks no server."""
    running = state.load(config.home).get(NAME)
    serving = _read_serving(config.home)
    if running is None or serving is None or not running.ports:
        return None
    alive = running.process is not None and process.is_running(running.process)
    return LocalModel(_address(running), serving.model, alive)


def _check_engine() -> None:
    try:
        importlib.import_module("xllamacpp")
    except ImportError as error:
        hint = (
            "xllamacpp has wheels for Linux on x86-64; elsewhere set ANTHROPIC_BASE_URL to a server of your own "
            "that speaks the Messages API, such as llama.cpp, Ollama, vLLM or LM Studio"
        )
        if "libgomp" in str(error):
            hint = "install the OpenMP run time: the package libgomp1 (Debian, Ubuntu) or libgomp (others)"
        raise StackError(
            f"this machine cannot run llama.cpp, which the local model needs: {error}", hint=hint
        ) from error


def _measure(address: str) -> Speed:
    """One request that nothing of is in the cache, as the server itself times it."""
    body = {
        "messages": [{"role": "user", "content": f"Request {secrets.token_hex(4)}. {_SAMPLE}"}],
        "max_tokens": _SAMPLE_TOKENS,
        "cache_prompt": False,
    }
    try:
        timings = _ask(f"{address}/v1/chat/completions", body, _ANSWER_SECONDS)["timings"]
    except OSError as error:
        raise StackError(
            f"the local model does not answer at {address}: {error}", hint="see `mge logs llm`"
        ) from error
    return Speed(1, float(timings["prompt_per_second"]), float(timings["predicted_per_second"]))


def _ask(
    url: str, body: Mapping[str, object] | None = None, seconds: float = _ANSWER_SECONDS
) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 (loopback)
    with _DIRECT.open(request, timeout=seconds) as response:
        return dict(json.load(response))


def _address(running: Running) -> str:
    return f"http://{ports.LOOPBACK}:{running.ports['http']}"


def _serving_file(home: Path) -> Path:
    return home / "llm.json"


def _read_serving(home: Path) -> Serving | None:
    try:
        known = json.loads(_serving_file(home).read_text())
        return Serving(known["model"], Path(known["file"]), known["slots"], known["context"])
    except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
        return None
