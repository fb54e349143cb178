"""What tests share: the recorded data of other people, and a way to run the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Ctrl-C works in tests and what they start, also where a shell runs them in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of recorded data: ``$UNIEVAL_SHARED`` or ``../shared`` beside the checkout."""
    folder = Path(os.environ.get("UNIEVAL_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"recorded data are missing in CI: {folder}")
        pytest.skip(f"recorded data are not here: {folder} (set UNIEVAL_SHARED)")
    return folder


@pytest.fixture(scope="session")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Qwen2.5-VL checkpoint; tests that change one work on a copy."""
    from tiny_checkpoints import save_tiny_qwen

    return save_tiny_qwen(tmp_path_factory.mktemp("qwen"))


@pytest.fixture(scope="session")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny LLaVA-OneVision checkpoint."""
    from tiny_checkpoints import save_tiny_llava

    return save_tiny_llava(tmp_path_factory.mktemp("llava"))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small models are faster on one thread of a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@dataclass(frozen=True)
class Finished:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("UNIEVAL_CACHE", str(folder))
    return folder


@pytest.fixture
def unieval(capsys: pytest.CaptureFixture[str]) -> Callable[..., Finished]:
    """Runs the command line in this process, as ``unieval ARGUMENTS`` would."""
    from unieval import cli

    def call(*arguments: object) -> Finished:
        argv = sys.argv
        sys.argv = ["unieval", *map(str, arguments)]
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            sys.argv = argv
        out, err = capsys.readouterr()
        return Finished(code, out, err)

    return call


@pytest.fixture
def unieval_process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command line in a process of its own."""

    def call(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "unieval.cli", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, **options)

    return call


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def genai_items(tmp_path: Path) -> Callable[..., Path]:
    """Writes GenAI-Bench image items whose pictures do not exist, votes in a pattern."""
    votes = ("leftvote", "rightvote", "tievote", "bothbad_vote")

    def write(n: int, name: str = "items.jsonl", **columns: Any) -> Path:
        rows = [
            {
                "idx": i,
                "prompt": f"prompt {i}",
                "left_image": f"{i}-left.png",
                "right_image": f"{i}-right.png",
                "vote_type": votes[i * 7 % 4],
                **columns,
            }
            for i in range(n)
        ]
        return write_jsonl(tmp_path / name, rows)

    return write
