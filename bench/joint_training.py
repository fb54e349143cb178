"""Does judging one thing help to judge another? The paper's claim, tested in the shapes world.

    python -m unieval.reward_training.nano NANO     once: where all trainings start (docs/nano.md)
    python bench/joint_training.py NANO WORK        some 50 minutes on one core

Three tasks: which answer about a picture is better (image understanding), which picture is better
(image generation), which film (video generation). A model is trained on each alone, and one on all
three, with the same rows of each task, the same start and the same settings; several seeds, each
with rows, order and held-out items of its own. What is compared is ``diff`` on held-out pairs, both
orders; intervals are Student's t over the seeds. Trainings that are done are not done again.

All start from ``NANO/read``, which has seen pictures, films, captions and questions, and some
judgements, but never a preference file: the question is about the judge's own training.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table
from scipy.stats import t
from unieval.harness.run import run
from unieval.judges.nano import PROMPTS
from unieval.reward_training.nano.data import write
from unieval.reward_training.train import train

TASKS = {
    "image understanding": ("answer-pairs", "image-understanding"),
    "image generation": ("image-pairs", "image-generation"),
    "video generation": ("video-pairs", "video-generation"),
}
"""Each task's kind of rows, and its group among the held-out pairs."""
JOINT = "all three"
BATCH = 8


def trained(start: Path, work: Path, name: str, kinds: Sequence[str], rows: int, seed: int) -> Path:
    """A judge trained on so many rows of each of the kinds."""
    folder = work / f"seed-{seed}"
    write(folder / "data", dict.fromkeys(kinds, rows), seed=1000 + seed, processes=1)
    config = folder / f"{name.replace(' ', '-')}.yaml"
    settings = {
        "model": {"path": str(start.resolve())},
        "data": {
            "root": "data",
            "seed": seed,
            "video": "native",
            "prompts": str(PROMPTS),
            "max_pixels": 64 * 64,
            "sources": {kind: {"adapter": "jsonl", "data": f"{kind}.jsonl"} for kind in kinds},
        },
        "training": {
            "steps": rows * len(kinds) // BATCH,
            "batch_size": BATCH,
            "learning_rate": 5e-4,
            "warmup": 30,
            "weight_decay": 0.01,
            "workers": 0,
            "log_every": 50,
            "save_every": 100_000,
            "seed": seed,
        },
        "output": config.stem,
    }
    config.write_text(yaml.safe_dump(settings, sort_keys=False))
    return train(config)


def measured(judge: Path, group: str, items: int, seed: int) -> float:
    """Share of decided held-out pairs on which the judge agrees with the label, in both orders."""
    found = run(
        judge="unifiedreward-nano",
        judge_arguments={"path": str(judge), "pairs": "verdicts"},
        task="preference-pairs",
        task_arguments={"only": group},
        data="demo",
        limit=items,
        order="both",
        seed=2000 + seed,
        out=judge / "held-out" / group,
    )
    return float(found["tasks"]["preference-pairs"]["metrics"]["diff"]["value"])


def interval(values: Sequence[float]) -> str:
    """Mean and 95% interval over the seeds, in percent."""
    many = np.asarray(values) * 100
    half = t.ppf(0.975, len(many) - 1) * many.std(ddof=1) / np.sqrt(len(many))
    return f"{many.mean():.1f} [{many.mean() - half:.1f}, {many.mean() + half:.1f}]"


def table(single: Mapping[str, list[float]], joint: Mapping[str, list[float]], rows: int) -> Table:
    """One line a task: trained alone, trained jointly, and the paired difference."""
    made = Table(title=f"diff in percent, 95% intervals over seeds; {rows:,} rows a task")
    for column in ("task", "alone", "jointly", "jointly - alone"):
        made.add_column(column, justify="left" if column == "task" else "right")
    differences = {
        task: [b - a for a, b in zip(single[task], joint[task], strict=True)] for task in single
    }
    for task in single:
        made.add_row(task, *map(interval, (single[task], joint[task], differences[task])))
    by_seed = [list(np.mean(list(each.values()), axis=0)) for each in (single, joint, differences)]
    made.add_row("mean of the tasks", *map(interval, by_seed), style="bold")
    return made


def main() -> int:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("nano", type=Path, help="folder of the nano judge's training")
    parser.add_argument("work", type=Path, help="folder for trainings")
    parser.add_argument("--rows", type=int, default=2000, help="rows of each task")
    parser.add_argument("--items", type=int, default=200, help="held-out pairs of each task")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    single: dict[str, list[float]] = {task: [] for task in TASKS}
    joint: dict[str, list[float]] = {task: [] for task in TASKS}
    start, every = given.nano / "read", [kind for kind, _ in TASKS.values()]
    for seed in range(given.seeds):
        together = trained(start, given.work, JOINT, every, given.rows, seed)
        for task, (kind, group) in TASKS.items():
            alone = trained(start, given.work, task, [kind], given.rows, seed)
            single[task].append(measured(alone, group, given.items, seed))
            joint[task].append(measured(together, group, given.items, seed))
            figures = f"{single[task][-1]:.3f} alone, {joint[task][-1]:.3f} jointly"
            print(f"seed {seed}, {task}: {figures}", flush=True)
    Console().print(table(single, joint, given.rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
