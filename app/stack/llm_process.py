"""The process of the local model: llama.cpp's server on a Unix socket of its own, and the shim on a loopback port."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from app.stack.ports import LOOPBACK

MODULE: Final = "app.stack.llm_process"

_PROMPT_CACHE_MIB: Final = 1024  # of finished prompts, beside the slots' own
_BATCH: Final = (
    512  # tokens of a prompt that are read before another request, or a client that left, is looked at
)
_SPARE_THREADS: Final = 8  # so that health and counts answer while every slot is busy
_GOODBYE_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Serving:
    """What is served: a model's name and file, how many requests at once, and the tokens that each may have."""

    model: str
    file: Path
    slots: int
    context: int


def command(serving: Serving, home: Path, port: int) -> tuple[str, ...]:
    """How the process is started."""
    return (
        *(sys.executable, "-m", MODULE, "--home", str(home), "--port", str(port), "--model", serving.model),
        *("--file", str(serving.file), "--slots", str(serving.slots), "--context", str(serving.context)),
    )


def environment() -> dict[str, str]:
    """How long llama.cpp's threads spin where they wait for each other, before they sleep.

    By default they spin for ever, as quick as it gets alone and up to five times slower beside other work; asleep at
    once they are a quarter slower alone. This many turns cost neither.
    """
    return {"GOMP_SPINCOUNT": "1000"}


def marker(home: Path) -> tuple[str, ...]:
    """Arguments by which the process of this home is known."""
    return (MODULE, str(home))


def cores() -> int:
    """Cores that this process may use, each counted once: a second thread on a core slows the arithmetic."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))


def main(arguments: Sequence[str]) -> None:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser(MODULE)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--slots", type=int, required=True)
    parser.add_argument("--context", type=int, required=True)
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, given.port))
        folder = Path(tempfile.mkdtemp(prefix="mge-llm-"))
        try:
            _serve(
                Serving(given.model, given.file, given.slots, given.context), folder / "server.sock", listener
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _serve(serving: Serving, path: Path, listener: socket.socket) -> None:
    import httpx2
    import uvicorn
    import xllamacpp  # type: ignore[import-untyped]

    from app.stack.llm_shim import Shim

    server = xllamacpp.Server(_params(serving, path))
    shim = Shim(httpx2.AsyncHTTPTransport(uds=str(path)), serving.slots)
    config = uvicorn.Config(
        shim,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=_GOODBYE_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])
    del server


def _params(serving: Serving, path: Path) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(serving.file)
    params.model_alias = {serving.model}
    params.hostnames = [str(path)]
    params.n_parallel = serving.slots
    params.n_ctx = serving.slots * serving.context
    params.n_batch = _BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = cores()
    params.n_threads_http = serving.slots + _SPARE_THREADS
    params.cache_prompt = True
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.endpoint_metrics = True
    params.ui = False
    return params


if __name__ == "__main__":
    main(sys.argv[1:])
