"""Processes that are killed, stopped, asked to end, or that want one run folder together."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Start = Callable[..., subprocess.Popen[str]]
Records = Callable[[Path], list[tuple[Any, ...]]]


def until(there: Path, process: subprocess.Popen[str]) -> None:
    """Until the process has made the file."""
    while not there.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def state(process: subprocess.Popen[str]) -> str:
    """One letter: T is stopped, Z has ended."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.slow
def test_one_folder_and_several_processes(
    unieval, arguments, start: Start, records: Records, tmp_path: Path
) -> None:
    """Stopped it holds the folder, killed it does not, and nothing of what it wrote is lost."""
    at, run = tmp_path / "waiting", tmp_path / "run"
    command = ("waits-once", "--judge-arg", f"at={at}")
    first = start(*command)
    until(at, first)
    before = records(run)
    assert len(before) == 16

    first.send_signal(signal.SIGSTOP)
    while state(first) != "T":
        time.sleep(0.01)
    refused = unieval(*arguments(*command))
    assert refused.code == 2
    host = re.escape(os.uname().nodename)
    held = rf"is in use by process {first.pid} on {host} since \d{{4}}-\d\d-\d\dT[\d:]+\+00:00; "
    assert re.search(held, refused.err), refused.err
    assert "wait for it, or choose another --out" in refused.err
    assert records(run) == before

    first.send_signal(signal.SIGCONT)
    first.kill()
    first.communicate()
    assert records(run) == before

    at.unlink()
    second = start(*command)  # takes the dead process's folder over
    until(at, second)
    second.send_signal(signal.SIGTERM)
    _, said = second.communicate(timeout=60)
    assert second.returncode == 130
    assert "continuing" in said
    assert f"{run} keeps what is done. Run the same command again to go on" in said
    assert "Traceback" not in said
    now = records(run)
    assert set(before) < set(now)

    at.unlink()
    third = start(*command)
    until(at, third)
    third.send_signal(signal.SIGSTOP)
    while state(third) != "T":
        time.sleep(0.01)
    third.send_signal(signal.SIGCONT)
    at.unlink()
    _, said = third.communicate(timeout=60)
    assert third.returncode == 0, said
    undisturbed = tmp_path / "undisturbed"
    judged = ("waits-once", "--judge-arg", f"at={at}", "--judge-arg", "before=0")
    assert unieval(*arguments(*judged, out=undisturbed)).code == 0
    assert records(run) == records(undisturbed)


def test_killed_again_and_again_it_still_ends(
    start: Start, unieval, arguments, records: Records, tmp_path: Path
) -> None:
    dies = start("dies", "--judge-arg", "at=3")
    dies.communicate()
    assert dies.returncode == -signal.SIGKILL
    assert len(records(tmp_path / "run")) == 32
    assert unieval(*arguments("dies", "--judge-arg", "at=4")).code == 2  # another judge, says why
    again = start("dies", "--judge-arg", "at=3")
    again.communicate()
    assert len(records(tmp_path / "run")) == 64
    last = start("dies", "--judge-arg", "at=3")
    last.communicate()
    assert last.returncode == 0
    assert len(records(tmp_path / "run")) == 80


def test_a_clock_that_goes_backwards(
    unieval, arguments, records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert unieval(*arguments("random", out=tmp_path / "usual")).code == 0
    now = [time.time()]

    def backwards() -> float:
        now[0] -= 3600
        return now[0]

    with monkeypatch.context() as patched:
        patched.setattr(time, "time", backwards)
        first = unieval(*arguments("random", "--limit", "40"))
        for file in (tmp_path / "run").iterdir():
            os.utime(file, (now[0] + 10**6, now[0] + 10**6))  # files from the future
        again = unieval(*arguments("random", "--limit", "40"))
    assert (first.code, again.code) == (0, 0)
    assert first.json["timing"]["seconds"] >= 0
    assert again.json["timing"]["outputs"] == 0
    assert records(tmp_path / "run") == records(tmp_path / "usual")
