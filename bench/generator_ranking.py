"""Does a judge rank generators as the truth does? Checkpoints of known quality, side by side.

    python bench/generator_ranking.py MODEL                ten versions of it, more and more damaged
    python bench/generator_ranking.py BEFORE AFTER ...     these, as they are

Each folder is a diffusers pipeline of the shapes world (``unieval shapes-model image`` trains one).
Of a single one, ten versions are made by adding noise to the weights of its denoiser: a share of
each tensor's own deviation, from none to ``--most``. All draw the same prompts from the same noise.
The table has, for each, the judge's mean score, its win rate over the first checkpoint as that
judge and as the truth see it, and the truth, which ``shapes-reader`` measures in the pixels.

The rank correlation over checkpoints stands below it, with an interval from resampling prompts.
What is done is not done again: the same command goes on.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from unieval.harness.grading import grades_name
from unieval.harness.percentiles import percentiles
from unieval.harness.read_only import ReadOnlyStore
from unieval.harness.run import run
from unieval.harness.statistics import DRAWS, SEED

TRUTH = "shapes-reader"
DENOISERS = ("unet", "transformer")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """One checkpoint: what the judge and the truth say of each prompt, ``nan`` where nothing."""

    name: str
    judged: Floats
    true: Floats
    score: Mapping[str, Any]
    truth: Mapping[str, Any]
    wins: Mapping[str, Any]
    true_wins: Mapping[str, Any]


def main() -> None:
    options = parsed()
    models = options.models
    if len(models) == 1:
        models = damaged(models[0], options.out / "checkpoints", options.versions, options.most)
    measured: list[Measured] = []
    for number, model in enumerate(models):
        name = f"{number}-{model.name}"
        measured.append(
            measure(
                name, model, options.out / "runs", measured[0].name if measured else name, options
            )
        )
    print(table(measured, options.judge))
    print()
    print(correlation(measured))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--judge", default="unifiedreward-nano")
    parser.add_argument("--judge-arg", action="append", default=[], metavar="K=V")
    parser.add_argument("--makes", choices=("image", "video"), default="image")
    parser.add_argument("--prompts", type=int, help="all of the demo set unless given")
    parser.add_argument("--versions", type=int, default=10)
    parser.add_argument("--most", type=float, default=0.3, help="noise in the last version")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--guidance", type=float, default=3.0)
    parser.add_argument("--batch-size", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("runs/generator-ranking"))
    return parser.parse_args()


def damaged(model: Path, folder: Path, versions: int, most: float) -> list[Path]:
    """Copies of a pipeline with noise in its denoiser's weights, the first without.

    Args:
        model: the pipeline.
        folder: gets the copies.
        versions: how many.
        most: deviation of the noise in the last one, as a share of each tensor's.
    """
    import torch
    from safetensors.torch import load_file, save_file

    made = []
    for level in np.linspace(0, most, versions):
        copy = folder / f"noise-{level:.3f}"
        made.append(copy)
        if copy.is_dir():
            continue
        part = copy.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(model, part, ignore=shutil.ignore_patterns("work"))
        chance = torch.Generator().manual_seed(0)
        files = [f for name in DENOISERS for f in sorted((part / name).glob("*.safetensors"))]
        for file in files:
            weights = load_file(file)
            for name, weight in sorted(weights.items()):
                if weight.is_floating_point() and weight.numel() > 1:
                    noise = torch.randn(weight.shape, generator=chance).to(weight.dtype)
                    weights[name] = weight + level * weight.std() * noise
            save_file(weights, file)
        part.rename(copy)
    return made


def measure(
    name: str, model: Path, runs: Path, first: str, options: argparse.Namespace
) -> Measured:
    """Let a checkpoint draw, and the judge and the truth say what they think of it."""
    prompts, wins = f"{options.makes}-prompts", f"{options.makes}-wins"
    shape = {name: getattr(options, name) for name in ("steps", "guidance", "batch_size", "makes")}
    pipeline = {"path": str(model), **shape}
    told: dict[str, Any] = {"data": "demo", "limit": options.prompts}
    arguments = dict(each.split("=", 1) for each in options.judge_arg)
    judge = {"judge": options.judge, "judge_arguments": arguments}
    drawn, read = runs / name / "judged", runs / name / "true"
    stored = {"model": "folder", "model_arguments": {"path": str(drawn)}}
    makes = {"model": "diffusers", "model_arguments": pipeline}
    score = run(task=prompts, out=drawn, **makes, **judge, **told)
    truth = run(task=prompts, out=read, **stored, judge=TRUTH, **told)
    against = {"task_arguments": {"against": str(runs / first / "judged")}}
    by_judge = run(task=wins, out=runs / name / "wins", **stored, **judge, **against, **told)
    by_truth = run(
        task=wins, out=runs / name / "true-wins", **stored, judge=TRUTH, **against, **told
    )
    return Measured(
        name,
        of_prompts(drawn, prompts),
        of_prompts(read, prompts),
        score["tasks"][prompts]["metrics"]["score"],
        truth["tasks"][prompts]["metrics"]["score"],
        by_judge["tasks"][wins]["metrics"]["win_rate"],
        by_truth["tasks"][wins]["metrics"]["win_rate"],
    )


def of_prompts(folder: Path, task: str) -> Floats:
    """The score of each prompt, in order."""
    with ReadOnlyStore(folder) as store:
        scores = np.full(sum(1 for _ in store.items(task)), np.nan)
        for block in store.rows(grades_name(task)):
            for position, *_, score, _ in block:
                scores[position] = np.nan if score is None else score
    return scores


def table(measured: Sequence[Measured], judge: str) -> str:
    """The checkpoints as a Markdown table, each figure with its interval."""
    lines = [
        f"| checkpoint | score by {judge} | wins by {judge} | truth | wins by truth | prompts |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in measured:
        figures = (one.score, one.wins, one.truth, one.true_wins)
        cells = " | ".join(map(cell, figures))
        lines.append(f"| `{one.name}` | {cells} | {one.score['n']} |")
    return "\n".join(lines)


def cell(figure: Mapping[str, Any]) -> str:
    if figure["value"] is None or figure["ci95"] is None:
        return "-"
    low, high = figure["ci95"]
    return f"{figure['value']:.3f} ({low:.3f} to {high:.3f})"


def correlation(measured: Sequence[Measured]) -> str:
    """Spearman's of the judge's means with the truth's, over checkpoints."""
    judged = np.stack([one.judged for one in measured])
    true = np.stack([one.true for one in measured])
    value = ranks_agree(judged, true)
    chance = np.random.default_rng(SEED)
    drawn = []
    for _ in range(DRAWS):
        some = chance.integers(0, judged.shape[1], judged.shape[1])
        drawn.append(ranks_agree(judged[:, some], true[:, some]))
    low, high = percentiles(np.array(drawn)[~np.isnan(drawn)], judged.shape[1])
    return (
        f"Spearman over {len(measured)} checkpoints: {value:.3f} ({low:.3f} to {high:.3f}), "
        f"interval over {judged.shape[1]} prompts"
    )


def ranks_agree(judged: Floats, true: Floats) -> float:
    """Shape (checkpoints, prompts) each."""
    means = [np.nanmean(scores, axis=1) for scores in (judged, true)]
    if min(map(np.ptp, means)) == 0:
        return float("nan")
    return float(spearmanr(*means)[0])


if __name__ == "__main__":
    main()
