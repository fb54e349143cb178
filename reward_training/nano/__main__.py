"""``python -m unieval.reward_training.nano FOLDER``: make the nano judge."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ...harness.errors import UserError
from .recipe import Recipe, make


def main() -> int:
    """Make the judge; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m unieval.reward_training.nano",
        description="Make unifiedreward-nano from random weights, or go on with it.",
    )
    parser.add_argument("folder", type=Path, help="where everything is written")
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    given = parser.parse_args()
    try:
        print(make(given.folder, Recipe(seed=given.seed)))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
