"""Coverage-guided fuzzing of one target with atheris, which is not among the test dependencies.

    pip install atheris
    python tests/fuzz/explore.py answer -runs=1000000

What finds new ways through the code is kept in a folder beside the temporary files, never in the
saved corpus; a finding is written to ``crash-*`` in the working folder. Other options are
libFuzzer's.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

CORPUS = Path(__file__).parent / "corpus"


def main() -> None:
    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["unieval"]):
        from targets import TARGETS

        if name in ("answer", "likely", "benchmark", "about_run"):
            import unieval.harness.scoring
            import unieval.judges
            import unieval.leaderboard
            import unieval.tasks  # noqa: F401  (what targets import later would not be seen)
    grown = Path(tempfile.gettempdir()) / "unieval-fuzz" / name
    grown.mkdir(parents=True, exist_ok=True)
    atheris.Setup([sys.argv[0], *options, str(grown), str(CORPUS / name)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
