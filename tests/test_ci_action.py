"""The action and the workflow of docs/ci: their steps, run by bash as a runner would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from conftest import ROOT

ACTION = yaml.safe_load((ROOT / "docs" / "ci" / "action.yml").read_text())
WORKFLOW = yaml.safe_load((ROOT / "docs" / "ci" / "unieval-gate.yml").read_text())
JUDGE = "--judge {} --task genai-bench-image --data demo --limit 40"


def expanded(text: str, known: dict[str, str]) -> str:
    """``${{ ... }}`` replaced; what is not known is an error."""
    return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: known[found[1]], text)


def holds(condition: str | None, known: dict[str, str]) -> bool:
    if condition is None:
        return True
    name, value = re.fullmatch(r"(\S+) != '(.*)'", condition).groups()
    return known[name] != value


def act(folder: Path, cache: Path, **inputs: str) -> tuple[int, dict[str, str], str]:
    """Run the action's steps in a folder: exit code, outputs, all that was printed."""
    given = {name: own.get("default", "") for name, own in ACTION["inputs"].items()} | inputs
    assert set(given) == set(ACTION["inputs"])
    known = {f"inputs.{name}": value for name, value in given.items()}
    printed = ""
    for number, step in enumerate(ACTION["runs"]["steps"]):
        if not holds(step.get("if"), known):
            continue
        script, outputs = folder / f"step{number}.sh", folder / f"outputs{number}"
        script.write_text(step["run"])
        outputs.touch()
        environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "UNIEVAL_CACHE": str(cache),
            "OMP_NUM_THREADS": "1",
            "GITHUB_OUTPUT": str(outputs),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            **{name: expanded(value, known) for name, value in step.get("env", {}).items()},
        }
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "inputs in scripts could run as commands"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        printed += done.stdout + done.stderr
        lines = outputs.read_text().splitlines()
        known |= {
            f"steps.{step.get('id')}.outputs.{k}": v for k, v in (s.split("=", 1) for s in lines)
        }
        if done.returncode:
            break
    found = {
        name: expanded(own["value"], known)
        for name, own in ACTION["outputs"].items()
        if own["value"][4:-3] in known
    }
    return done.returncode, found, printed


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A cache with the demo data, and the oracle's run as baseline."""
    from unieval.harness.run import run

    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNIEVAL_CACHE", str(folder / "cache"))
        for judge in ("oracle", "first"):
            run(judge=judge, task="genai-bench-image", out=folder / judge, data="demo", limit=40)
    return {"cache": folder / "cache", "oracle": folder / "oracle", "first": folder / "first"}


def gates(folder: Path, text: str) -> None:
    (folder / "gates.yaml").write_text(text)


def test_the_same_judge_passes(world, tmp_path):
    gates(tmp_path, "genai-bench-image.tau: {max_drop: 0}\ngenai-bench-image: {max_failed: 0}\n")
    code, outputs, printed = act(
        tmp_path, world["cache"], baseline=str(world["oracle"]), run=JUDGE.format("oracle")
    )
    assert (code, outputs) == (0, {"outcome": "pass", "exit-code": "0"}), printed
    assert (tmp_path / "summary.md").read_text() == (tmp_path / "unieval-gate.md").read_text()
    suite = ElementTree.parse(tmp_path / "unieval-gate.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "0")


def test_a_worse_judge_fails(world, tmp_path):
    gates(tmp_path, "genai-bench-image.diff: {max_drop: 0.05}\n")
    code, outputs, printed = act(
        tmp_path, world["cache"], baseline=str(world["oracle"]), run=JUDGE.format("random")
    )
    assert (code, outputs) == (1, {"outcome": "fail", "exit-code": "1"}), printed
    assert ":x: FAILS" in (tmp_path / "unieval-gate.md").read_text()


@pytest.mark.parametrize(("inconclusive", "code"), [("fail", 4), ("pass", 0)])
def test_a_gate_that_cannot_decide(world, tmp_path, inconclusive, code):
    """The candidate's run is there already, and 40 items say little about 0.3."""
    gates(tmp_path, "genai-bench-image.diff: {min: 0.5}\n")
    found, outputs, printed = act(
        tmp_path,
        world["cache"],
        baseline=str(world["oracle"]),
        candidate=str(world["first"]),
        inconclusive=inconclusive,
    )
    assert (found, outputs) == (code, {"outcome": "inconclusive", "exit-code": "4"}), printed


def test_no_baseline(world, tmp_path):
    gates(tmp_path, "genai-bench-image.diff: {min: 0.5}\n")
    code, outputs, printed = act(
        tmp_path, world["cache"], baseline="nowhere", candidate=str(world["first"])
    )
    assert (code, outputs["outcome"]) == (2, "error")
    assert "nowhere is no run folder" in printed


def test_the_workflow_uses_the_action():
    """With inputs that it has, in steps that are what they should be."""
    (job,) = WORKFLOW["jobs"].values()
    (step,) = [step for step in job["steps"] if step.get("uses", "").endswith("unieval-gate")]
    assert set(step["with"]) <= set(ACTION["inputs"])
    assert {name for name, own in ACTION["inputs"].items() if own.get("required")} <= set(
        step["with"]
    )
    for step in job["steps"]:
        assert ("run" in step) != ("uses" in step)
        checked = subprocess.run(["bash", "-n"], input=step.get("run", ""), text=True, check=False)
        assert checked.returncode == 0, step
