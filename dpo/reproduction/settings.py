"""The settings of ``unieval reproduce``: a shipped preset, or a YAML file like one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator

from ...harness.errors import UserError
from ...reward_training.configuration import read_settings
from ...reward_training.settings import Section
from ..build_settings import RankingSettings, SiftingSettings

PRESETS = Path(__file__).parent / "presets"

TrackName = Literal[
    "image understanding", "video understanding", "image generation", "video generation"
]
ModelName = Literal["understanding", "image", "video"]
PairKind = Literal["judge", "random", "truth"]
"""Who chose the pairs: the judge, chance, or the truth itself (the ceiling)."""

TRACKS: tuple[TrackName, ...] = get_args(TrackName)


class BenchmarkSettings(Section):
    """How the judge is measured itself.

    Args:
        tasks: reward benchmarks, all with their demo data.
        beside: judges that are measured beside it.
        limit: items of each, the first; the default is all.
    """

    tasks: list[str] = Field(min_length=1)
    beside: list[str] = Field(["oracle", "random"])
    limit: int | None = Field(None, ge=1)


class TrackSettings(Section):
    """One kind of output that is improved.

    Args:
        prompts: how many prompts pairs are built for.
        candidates: of each of them.
        source: how candidates are made, as in ``candidates.chat`` or ``candidates.pipeline``.
        ranking, sifting: as of ``unieval build-preferences``.
        tests: how many other prompts the models are compared on.
        samples: outputs to each of those.
        align: the sections of ``unieval dpo`` but for model, paths and seed.
    """

    prompts: int = Field(ge=2)
    candidates: int = Field(8, ge=2)
    source: dict[str, Any] = Field({})
    ranking: RankingSettings = RankingSettings()
    sifting: SiftingSettings = SiftingSettings()
    tests: int = Field(ge=2)
    samples: int = Field(4, ge=1)
    align: dict[str, dict[str, Any]]


class Preset(Section):
    """A whole reproduction.

    Args:
        seed: of everything that is drawn.
        judge, judge_args: who judges; its checkpoint is the shipped one unless ``path`` says else.
        train_judge: train the judge first, as ``unieval.reward_training.nano`` does (two hours).
        benchmarks: how it is measured.
        models: settings of the models that are aligned, where they are not the shipped ones.
        tracks: what is improved.
        trainings: who chooses the pairs that models learn from, and how often a model is trained
            with them, each time from a seed of its own.
        examples: prompts of which the report shows outputs.
        proves: what a report of such a size can tell, in a sentence; none for a full one.
    """

    seed: int = 0
    judge: str = "unifiedreward-nano"
    judge_args: dict[str, Any] = Field({})
    train_judge: bool = False
    benchmarks: BenchmarkSettings
    models: dict[ModelName, dict[str, Any]] = Field({})
    tracks: dict[TrackName, TrackSettings] = Field(min_length=1)
    trainings: dict[PairKind, Annotated[int, Field(ge=1)]] = Field(
        {"judge": 1, "random": 1, "truth": 1}
    )
    examples: int = Field(6, ge=1)
    proves: str = ""

    @field_validator("trainings")
    @classmethod
    def _with_judge(cls, trainings: dict[PairKind, int]) -> dict[PairKind, int]:
        if "judge" not in trainings:
            raise ValueError("name the judge among those who choose pairs")
        return trainings

    @property
    def pairs(self) -> list[PairKind]:
        """Who chooses pairs."""
        return list(self.trainings)

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The judge's, where pairs are compared in one question: a second opinion to its scores."""
        return {"pairs": "verdicts", **self.judge_args}


def presets() -> list[str]:
    """Names of the shipped presets."""
    return sorted(path.stem for path in PRESETS.glob("*.yaml"))


def load_preset(name: str, seed: int | None) -> Preset:
    """A shipped preset by its name, or one in a YAML file.

    Raises:
        UserError: there is none, or a setting does not fit.
    """
    file = PRESETS / f"{name}.yaml"
    if not file.is_file():
        file = Path(name)
        if file.suffix not in (".yaml", ".yml"):
            raise UserError(
                f"preset '{name}' not found. Known: {', '.join(presets())}, or a YAML file like"
                f" those in {PRESETS}"
            )
    preset = read_settings(file, Preset, holds="")
    return preset if seed is None else preset.model_copy(update={"seed": seed})
