from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.stack import process
from app.stack.process import Process

PYTHON = sys.executable


def wait_for_text(path: Path, text: str) -> None:
    deadline = time.monotonic() + 10
    while text not in (path.read_text() if path.exists() else ""):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_process_id_that_was_given_to_another_program_is_not_ours() -> None:
    mine = psutil.Process()
    assert process.is_running(Process(mine.pid, mine.create_time()))
    other = Process(mine.pid, mine.create_time() - 60)
    assert not process.is_running(other)
    assert process.stop(other, signal.SIGKILL, 1) == "not running"


def test_output_and_environment_reach_the_process_and_not_its_command(tmp_path: Path) -> None:
    log = tmp_path / "log"
    running = process.start(
        [
            PYTHON,
            "-c",
            "import os, time; print(os.environ['WORD'], os.getsid(0), flush=True); time.sleep(60)",
        ],
        {"WORD": "canary"},
        log,
    )
    try:
        wait_for_text(log, f"canary {running.pid}")
        assert "canary" not in " ".join(psutil.Process(running.pid).cmdline())
        assert log.stat().st_mode & 0o777 == 0o600
    finally:
        assert process.stop(running, signal.SIGTERM, 10) == "graceful"
    assert not process.is_running(running)


def test_a_process_that_does_not_stop_is_killed_with_its_children(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = (
        "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "print('child', child.pid, flush=True); child.wait()"
    )
    running = process.start([PYTHON, "-c", script], {}, log)
    wait_for_text(log, "\n")
    child = psutil.Process(int(log.read_text().split()[1]))
    assert process.stop(running, signal.SIGTERM, 0.2) == "killed"
    assert not process.is_running(running)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_process_outlives_the_one_that_started_it(tmp_path: Path) -> None:
    starter = (
        "import os, signal, sys; from pathlib import Path; from app.stack import process;"
        "p = process.start([sys.executable, '-c', 'import time; time.sleep(60)'], {}, Path(sys.argv[1]));"
        "print(p.pid, p.created, flush=True); os.kill(0, signal.SIGKILL)"
    )
    ended = subprocess.run(
        [PYTHON, "-c", starter, str(tmp_path / "log")], capture_output=True, text=True, start_new_session=True
    )
    pid, created = ended.stdout.split()
    running = Process(int(pid), float(created))
    assert ended.returncode == -signal.SIGKILL
    assert process.is_running(running)
    process.stop(running, signal.SIGKILL, 10)


def test_a_running_process_is_found_by_its_arguments(tmp_path: Path) -> None:
    marker = ("time.sleep(60)#", str(tmp_path))
    running = process.start([PYTHON, "-c", "import time; time.sleep(60)", *marker], {}, tmp_path / "log")
    try:
        assert process.find(marker) == running
        assert process.find((*marker, "other")) is None
    finally:
        process.stop(running, signal.SIGKILL, 10)


def test_a_zombie_does_not_count_as_running() -> None:
    child = subprocess.Popen([PYTHON, "-c", "pass"])
    created = psutil.Process(child.pid).create_time()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not process.is_running(Process(child.pid, created))
    child.wait()


@pytest.mark.parametrize("text", ["", "{", '{"neo4j": {}}', '{"neo4j": []}'])
def test_a_state_file_that_was_never_finished_counts_as_none(tmp_path: Path, text: str) -> None:
    from app.stack import state

    (tmp_path / "state.json").write_text(text)
    assert state.load(tmp_path) == {}
