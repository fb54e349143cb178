"""Draw a leaderboard as the SVG that the README shows: ``render.py RUNS... OUT.svg``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from unieval.leaderboard import build, print_tables


def main() -> None:
    *runs, out = map(Path, sys.argv[1:])
    console = Console(record=True, width=96, file=sys.stderr, force_terminal=True)
    print_tables(build(runs), console)
    drawn = console.export_svg(title="unieval leaderboard", theme=MONOKAI)
    # The reader's own monospace font will do; a picture should fetch nothing.
    out.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL))


if __name__ == "__main__":
    main()
