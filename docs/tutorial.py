"""Run the tutorial: writes into ``docs/tutorial.md`` what its commands print.

``python docs/tutorial.py`` does it; a test tells when the page says something else. Lines of
``console`` blocks that begin with ``$`` are run one after the other in an empty folder; blocks with
a ``title`` are written to a file of that name there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).with_suffix(".md")
WIDTH = 100
_BLOCK = re.compile(r'```(?P<kind>\w+)(?: title="(?P<file>[^"]+)")?\n(?P<text>.*?)```', re.DOTALL)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(rendered(Path(folder)), encoding="utf-8")


def rendered(folder: Path) -> str:
    """The page, with what its commands print when they are run in the folder."""

    def played(block: re.Match[str]) -> str:
        if block["file"]:
            (folder / block["file"]).write_text(block["text"], encoding="utf-8")
        if block["kind"] != "console":
            return block[0]
        commands = [line[2:] for line in block["text"].splitlines() if line.startswith("$ ")]
        shown = "".join(f"$ {command}\n{_printed(command, folder)}" for command in commands)
        return f"```console\n{shown}```"

    return _BLOCK.sub(played, PAGE.read_text(encoding="utf-8"))


def _printed(command: str, folder: Path) -> str:
    """What a command prints to standard output.

    Raises:
        RuntimeError: it printed a traceback.
    """
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "UNIEVAL_CACHE": str(folder / "cache"),
        "COLUMNS": str(WIDTH),
    }
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if "Traceback" in done.stderr:
        raise RuntimeError(f"{command}\n{done.stderr}")
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.strip().splitlines())


if __name__ == "__main__":
    main()
