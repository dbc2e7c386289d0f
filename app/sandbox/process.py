"""One sandboxed process from start to end: watched, its output kept within bounds, and gone as a whole afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.sandbox import bubblewrap, usage
from app.sandbox.bubblewrap import Invocation
from app.sandbox.output import Kept, keep, open_reader
from app.sandbox.seccomp import program
from app.sandbox.values import Limits, Outcome, Report, not_run

_FLOOD: Final = 100  # times what is kept; more than that is nobody's output
_CHANNEL_BYTES: Final = 8_000_000
_STATUS_BYTES: Final = 100_000
_GONE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A report, and what the program itself sent over its channel."""

    report: Report
    channel: bytes


async def execute(binary: Path, work: Invocation) -> Ended:
    """Runs a command in the sandbox; a cancelled task takes it along. Nothing of it is left afterwards."""
    began = time.monotonic()
    owner = bubblewrap.choose_owner()
    places = bubblewrap.own_file_systems(work, owner)
    async with _descriptors(work, owner) as (streams, theirs):
        starting = asyncio.create_task(_start(binary, theirs))
        try:
            process = await asyncio.shield(starting)
        except OSError as error:
            return Ended(not_run(f"bubblewrap cannot be started: {error}"), b"")
        except asyncio.CancelledError:
            process = await starting
            _close(theirs)
            await _Run(process, work.limits, places, streams).gone()
            raise
        _close(theirs)
        run = _Run(process, work.limits, places, streams)
        try:
            await run.until_end()
        finally:
            await asyncio.shield(run.gone())
        return run.ended(time.monotonic() - began)


async def _start(binary: Path, theirs: Mapping[str, int]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        "bwrap",
        *("--args", str(theirs["options"]), "--json-status-fd", str(theirs["status"])),
        *("--", *bubblewrap.start_command()),
        executable=str(binary),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=tuple(theirs.values()),
        env={},  # the first process inside is bubblewrap's own, whose environment can be read there
    )


class _Run:
    """A running sandbox: its outputs, its first process, and the reason for which it was stopped."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        limits: Limits,
        places: Sequence[str],
        streams: Mapping[str, asyncio.StreamReader],
    ) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.limits = limits
        self.places = places
        self.outcome: Outcome | None = None
        self.reason = ""
        self.pid = 0
        self.first: int | None = None  # the same process as a descriptor, since ids are used again
        self.flood = asyncio.Event()
        self.known = asyncio.Event()
        self.begun = asyncio.Event()
        self.kept = {name: Kept(limits.output_bytes) for name in ("stdout", "stderr")}
        self.kept |= {
            "channel": Kept(_CHANNEL_BYTES),
            "status": Kept(_STATUS_BYTES),
            "errors": Kept(_STATUS_BYTES),
        }
        outputs = {"stdout": process.stdout, "stderr": process.stderr, **streams}
        status = outputs.pop("status")
        self.readers = [asyncio.create_task(self._keep(name, stream)) for name, stream in outputs.items()]
        self.readers.append(asyncio.create_task(self._read_status(status)))

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

    async def gone(self) -> None:
        """Ends whatever is left and waits until no process of the sandbox is there any more."""
        # Killed too early, bubblewrap would leave a first process behind that nobody knows of yet.
        ended = asyncio.create_task(self.process.wait())
        known = asyncio.create_task(self.known.wait())
        await asyncio.wait({ended, known}, timeout=_GONE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        known.cancel()
        self._kill()
        try:
            async with asyncio.timeout(_GONE_SECONDS):
                await asyncio.gather(*self.readers)
                if self.first is not None:
                    await _readable(self.first)
        except TimeoutError:
            for reader in self.readers:
                reader.cancel()
            await asyncio.gather(*self.readers, return_exceptions=True)
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        await ended
        if self.first is not None:
            os.close(self.first)

    def _kill(self) -> None:
        """Ends the first process inside, and with it, by the kernel's hand, every other one."""
        if self.first is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.first, signal.SIGKILL)
        elif self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()

    async def _keep(self, name: str, stream: asyncio.StreamReader) -> None:
        most = self.kept[name].limit * (_FLOOD if name in ("stdout", "stderr") else 1)

        def stop() -> None:
            self.reason = f"it wrote more than {most} bytes to {name}"
            self.flood.set()

        await keep(stream, self.kept[name], most, stop)
        if name == "errors":  # closed by the command's start: from here on, what is seen of it is the sandbox
            self.begun.set()

    async def _read_status(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            self.kept["status"].add(line)
            said = json.loads(line)
            if "child-pid" in said and not self.pid:
                self.first = _open_process(said["child-pid"], said["pid-namespace"])
                self.pid = said["child-pid"]
                self.known.set()

    async def _excess(self) -> tuple[bool, str]:
        await self.begun.wait()
        return await usage.exceeds(self.pid, self.limits.memory_mb, self.places)

    def _not_started(self) -> str:
        if said := self.kept["errors"].text():
            return said
        if self.outcome is None and "exit-code" not in self.kept["status"].text():
            return f"bubblewrap could not set the sandbox up: {self.kept['stderr'].text().strip()[:1000]}"
        return ""


@contextlib.asynccontextmanager
async def _descriptors(
    work: Invocation, owner: int | None
) -> AsyncIterator[tuple[dict[str, asyncio.StreamReader], dict[str, int]]]:
    """Readers of the pipes by name, and by name the descriptors that bubblewrap is to inherit."""
    theirs: dict[str, int] = {}
    streams: dict[str, asyncio.StreamReader] = {}
    transports: list[asyncio.ReadTransport] = []
    try:
        for name in ("status", "errors", *(["channel"] if work.channel else [])):
            reading, theirs[name] = os.pipe()
            streams[name], transport = await open_reader(reading)
            transports.append(transport)
        contents = bubblewrap.contents(work, owner, theirs["errors"], theirs.get("channel"))
        for place, data in contents.items():
            theirs[place] = _file(data)
        theirs["seccomp"] = _file(program())
        options = bubblewrap.arguments(work, owner, contents, theirs)
        theirs["options"] = _file(b"".join(os.fsencode(each) + b"\0" for each in options))
        yield streams, theirs
    finally:
        _close(theirs)
        for transport in transports:
            transport.close()


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
