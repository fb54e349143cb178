"""The peers' own virtual environment, and one engine's run in it.

The environment is made once, in ``$UNIEVAL_CACHE`` or the user's cache folder, and never touches
the one that ``unieval`` is installed in. Peers run offline.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from measured import measure

ENGINES = {
    "unieval": "unieval_engine.py",
    "lm_eval": "lm_eval_engine.py",
    "inspect_ai": "inspect_engine.py",
    "inspect_ai (fastest settings)": "inspect_engine.py",
}
_TORCH = "torch==2.13.0"
"""First and pinned, so that nothing else draws a larger build of it."""
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "NO_COLOR": "1",
}


class UnavailableError(Exception):
    """A peer that cannot be installed, with the reason."""


def peer_python(engine: str, say: Callable[[str], object]) -> str:
    """The Python that has this engine; installs the peer if it is not there.

    Raises:
        UnavailableError: pip failed; says how.
    """
    if engine.startswith("unieval"):
        return sys.executable
    folder = _cache() / "bench-peers"
    python = folder / "bin" / "python"
    if not python.exists():
        _call([sys.executable, "-m", "venv", str(folder)])
        say(f"installing {_TORCH} in {folder.name}: this takes a while, and happens once")
        _call([str(python), "-m", "pip", "install", "--quiet", _TORCH])
    package = engine.partition(" ")[0]
    if subprocess.run([python, "-c", f"import {package}"], capture_output=True).returncode:
        say(f"installing {package}")
        _call([str(python), "-m", "pip", "install", "--quiet", _TORCH, package])
    return str(python)


def engine(name: str, python: str, data: Path) -> tuple[float, float, str]:
    """Run one engine over the items.

    Returns:
        Seconds inside the engine (imports not counted), peak memory in MB, the peer's version.

    Raises:
        FailedError: the engine did not finish.
    """
    script = Path(__file__).with_name(ENGINES[name])
    how = ["fastest"] if "fastest" in name else []
    usage = measure([python, str(script), str(data), *how], _OFFLINE)
    said = json.loads(usage.output.strip().splitlines()[-1])
    return said["seconds"], usage.peak, said["version"]


def _cache() -> Path:
    if given := os.environ.get("UNIEVAL_CACHE"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unieval"


def _call(arguments: list[str]) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise UnavailableError(f"{' '.join(arguments[1:])}: {lines[-1][:200]}")
