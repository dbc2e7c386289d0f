"""Plans that are executed while the service is killed at random moments.

    .venv/bin/python -m benchmarks.kills [--kills 30] [--tasks 24] [--seed 7]

Starts servers of its own (as the tests do), the service as a process, and a local server that speaks the Messages API and counts
what it sold. Plans are executed one after the other; `kill -9` hits the service, API and worker in one, after a random time,
until it was killed as often as asked. It prints how often, and fails where a run does not end, an answer that was sent whole was asked
for again, a task is not completed, or workspace and tables disagree.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from rich.console import Console

from app.settings import Settings
from app.stack import StackConfig, down, up
from tests.acceptance.messages_server import MessagesServer
from tests.acceptance.service import ServiceProcess
from tests.documents import document, task
from tests.servers import new_database

PATIENCE_SECONDS = 300.0


def answer(number: int) -> str:
    return f"```python\ndef f{number}(x: int) -> int:\n    return x + {number}\n```"


def plan(tasks: int) -> dict[str, Any]:
    """A plan of several chains side by side."""
    made = document(
        *(task(n, f"pkg/f{n}.py", [n - 4] if n > 4 else []) for n in range(1, tasks + 1)), name="killed"
    )
    return made.model_dump(mode="json")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--tasks", type=int, default=24)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory(prefix="mge-kills-") as folder:
        stack = StackConfig(Path(folder) / "stack", Settings().mge_cache, heap_mb=512)
        servers = up(stack, console=Console(stderr=True))
        try:
            with new_database(servers) as url, MessagesServer(answer, 0.3) as model:
                environment = {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "x"}
                root = Path(folder) / "root"
                root.mkdir()
                service = ServiceProcess(servers, url, Path(folder) / "home", root, environment)
                service.start()
                try:
                    return killed_runs(service, model, asked.kills, asked.tasks, chance)
                finally:
                    service.kill()
        finally:
            down(stack, report=print)


def killed_runs(
    service: ServiceProcess, model: MessagesServer, kills: int, tasks: int, chance: random.Random
) -> int:
    killed = runs = wrong = 0
    began = time.monotonic()
    while killed < kills:
        runs += 1
        plan_id = started(service, tasks)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not over(service, plan_id):
            if time.monotonic() > deadline:
                print(f"run {runs} did not end")
                wrong += 1
                break
            if killed < kills:
                time.sleep(chance.uniform(0.1, 4.0))
                service.kill()
                killed += 1
                service.start()
            else:
                time.sleep(0.2)
        wrong += disagreements(service, plan_id, tasks)
    twice = {key: count for key, count in model.sold.items() if count > 1}
    print(
        f"{runs} runs of {tasks} tasks, {killed} kills, {time.monotonic() - began:.0f} s: "
        f"{model.requests} requests, {len(model.sold)} answers sold, {len(twice)} of them twice, {wrong} wrong"
    )
    return 1 if wrong or twice else 0


def started(service: ServiceProcess, tasks: int) -> str:
    """A new plan that is being executed; its id."""
    made = call(service, "POST", "/api/v1/masterplan/import", {"document": plan(tasks)})
    plan_id = str(made["plan"]["masterplan_id"])
    call(service, "POST", f"/api/v1/masterplan/{plan_id}/approve", {})
    call(service, "POST", "/api/v1/masterplan/execute", {"masterplan_id": plan_id, "provider": "anthropic"})
    return plan_id


def over(service: ServiceProcess, plan_id: str) -> bool:
    status = call(service, "GET", f"/api/v1/masterplan/{plan_id}")["plan"]["status"]
    return status in ("completed", "failed", "paused", "cancelled")


def disagreements(service: ServiceProcess, plan_id: str, tasks: int) -> int:
    """How many tasks are not as they should be, in the tables or in the workspace."""
    found = call(service, "GET", f"/api/v1/masterplan/{plan_id}")
    workspace = service.home / "workspaces" / plan_id
    commits = subprocess.run(
        ["git", "log", "--format=%(trailers:key=Task-Id,valueonly)"],
        cwd=workspace,
        capture_output=True,
        text=True,
    ).stdout.split()
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=workspace, capture_output=True, text=True
    ).stdout
    wrong = 0
    for each in found["tasks"]:
        path = workspace / each["target_files"][0]
        number = each["task_number"]
        expected = f"def f{number}(x: int) -> int:\n    return x + {number}\n"
        good = (
            each["status"] == "completed"
            and str(UUID(each["task_id"])) in commits
            and path.exists()
            and path.read_text() == expected
        )
        if not good:
            print(f"task {number} is {each['status']}: {each['last_error']}")
            wrong += 1
    if found["plan"]["status"] != "completed" or found["plan"]["completed_tasks"] != tasks or status:
        print(
            f"plan {found['plan']['status']}, {found['plan']['completed_tasks']} done, workspace {status!r}"
        )
        wrong += 1
    return wrong


def call(service: ServiceProcess, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """What the service answers; again while it begins."""
    for _ in range(100):
        try:
            answer = httpx.request(method, f"{service.url}{path}", json=body, timeout=30)
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        if answer.status_code == 503:
            time.sleep(0.1)
            continue
        answer.raise_for_status()
        return answer.json()
    raise TimeoutError(path)


if __name__ == "__main__":
    sys.exit(main())
