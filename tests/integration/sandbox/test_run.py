"""A command over a folder: what it gets to see, what is told of it, and what is left of it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import psutil
import pytest

from app.errors import InputError
from app.sandbox import Limits, Outcome, available, run
from tests.integration.sandbox.conftest import write

ENVIRONMENT = {"HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "TZ"}


def running(marker: str) -> list[int]:
    return [each.pid for each in psutil.process_iter(["cmdline"]) if marker in (each.info["cmdline"] or ())]


async def until_running(marker: str) -> list[int]:
    async with asyncio.timeout(20):
        while not (found := [each for each in running(marker) if psutil.Process(each).name() == "sleep"]):
            await asyncio.sleep(0.02)
    return found


async def test_a_program_of_the_folder_runs_and_its_output_comes_back(folder: Path) -> None:
    write(folder, {"hello.py": "import sys; print('out'); print('err', file=sys.stderr)"})
    report = await run(folder, ["python", "hello.py"])
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)
    assert (report.stdout, report.stderr, report.truncated, report.reason) == ("out\n", "err\n", False, "")
    assert 0 < report.seconds < 30


@pytest.mark.parametrize(
    ("program", "code"),
    [("raise SystemExit(3)", 3), ("1 / 0", 1), ("import os; os.abort()", 134), ("import os; os.kill(os.getpid(), 9)", 137)],
    ids=["exit", "exception", "abort", "kill"],
)  # fmt: skip
async def test_a_program_that_fails_is_failed_with_its_code(folder: Path, program: str, code: int) -> None:
    report = await run(folder, ["python", "-c", program])
    assert (report.outcome, report.exit_code) == (Outcome.FAILED, code)


async def test_a_command_that_is_not_there_is_named(folder: Path) -> None:
    report = await run(folder, ["no-such-program"])
    assert (report.outcome, report.exit_code) == (Outcome.FAILED, 127)
    assert "'no-such-program'" in report.stderr


async def test_the_environment_is_fixed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary-4711")
    report = await run(folder, ["/usr/bin/env"])
    names = {line.partition("=")[0] for line in report.stdout.splitlines()}
    assert names - {"LD_LIBRARY_PATH"} == ENVIRONMENT
    assert "PYTHONHASHSEED=0" in report.stdout
    assert "HOME=/tmp\n" in report.stdout


async def test_imports_are_looked_up_where_python_path_says(folder: Path) -> None:
    write(folder, {"src/inner/__init__.py": "NAME = 'found'", "top.py": "import inner; print(inner.NAME)"})
    assert (await run(folder, ["python", "-m", "top"], python_path=["", "src"])).stdout == "found\n"
    assert (await run(folder, ["python", "-m", "top"], python_path=[""])).outcome is Outcome.FAILED


async def test_files_that_only_we_may_read_are_readable_inside(folder: Path) -> None:
    write(folder, {"deep/secretive.txt": "text"})
    (folder / "deep/secretive.txt").chmod(0o600)
    (folder / "deep").chmod(0o700)
    assert (await run(folder, ["cat", "deep/secretive.txt"])).stdout == "text"


async def test_a_program_keeps_its_right_to_be_executed(folder: Path) -> None:
    write(folder, {"tool": "#!/bin/sh\necho ran\n"})
    (folder / "tool").chmod(0o700)
    assert (await run(folder, ["./tool"])).stdout == "ran\n"


async def test_a_folder_is_read_only_unless_asked(folder: Path) -> None:
    report = await run(folder, ["/bin/sh", "-c", "echo changed > kept.txt"])
    assert report.outcome is Outcome.FAILED
    assert list(folder.iterdir()) == []


async def test_what_is_written_to_a_writable_folder_stays_inside(folder: Path) -> None:
    write(folder, {"kept.txt": "before", "gone.txt": "", "deep/old.txt": "old"})
    script = "echo after > kept.txt; rm gone.txt deep/old.txt; mkdir new; echo x > new/file; cat kept.txt; ls . new"
    report = await run(folder, ["/bin/sh", "-ec", script], writable=True)
    assert report.outcome is Outcome.PASSED
    assert report.stdout.split() == ["after", ".:", "deep", "kept.txt", "new", "new:", "file"]
    assert {each.name: each.read_text() for each in folder.rglob("*.txt")} == {
        "kept.txt": "before", "gone.txt": "", "old.txt": "old",
    }  # fmt: skip


@pytest.mark.parametrize("writable", [False, True])
async def test_the_history_of_a_workspace_stays_outside(folder: Path, writable: bool) -> None:
    write(folder, {".git/config": "[remote]", "code.py": ""})
    report = await run(folder, ["/bin/sh", "-c", "ls -A .git"], writable=writable)
    assert report.stdout == ""


async def test_output_is_kept_at_both_ends(folder: Path) -> None:
    program = "print('first'); print('x' * 50_000); print('last')"
    report = await run(folder, ["python", "-c", program], limits=Limits(output_bytes=1000))
    assert (report.outcome, report.truncated) == (Outcome.PASSED, True)
    assert report.stdout.startswith("first\n")
    assert report.stdout.endswith("last\n")
    assert "49012 bytes left out" in report.stdout
    assert len(report.stdout) < 1100


async def test_output_that_is_not_text_is_shown_all_the_same(folder: Path) -> None:
    report = await run(folder, ["python", "-c", r"import os; os.write(1, b'a\xffb\0')"])
    assert report.stdout == "a\N{REPLACEMENT CHARACTER}b\0"


async def test_the_time_limit_ends_everything(folder: Path) -> None:
    report = await run(
        folder, ["/bin/sh", "-c", "echo begun; sleep 61.001 & sleep 61.001"], limits=Limits(seconds=2)
    )
    assert (report.outcome, report.exit_code, report.stdout) == (Outcome.TIMED_OUT, None, "begun\n")
    assert "2 s" in report.reason
    assert 2 <= report.seconds < 4
    assert running("61.001") == []


async def test_a_cancelled_task_takes_everything_along(folder: Path) -> None:
    task = asyncio.create_task(run(folder, ["/bin/sh", "-c", "setsid sleep 62.001 & sleep 62.001"]))
    assert await until_running("62.001")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running("62.001") == []


async def test_a_task_cancelled_at_any_moment_leaves_nothing(folder: Path) -> None:
    random = Random(7)
    for _ in range(40):
        task = asyncio.create_task(run(folder, ["sleep", "65.001"]))
        await asyncio.sleep(random.uniform(0, 0.15))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [
        each for each in psutil.process_iter(["cmdline"]) if "65.001" in " ".join(each.info["cmdline"] or ())
    ] == []


async def test_it_dies_with_the_process_that_started_it(folder: Path) -> None:
    program = (
        "import asyncio, pathlib, sys; from app.sandbox import run;"
        "asyncio.run(run(pathlib.Path(sys.argv[1]), ['/bin/sh', '-c', 'setsid sleep 63.001 & sleep 63.001']))"
    )
    starter = subprocess.Popen([sys.executable, "-c", program, str(folder)])
    assert await until_running("63.001")
    starter.kill()
    starter.wait(10)
    async with asyncio.timeout(10):
        while running("63.001"):
            await asyncio.sleep(0.02)


async def test_a_grandchild_that_detached_itself_is_gone_when_the_report_comes(folder: Path) -> None:
    program = "import os, time\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n  os.execlp('sleep', 'sleep', '64.001')\n os._exit(0)\ntime.sleep(0.3)"
    began = time.monotonic()
    report = await run(folder, ["python", "-c", program])
    assert report.outcome is Outcome.PASSED
    assert running("64.001") == []
    assert time.monotonic() - began < 30


async def test_runs_do_not_see_each_other(folder: Path) -> None:
    write(
        folder,
        {
            "look.py": "import os, time\nopen('/tmp/mine', 'x').close()\ntime.sleep(0.5)\nprint(len([p for p in os.listdir('/proc') if p.isdigit()]))"
        },
    )
    reports = await asyncio.gather(*(run(folder, ["python", "look.py"]) for _ in range(4)))
    assert [(each.outcome, each.stdout) for each in reports] == [(Outcome.PASSED, "2\n")] * 4


async def test_no_descriptor_and_no_child_is_left(folder: Path) -> None:
    await run(folder, ["/bin/true"])
    before = len(list(Path("/proc/self/fd").iterdir()))
    for command in (["/bin/true"], ["no-such-program"], ["sleep", "60"]):
        await run(folder, command, limits=Limits(seconds=1))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert [each for each in psutil.Process().children() if each.name() == "bwrap"] == []


async def test_a_folder_that_is_too_big_is_not_run(folder: Path) -> None:
    with (folder / "huge").open("wb") as file:
        file.truncate(400_000_000)
    report = await run(folder, ["/bin/true"], writable=True)
    assert report.outcome is Outcome.NOT_RUN
    assert "bigger than the sandbox takes" in report.reason


async def test_pipes_and_sockets_of_the_folder_are_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    report = await run(folder, ["ls"], writable=True, limits=Limits(seconds=10))
    assert (report.outcome, report.stdout) == (Outcome.PASSED, "")


@pytest.mark.parametrize("command", [[], ["a\0b"]], ids=["empty", "null"])
async def test_a_command_that_cannot_be_run_is_refused(folder: Path, command: list[str]) -> None:
    with pytest.raises(InputError):
        await run(folder, command)


@pytest.mark.parametrize("place", ["/etc", "../up", "a:b"])
async def test_python_path_stays_in_the_folder(folder: Path, place: str) -> None:
    with pytest.raises(InputError):
        await run(folder, ["/bin/true"], python_path=[place])


async def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        await run(tmp_path / "missing", ["/bin/true"])


async def test_whether_it_is_available_can_be_asked_anywhere() -> None:
    program = "import asyncio\nfrom app.sandbox import available\nasync def ask(): return available()\nprint(asyncio.run(ask()))"
    asked = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.PIPE)
    assert (await asked.communicate())[0] == b"Availability(available=True, reason='')\n"
    assert available().available
