"""What a model prefers on held-out pairs, and how it judges benchmarks, before and after.

The start and the output are read as a user would, and the log-probabilities of both answers to
every held-out question are kept beside the figures, in ``evaluations/step-000000/held-out/``:

- ``likelihood_accuracy``: share of pairs whose chosen answer is likelier than the rejected one;
  ``likelihood_margin`` is the mean difference of their log-probabilities.
- ``reward_accuracy``: share of pairs whose chosen answer gained more over the reference than the
  rejected one; ``reward_margin`` is the mean of beta times that difference (Rafailov et al. 2023,
  section 4: the implicit reward).
- ``kl``: as in training, see :mod:`.trainer`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...harness.metrics import Score
from ...harness.run import RESULTS
from ...harness.statistics import Figure, Floats, intervals
from ...harness.store import write_json
from ...judges.backends.checkpoints import Checkpoint
from ...reward_training.evaluation import Benchmarks, step_folder, undisturbed
from ...reward_training.models import load_whole, processor_of, uses_bf16
from ...reward_training.preferences import Preference
from ...reward_training.rows import Opened
from .batches import Pairs, pair_batch
from .settings import Settings

TASK = "held-out"
_PAIRS = "pairs.json"
_HEADLINE = ("likelihood_accuracy", "reward_accuracy")


@dataclass(frozen=True)
class Evaluations:
    """What is measured of an alignment.

    Args:
        settings: the training's.
        start: the checkpoint that it starts from.
        held_out: pairs that are not learnt.
        device: where models compute.
    """

    settings: Settings
    start: Checkpoint
    held_out: Sequence[Preference]
    device: str

    @property
    def _benchmarks(self) -> Benchmarks:
        return Benchmarks(self.settings, self.start, self.device)

    def check(self) -> None:
        """See that the benchmarks can be judged."""
        self._benchmarks.check()

    def judge(self, step: int, checkpoint: Path) -> None:
        """Judge benchmarks on the way; the trainer itself measures the held-out pairs then."""
        self._benchmarks.judge(step, checkpoint)

    def judge_final(self, step: int) -> None:
        """Measure the start and what training has made of it."""
        self._benchmarks.judge_start()
        self._benchmarks.judge_final(step)
        if self.held_out:
            reference = self._measured(0, self.start.source, None)
            self._measured(step, str(self.settings.output), reference)

    def _measured(self, step: int, source: str, reference: Floats | None) -> Floats:
        """The log-probabilities (pairs, 2) at a step; writes the figures that follow from them."""
        folder = step_folder(self.settings.output, step) / TASK
        if (folder / RESULTS).is_file():
            kept = json.loads((folder / _PAIRS).read_text(encoding="utf-8"))
            return np.array([[pair["chosen"], pair["rejected"]] for pair in kept])
        with undisturbed():
            found = log_probs_of(self.settings, self.start, source, self.held_out, self.device)
        folder.mkdir(parents=True, exist_ok=True)
        names = (f"{pair.source}/{pair.id}" for pair in self.held_out)
        rows = zip(names, found.tolist(), strict=True)
        pairs = [{"id": name, "chosen": c, "rejected": r} for name, (c, r) in rows]
        write_json(folder / _PAIRS, pairs)
        measured = metrics(found, reference, self.held_out, self.settings.dpo.beta)
        headline = [name for name in _HEADLINE if name in measured]
        entry = {"n": len(pairs), "headline": headline, "metrics": measured}
        write_json(folder / RESULTS, {"schema": 1, "tasks": {TASK: entry}})
        said = ", ".join(f"{name} {measured[name]['value']:.3f}" for name in headline)
        print(f"step-{step:06}: {TASK} {said}", file=sys.stderr, flush=True)
        return found


def metrics(
    found: Floats, reference: Floats | None, pairs: Sequence[Preference], beta: float
) -> dict[str, Mapping[str, Any]]:
    """The figures, with intervals over what the questions are about.

    Args:
        found: log-probabilities (pairs, 2) of chosen and rejected answers.
        reference: the same of the reference; None where that is what is measured.
        pairs: the pairs.
        beta: the reward's scale.
    """
    likelier = found[:, 0] - found[:, 1]
    values: dict[str, Any] = {
        "likelihood_accuracy": likelier > 0,
        "likelihood_margin": likelier,
    }
    if reference is not None:
        ratios = found - reference
        gained = ratios[:, 0] - ratios[:, 1]
        values |= {
            "reward_accuracy": gained > 0,
            "reward_margin": beta * gained,
            "kl": -ratios.mean(axis=1),
        }
    ones = np.ones(len(pairs))
    figures = {name: Figure.ratio(each.astype(float), ones) for name, each in values.items()}
    _, clusters = np.unique([pair.cluster for pair in pairs], return_inverse=True)
    ends = intervals(figures, clusters.astype(np.int64))
    return {
        name: Score(figure.value, *ends[name], figure.n).as_json()
        for name, figure in figures.items()
    }


def log_probs_of(
    settings: Settings,
    start: Checkpoint,
    source: str,
    pairs: Sequence[Preference],
    device: str,
) -> Floats:
    """Log-probabilities (pairs, 2) of chosen and rejected answers under a checkpoint.

    Raises:
        UserError: the checkpoint cannot be loaded, or a picture cannot be opened.
    """
    model = load_whole(settings, start, source).eval().to(device)
    processor = processor_of(settings, start)
    opened = Opened(pairs, Pairs(settings.data), settings.data.as_mixture().skip_bad)
    size = settings.training.batch_size
    found = []
    for first in range(0, len(pairs), size):
        some = [opened[row] for row in range(first, min(first + size, len(pairs)))]
        inputs = {k: v.to(device) for k, v in pair_batch(some, processor).items()}
        kind = torch.device(device).type
        with torch.no_grad(), torch.autocast(kind, torch.bfloat16, enabled=uses_bf16(settings)):
            found.append(torch.stack(answer_log_probs(model, inputs).chunk(2), dim=1).cpu())
    table: Floats = torch.cat(found).double().numpy()
    return table


def answer_log_probs(model: Any, inputs: Mapping[str, Any]) -> Any:
    """The log-probability of each row's answer: the sum over its tokens.

    Args:
        model: gives logits.
        inputs: a batch with its ``completion_mask``.
    """
    learnt = inputs["completion_mask"][:, 1:].bool()
    shown = {name: value for name, value in inputs.items() if name != "completion_mask"}
    logits = model(**shown, use_cache=False).logits[:, :-1]
    tokens = inputs["input_ids"][:, 1:][learnt]
    each = logits[learnt].float().log_softmax(dim=-1).gather(1, tokens[:, None])[:, 0]
    rows = learnt.nonzero()[:, 0]
    return torch.zeros(len(learnt), device=each.device).index_add_(0, rows, each)
