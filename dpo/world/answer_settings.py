"""The settings of the model that answers: a YAML file, ``answers.yaml`` beside this one if none.

::

    seed: 0
    pictures: 6000
    films: 6000
    better: 0.6
    training: {epochs: 1, batch_size: 16, learning_rate: 5.0e-4}
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from ...reward_training.configuration import read_settings
from ...reward_training.settings import Section, TrainingSettings

SHIPPED = Path(__file__).parent / "answers.yaml"


class AnswerSettings(Section):
    """What the model learns to say, and how.

    Args:
        seed: of the pictures, films, questions and answers.
        pictures, films: how many of them it is shown.
        asked_of_pictures, asked_of_films: questions about each; so many that both have about the
            same number of tokens.
        better: share of answers that are the better of two answers to their question; the rest are
            the worse one, which is wrong, vague, or says something false besides.
        held_out: share that is kept for the held-out loss.
        training: as of a reward model.
    """

    seed: int = 0
    pictures: int = Field(6000, ge=0)
    films: int = Field(6000, ge=0)
    asked_of_pictures: int = Field(6, ge=1)
    asked_of_films: int = Field(4, ge=1)
    better: float = Field(0.6, ge=0, le=1)
    held_out: float = Field(0.02, ge=0, lt=1)
    training: TrainingSettings

    @model_validator(mode="after")
    def _something(self) -> AnswerSettings:
        if not self.pictures + self.films:
            raise ValueError("there must be pictures or films to answer about")
        return self


def load_answer_settings(path: Path | None) -> AnswerSettings:
    """Read the settings from a file, or the shipped ones.

    Raises:
        UserError: no such file, no YAML, or a setting that is unknown or does not fit; names it.
    """
    return read_settings(path or SHIPPED, AnswerSettings, holds="")
