"""Help and listings are instant: they import no model code, no data frames, no network code."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "datasets", "pandas", "scipy", "PIL", "av", "pyarrow", "requests")


def imported(*arguments: str) -> set[str]:
    script = (
        "import sys; sys.argv = ['unieval', *sys.argv[1:]]\n"
        "from unieval.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('\\nIMPORTED', *{name.partition('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stdout.rpartition("IMPORTED")[2].split())


@pytest.mark.parametrize(
    "command",
    [
        ("--help",),
        ("run", "--help"),
        ("tasks",),
        ("tasks", "vl-rewardbench"),
        ("tasks", "preference-points"),
        ("judges",),
        ("judges", "unifiedreward"),
        ("leaderboard", "--help"),
    ],
)
def test_light_commands_import_nothing_heavy(command):
    assert not imported(*command) & set(HEAVY)


def test_help_does_not_even_import_numpy():
    assert "numpy" not in imported("--help")


def test_a_run_without_a_model_imports_no_model_code(genai_items, tmp_path):
    loaded = imported(
        *("run", "--judge", "random", "--task", "genai-bench-image", "--json"),
        *("--data", str(genai_items(5)), "--out", str(tmp_path / "run")),
    )
    assert not loaded & {"torch", "transformers", "datasets", "pandas", "PIL"}
