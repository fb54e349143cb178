"""How true a model's answers are: it answers prompts whose media's content is known.

Every answer is sampled by a seed of its own, so two models can be compared answer by answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...harness.items import Modality
from ...harness.metrics import Score
from ...harness.progress import progress
from ...harness.statistics import Figure, Floats, intervals
from ...tasks.shapes.answer_truth import answer_score
from ..build_settings import ChatSettings
from ..candidates import wanted
from ..generators import ChatGenerator
from ..prompts_file import read_prompts
from .answer_prompts import PROMPTS, read_answer_prompts
from .answer_training import MAX_PIXELS

LONGEST = 64
"""Tokens of an answer, at most; a description of six things has some fifty."""


@dataclass(frozen=True, slots=True)
class Truths:
    """The truth of a model's answers.

    Attributes:
        texts: answers by prompt and sample.
        scores: how true they are, shape (prompts, samples).
        read: which of them could be read, of the same shape; the rest score 0.
    """

    texts: list[list[str]]
    scores: Floats
    read: NDArray[np.bool_]

    def figures(self) -> dict[str, Mapping[str, object]]:
        """Mean truth, share of answers that are wholly true, and share that could not be read."""
        every = np.ones(self.scores.shape)
        return _measured(
            {
                "truth": (self.scores, every),
                "right": ((self.scores == 1).astype(float), every),
                "unread": ((~self.read).astype(float), every),
            }
        )

    def gain(self, before: Truths) -> dict[str, Mapping[str, object]]:
        """By how much the answers are truer than another model's to the same prompts."""
        every = np.ones(self.scores.shape)
        right = (self.scores == 1).astype(float) - (before.scores == 1)
        return _measured({"truth": (self.scores - before.scores, every), "right": (right, every)})


def measure_answers(
    checkpoint: Path,
    folder: Path,
    *,
    samples: int = 4,
    temperature: float = 1.0,
    seed: int = 0,
    batch_size: int = 64,
) -> Truths:
    """Let a checkpoint answer the prompts of a folder, and measure the truth of what it says.

    Args:
        checkpoint: a model that answers.
        folder: as :func:`~.answer_prompts.write_answer_prompts` writes it; one modality.
        samples: answers to each prompt.
        temperature: of sampling, above 0.
        seed: of sampling.
        batch_size: answers written at a time.

    Raises:
        UserError: the checkpoint cannot be used, or the folder holds no such prompts.
    """
    asked = read_answer_prompts(folder)
    modality: Modality = asked[0].modality
    prompts = read_prompts(folder / PROMPTS, modality, "understanding", with_candidates=False)
    chat = {
        "path": str(checkpoint),
        "temperature": temperature,
        "max_new_tokens": LONGEST,
        "video": "native",
        "max_pixels": MAX_PIXELS,
    }
    model = ChatGenerator(ChatSettings.model_validate(chat), prompts, modality)
    every = wanted(prompts.rows, samples, seed)
    said: list[str] = []
    with progress(f"answers about {modality}s", len(every)) as bar:
        for start in range(0, len(every), batch_size):
            made = model.make(every[start : start + batch_size])
            said += [each.text or "" for each in made]
            bar.advance(len(made), sum(each.failure is not None for each in made))
    model.close()
    texts = [said[start : start + samples] for start in range(0, len(said), samples)]
    measured = [
        [answer_score(prompt.shown, prompt.question, text) for text in answers]
        for prompt, answers in zip(asked, texts, strict=True)
    ]
    return Truths(
        texts,
        np.array([[one.score for one in row] for row in measured]),
        np.array([[one.read for one in row] for row in measured]),
    )


def _measured(columns: Mapping[str, tuple[Floats, Floats]]) -> dict[str, Mapping[str, object]]:
    """Means with intervals over prompts."""
    prompts, samples = next(iter(columns.values()))[0].shape
    figures = {
        name: Figure.ratio(values.reshape(-1), ones.reshape(-1))
        for name, (values, ones) in columns.items()
    }
    ends = intervals(figures, np.repeat(np.arange(prompts), samples))
    return {
        name: Score(figure.value, *ends[name], figure.n).as_json()
        for name, figure in figures.items()
    }
