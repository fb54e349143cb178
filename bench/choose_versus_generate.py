"""Does a verdict taken from probabilities agree with the written one, and are they calibrated?

    python bench/choose_versus_generate.py --judge unifiedreward-nano --data demo

Every item is judged twice in both orders, with ``decode=generate`` and ``decode=choose``. For each
task: the share of the same verdict (of pairs) or the rank correlation of the scores (of points);
the accuracy, or Spearman's correlation with people, of each; the mean probability that ``choose``
gave its verdict; and the expected calibration error: how far, on average over ten bins of
probability, that lies from the share of verdicts that people agree with.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from unieval.harness.run import run
from unieval.harness.store import Store

BINS = 10


def judged(given: argparse.Namespace, decode: str, folder: Path) -> pd.DataFrame:
    """Every record with its item's label."""
    arguments = dict(pair.split("=", 1) for pair in given.judge_arg or ())
    run(
        judge=given.judge,
        judge_arguments={"pairs": "verdicts", **arguments, "decode": decode},
        task=given.task,
        data=given.data,
        limit=given.limit,
        seed=given.seed,
        out=folder / decode,
    )
    query = (
        "SELECT r.task, r.item, r.ord, r.status, r.verdict, r.score_a, r.logprobs, i.label,"
        " i.grp"
        " FROM records r JOIN items i ON i.task = r.task AND i.position = r.position"
    )
    with Store(folder / decode) as store:
        return pd.read_sql_query(query, store._db)


def calibration(pairs: pd.DataFrame) -> tuple[float, float]:
    """Mean probability of the verdicts, and the expected calibration error on decided labels."""
    told = pairs[pairs.label.isin(["first", "second"])]
    sure = told.logprobs.map(lambda text: np.exp(max(json.loads(text).values())))
    right = (told.verdict == told.label).astype(float)
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = (right - sure).groupby(bins).agg(["mean", "count"])
    return float(sure.mean()), float((gaps["mean"].abs() * gaps["count"]).sum() / len(told))


def line(task: str, both: pd.DataFrame) -> list[str]:
    """One task's figures."""
    if both.verdict.notna().any():
        told = both[both.label.isin(["first", "second"])]
        sure, gap = calibration(both)
        figures = [
            (both.verdict_written == both.verdict).mean(),
            (told.verdict_written == told.label).mean(),
            (told.verdict == told.label).mean(),
        ]
        return [task, f"{len(both):,}", *(f"{f:.3f}" for f in figures), f"{sure:.3f}", f"{gap:.3f}"]
    scores = both.assign(people=both.label.map(lambda text: json.loads(text)[0]))
    columns = [("score_a_written", "score_a"), ("score_a_written", "people"), ("score_a", "people")]
    figures = [  # each group has a range of its own
        scores.groupby("grp")[list(pair)].corr(method="spearman").iloc[::2, 1].mean()
        for pair in columns
    ]
    return [task, f"{len(both):,}", *(f"{f:.3f}" for f in figures), "", ""]


def table(generated: pd.DataFrame, chosen: pd.DataFrame) -> Table:
    """One line a task."""
    made = Table(title="generate and choose")
    for column in ("task", "n", "same", "generate", "choose", "probability", "calibration error"):
        made.add_column(column, justify="left" if column == "task" else "right")
    asked = ["task", "item", "ord"]
    both = chosen.merge(
        generated.drop(columns=["grp", "label"]), on=asked, suffixes=("", "_written")
    )
    for task, part in both.groupby("task", sort=False):
        made.add_row(*line(str(task), part))
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge twice, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--judge", default="unifiedreward-nano")
    parser.add_argument("--judge-arg", action="append", metavar="K=V")
    parser.add_argument("--task", action="append")
    parser.add_argument("--data", default="demo")
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--seed", type=int, default=0)
    given: Any = parser.parse_args(arguments)
    given.task = given.task or ["genai-bench", "vl-rewardbench", "preferences"]
    with tempfile.TemporaryDirectory() as folder:
        generated, chosen = (judged(given, d, Path(folder)) for d in ("generate", "choose"))
    Console(width=110).print(table(generated, chosen))
    return 0


if __name__ == "__main__":
    sys.exit(main())
