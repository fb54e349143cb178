"""The wheel, installed elsewhere, works without the checkout."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from what git tracks, so that nothing else can slip in."""
    source = tmp_path_factory.mktemp("source")
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, files):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*build, str(source)], check=True, capture_output=True)
    (built,) = out.glob("unieval-*.whl")
    return built


@pytest.mark.slow
def test_every_package_and_data_file_is_in_it(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        [
            "git",
            "ls-files",
            "*.py",
            "*.j2",
            "*.yaml",
            "leaderboard/*.json",
            "leaderboard/*.css",
            "leaderboard/*.js",
            "judges/nano",
            "py.typed",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    shipped = [f for f in tracked if not f.startswith(("tests/", "bench/", "docs/"))]
    assert {f"unieval/{name}" for name in shipped} <= names
    assert not [n for n in names if n.startswith(("unieval/tests", "unieval/bench", "tests"))]


@pytest.mark.slow
def test_it_runs_in_an_environment_of_its_own(wheel, tmp_path, cache):
    """Dependencies come from this environment by path, the package from the wheel alone."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-deps", str(wheel)],
        check=True,
        capture_output=True,
    )
    (packages,) = (home / "lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(site.getsitepackages()[0] + "\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {**os.environ, "UNIEVAL_CACHE": str(cache)}

    def unieval(*arguments: str) -> str:
        done = subprocess.run(
            [str(home / "bin" / "unieval"), *arguments],
            cwd=elsewhere,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = "import unieval; print(unieval.__file__)"
    found = subprocess.run(
        [python, "-c", where], cwd=elsewhere, capture_output=True, text=True, check=True
    ).stdout
    assert found.startswith(str(home))
    assert "leaderboard" in unieval("--help")
    done = unieval(
        *("run", "--judge", "oracle", "--task", "genai-bench-image", "--data", "demo"),
        *("--limit", "20", "--out", "run", "--json"),
    )
    assert json.loads(done)["tasks"]["genai-bench-image"]["n"] == 20
    nano = ("run", "--judge", "unifiedreward-nano", "--task", "genai-bench-image")
    done = unieval(*nano, "--data", "demo", "--limit", "4", "--out", "nano", "--json")
    assert json.loads(done)["tasks"]["genai-bench-image"]["failed"] == 0
    assert "UnifiedReward" in unieval("leaderboard", "run", "--published")
    assert "unifiedreward-think-qwen-7b" in unieval("judges")
