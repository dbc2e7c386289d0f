"""One sandboxed process from start to end: watched, its output kept within bounds, and gone as a whole afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.sandbox import bubblewrap, usage
from app.sandbox.bubblewrap import Invocation
from app.sandbox.output import Kept, keep, open_reader
from app.sandbox.seccomp import program
from app.sandbox.values import Outcome, Report

_FLOOD: Final = 100  # times what is kept; more than that is nobody's output
_CHANNEL_BYTES: Final = 8_000_000
_STATUS_BYTES: Final = 100_000
_GONE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A report, and what the program itself sent over its channel."""

    report: Report
    channel: bytes


@dataclass(slots=True)
class _Pipes:
    """Descriptors that bubblewrap inherits, by name; ``readers`` are our ends of its pipes."""

    ours: dict[str, int]
    theirs: dict[str, int]


async def execute(binary: Path, work: Invocation) -> Ended:
    """Runs a command in the sandbox; a cancelled task takes it along. Nothing of it is left afterwards."""
    began = time.monotonic()
    owner = bubblewrap.choose_owner()
    with _descriptors(work, owner) as pipes:
        options = bubblewrap.arguments(work, owner, pipes.theirs)
        pipes.theirs["options"] = _file(b"".join(os.fsencode(each) + b"\0" for each in options))
        command = bubblewrap.start_command(work, owner, pipes.theirs["errors"], pipes.theirs.get("channel"))
        process = await asyncio.create_subprocess_exec(
            "bwrap",
            *("--args", str(pipes.theirs["options"]), "--json-status-fd", str(pipes.theirs["status"])),
            *("--", *command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=tuple(pipes.theirs.values()),
            executable=str(binary),
            env={},  # the first process inside is bubblewrap's own, whose environment can be read there
        )
        _close(pipes.theirs)
        async with _supervised(process, pipes.ours, work) as run:
            await run.until_end()
        return run.ended(time.monotonic() - began)


class _Run:
    """A running sandbox: its outputs, its first process, and the reason for which it was stopped."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        work: Invocation,
        streams: Mapping[str, asyncio.StreamReader],
    ) -> None:
        self.process = process
        self.limits = work.limits
        self.outcome: Outcome | None = None
        self.reason = ""
        self.first: int | None = None  # a descriptor, since process ids are used again
        self.kept = {name: Kept(self.limits.output_bytes) for name in ("stdout", "stderr")}
        self.kept |= {
            "channel": Kept(_CHANNEL_BYTES),
            "status": Kept(_STATUS_BYTES),
            "errors": Kept(_STATUS_BYTES),
        }
        self.flood = asyncio.Event()
        self.known = asyncio.Event()
        self.pid = 0
        self.readers = [
            asyncio.create_task(self._keep(name, stream))
            for name, stream in streams.items()
            if name != "status"
        ]
        self.readers.append(asyncio.create_task(self._read_status(streams["status"])))

    async def until_end(self) -> None:
        """Waits until the command ends by itself or breaks a limit."""
        ended = asyncio.create_task(self.process.wait())
        flood = asyncio.create_task(self.flood.wait())
        excess = asyncio.create_task(self._excess())
        waiting = {ended, flood, excess}
        try:
            done, _ = await asyncio.wait(
                waiting, timeout=self.limits.seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        if ended in done:
            return
        if not done:
            self.outcome = Outcome.TIMED_OUT
            self.reason = f"it was still running after {self.limits.seconds:g} s"
        elif excess in done:
            memory, self.reason = excess.result()
            self.outcome = Outcome.OUT_OF_MEMORY if memory else Outcome.FAILED
        else:
            self.outcome = Outcome.FAILED
            self.reason = (
                f"it wrote more than {_FLOOD} times the {self.limits.output_bytes} bytes that are kept"
            )

    def ended(self, seconds: float) -> Ended:
        """Returns the report of a run whose processes are gone."""
        code = self.process.returncode
        stderr = self.kept["stderr"].text()
        outcome = self.outcome
        if problem := self._not_started():
            outcome, self.reason = Outcome.NOT_RUN, problem
        elif outcome is None:
            outcome = Outcome.PASSED if code == 0 else Outcome.FAILED
            if code and stderr.rstrip().rpartition("\n")[2].startswith("MemoryError"):
                outcome = Outcome.OUT_OF_MEMORY
                self.reason = f"a process asked for more than {self.limits.memory_mb} MB"
        report = Report(
            outcome=outcome,
            exit_code=None if self.outcome or outcome is Outcome.NOT_RUN else code,
            stdout=self.kept["stdout"].text(),
            stderr="" if outcome is Outcome.NOT_RUN else stderr,
            seconds=seconds,
            truncated=any(self.kept[name].left_out for name in ("stdout", "stderr")),
            reason=self.reason,
        )
        return Ended(report, bytes(self.kept["channel"].head + self.kept["channel"].tail))

    def kill(self) -> None:
        """Ends the first process inside, and with it, by the kernel's hand, every other one."""
        if self.first is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.first, signal.SIGKILL)
        elif self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()

    async def gone(self) -> None:
        """Waits until no process of the sandbox is left, which is when its pipes are closed too."""
        self.kill()
        try:
            async with asyncio.timeout(_GONE_SECONDS):
                await asyncio.gather(*self.readers)
                if self.first is not None:
                    await _readable(self.first)
        except TimeoutError:
            if self.process.returncode is None:
                self.process.kill()
            for reader in self.readers:
                reader.cancel()
            await asyncio.gather(*self.readers, return_exceptions=True)
        await self.process.wait()
        if self.first is not None:
            os.close(self.first)

    async def _keep(self, name: str, stream: asyncio.StreamReader) -> None:
        await keep(stream, self.kept[name], _FLOOD * self.kept[name].limit, self.flood.set)

    async def _read_status(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            self.kept["status"].add(line)
            said = json.loads(line)
            if "child-pid" in said:
                self.first = _open_process(said["child-pid"], said["pid-namespace"])
                self.pid = said["child-pid"]
                self.known.set()

    async def _excess(self) -> tuple[bool, str]:
        await self.known.wait()
        return await usage.exceeds(self.pid, self.limits.memory_mb)

    def _not_started(self) -> str:
        if said := self.kept["errors"].text():
            return said
        if self.outcome is None and "exit-code" not in self.kept["status"].text():
            return f"bubblewrap could not set the sandbox up: {self.kept['stderr'].text().strip()[:1000]}"
        return ""


@contextlib.asynccontextmanager
async def _supervised(
    process: asyncio.subprocess.Process, ours: dict[str, int], work: Invocation
) -> AsyncIterator[_Run]:
    assert process.stdout is not None
    assert process.stderr is not None
    opened = {name: await open_reader(ours.pop(name)) for name in list(ours)}
    streams = {"stdout": process.stdout, "stderr": process.stderr}
    streams |= {name: reader for name, (reader, _) in opened.items()}
    run = _Run(process, work, streams)
    try:
        yield run
    finally:
        run.kill()
        await asyncio.shield(run.gone())
        for _, transport in opened.values():
            transport.close()


@contextlib.contextmanager
def _descriptors(work: Invocation, owner: int | None) -> Iterator[_Pipes]:
    pipes = _Pipes({}, {})
    try:
        for name in ("status", "errors", *(["channel"] if work.channel else [])):
            pipes.ours[name], pipes.theirs[name] = os.pipe()
        for place, data in bubblewrap.contents(work, owner).items():
            pipes.theirs[place] = _file(data)
        pipes.theirs["seccomp"] = _file(program())
        yield pipes
    finally:
        _close(pipes.ours)
        _close(pipes.theirs)


def _close(descriptors: dict[str, int]) -> None:
    while descriptors:
        os.close(descriptors.popitem()[1])


def _file(data: bytes) -> int:
    descriptor = os.memfd_create("sandbox")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _open_process(pid: int, namespace: int) -> int | None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    # The id may have been given out again since; only ours is in that namespace.
    try:
        same = Path(f"/proc/{pid}/ns/pid").stat().st_ino == namespace
    except OSError:
        same = False
    if same:
        return descriptor
    os.close(descriptor)
    return None


async def _readable(descriptor: int) -> None:
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
