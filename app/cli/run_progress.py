"""A run as a person watches it: tasks by state, tokens a second, cost and time left, and each failure whole."""

from __future__ import annotations

import time
from collections import deque
from decimal import Decimal
from typing import Final

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from app.cli import output
from app.model.plan import PlanEvent

_RECENT: Final = 20


class RunProgress:
    """Draws a run from its events; on a pipe it writes a line for each that matters."""

    def __init__(self, total: int, done: int, *, shown: bool) -> None:
        self.shown = shown
        self.total = total
        self.began = time.monotonic()
        self.done_before = done
        self.working: dict[int, str] = {}
        self.counts = {"done": done, "failed": 0, "retried": 0}
        self.cost = Decimal(0)
        self.tokens = 0
        self.simulated = False
        self.speeds: deque[tuple[int, float]] = deque(maxlen=_RECENT)
        self.bar = Progress(
            TextColumn("tasks"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=output.ERR,
        )
        self.task = self.bar.add_task("tasks", total=total, completed=done)
        self.live = Live(self._drawn(), console=output.ERR, refresh_per_second=4, transient=True)

    def __enter__(self) -> RunProgress:
        if self.shown and output.ERR.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live.is_started:
            self.live.stop()

    def __call__(self, event: PlanEvent) -> None:
        data = event.event_data
        number = int(str(data.get("task_number", 0)))
        match event.event_type:
            case "task_started":
                self.working[number] = str(data["name"])
            case "subtask_written":
                self._count_answer(data)
            case "task_completed":
                self.working.pop(number, None)
                self.counts["done"] += 1
                self._say(f"done    {number}. {data['name']}")
            case "task_retried":
                self.counts["retried"] += 1
                self._say(f"again   {number}. {data['name']}", data.get("findings"))
            case "task_failed":
                self.working.pop(number, None)
                self.counts["failed"] += 1
                self._say(f"failed  {number}. {data['name']}", data.get("findings"))
            case "tests_run":
                said = f"tests   {data['outcome']}: {data['passed']} passed, {data['failed']} failed"
                self._say(said, data.get("findings") or data.get("reason"))
            case "plan_paused" | "budget_used":
                self._say(f"paused  {data.get('reason', 'by a person')}")
            case _:
                pass
        self.bar.update(self.task, completed=self.counts["done"] + self.counts["failed"])
        if self.live.is_started:
            self.live.update(self._drawn())

    def _count_answer(self, data: dict[str, object]) -> None:
        if not data["reused"]:
            self.cost += Decimal(str(data["cost_usd"]))
            self.speeds.append((int(str(data["tokens_output"])), float(str(data["seconds"]))))
        self.tokens += int(str(data["tokens_output"]))
        self.simulated = self.simulated or bool(data["simulated"])

    def _drawn(self) -> Group:
        seconds = sum(each for _, each in self.speeds)
        speed = f"{sum(tokens for tokens, _ in self.speeds) / seconds:.0f} tokens/s" if seconds > 0 else ""
        mark = " (simulated)" if self.simulated else ""
        facts = [
            f"{len(self.working)} working",
            f"{self.counts['failed']} failed",
            f"{self.counts['retried']} retries",
            f"{self.tokens:,} tokens",
            speed,
            f"{self.cost:.4f} USD{mark}",
            self._time_left(),
        ]
        lines = [Text("  ".join(fact for fact in facts if fact))]
        lines += [output.safe(f"  {number}. {name}") for number, name in sorted(self.working.items())]
        return Group(self.bar, *lines)

    def _time_left(self) -> str:
        finished = self.counts["done"] + self.counts["failed"] - self.done_before
        left = self.total - self.counts["done"] - self.counts["failed"]
        if not finished or left <= 0:
            return ""
        seconds = (time.monotonic() - self.began) / finished * left
        return f"about {seconds / 60:.0f} min left" if seconds >= 90 else f"about {seconds:.0f} s left"

    def _say(self, line: str, details: object = None) -> None:
        if not self.shown:
            return
        output.ERR.print(output.safe(line))
        for each in [details] if isinstance(details, str) else details if isinstance(details, list) else []:
            output.ERR.print(output.safe(f"        {each}"))
