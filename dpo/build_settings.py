"""The settings of ``unieval build-preferences``: a YAML file, checked field by field.

::

    modality: image
    objective: generation
    prompts: prompts.jsonl
    candidates: {count: 10, pipeline: {path: stabilityai/sdxl-turbo, steps: 1, guidance: 0}}
    judge: unifiedreward-qwen-7b
    ranking: {plan: disjoint}
    sifting: {margin: 0.5}
    output: preferences

Paths are relative to the file's folder.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..harness.engines import EngineName
from ..harness.items import Modality, ScoreRange
from ..harness.shown import PlainObjective
from ..judges.engine import Engine
from ..judges.pictures import MAX_PIXELS, Video
from ..reward_training.configuration import read_settings
from .ranking import PRIOR, PlanName
from .sifting import Rule


class Section(BaseModel):
    """A part of the settings; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class ChatSettings(Section):
    """A vision-language checkpoint that answers the prompts.

    Args:
        path: local folder or hub id; the name of the model if a server runs it.
        revision: branch, tag or commit of a hub checkpoint.
        temperature: above 0; every candidate samples by its own seed.
        max_new_tokens: longer answers are cut off.
        frames: frames of a video that are shown.
        video: whether they are shown as images or as a video.
        max_pixels: larger pictures are scaled down to so many pixels.
        engine: what runs it: ``backend`` and its arguments (docs/judges.md, engines).
    """

    path: str
    revision: str | None = None
    temperature: float = Field(0.7, gt=0)
    max_new_tokens: int = Field(512, ge=1)
    frames: int = Field(8, ge=1)
    video: Video = "frames"
    max_pixels: int = Field(MAX_PIXELS, ge=1)
    engine: dict[str, Any] = {}

    @model_validator(mode="after")
    def _known_engine(self) -> Self:
        known = [each.name for each in fields(Engine)]
        for name in self.engine:
            if name not in known:
                raise ValueError(f"engine.{name}: no such setting. Known: {', '.join(known)}")
        return self


class PipelineSettings(Section):
    """A diffusers pipeline that makes an image or video of a text; *None* is its own default.

    Args:
        path: local folder or hub id, weights in safetensors files.
        revision: branch, tag or commit of a hub repository.
        steps: ``num_inference_steps``.
        guidance: ``guidance_scale``.
        height, width: of what is made, in pixels.
        num_frames: of a video.
        fps: frames a second of the files in which videos are kept.
        batch_size: how many are made at a time.
        dtype: number format; ``auto`` is float32 on a CPU and float16 elsewhere.
        device: ``auto`` is the GPU if there is one.
        arguments: whatever else the pipeline takes, such as ``negative_prompt``.
    """

    path: str
    revision: str | None = None
    steps: int | None = Field(None, ge=1)
    guidance: float | None = None
    height: int | None = Field(None, ge=1)
    width: int | None = Field(None, ge=1)
    num_frames: int | None = Field(None, ge=1)
    fps: int = Field(8, ge=1)
    batch_size: int = Field(4, ge=1)
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    arguments: dict[str, Any] = {}


class CandidateSettings(Section):
    """Where candidates come from: one of ``chat``, ``pipeline`` and ``file``.

    Args:
        count: candidates a prompt.
        seed: seeds them, together with the prompt's id and the candidate's number.
        chat: a model that answers (understanding).
        pipeline: a model that draws or films (generation).
        file: JSON Lines with prompts and their candidates, instead of ``prompts``.
    """

    count: int = Field(10, ge=2)
    seed: int = 0
    chat: ChatSettings | None = None
    pipeline: PipelineSettings | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in ("chat", "pipeline", "file") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of chat, pipeline and file (found {len(given)})")
        return self


class RankingSettings(Section):
    """Which candidates are compared.

    Args:
        plan: ``disjoint`` (the paper's), ``round_robin`` or ``swiss``.
        rounds: of ``swiss``; the default is log2 of the candidates, rounded up.
        orders: show each pair in ``both`` orders, or in ``one`` that is drawn.
        together: of ``swiss``, prompts that go through the rounds together, which should be no
            more than those whose media a judge remembers; of other plans, all do.
        ties: whether the judge may answer that both are equally good.
        prior: wins and losses given to each candidate (:func:`~.ranking.bradley_terry`).
    """

    plan: PlanName = "disjoint"
    rounds: int | None = Field(default=None, ge=1)
    orders: Literal["both", "one"] = "both"
    together: int = Field(default=40, ge=1)
    ties: bool = True
    prior: float = Field(default=PRIOR, gt=0)

    @model_validator(mode="after")
    def _rounds_of_swiss(self) -> Self:
        if self.rounds is not None and self.plan != "swiss":
            raise ValueError(f"rounds are for plan: swiss, not for {self.plan}")
        return self


class SiftingSettings(Section):
    """Which of them become the preference.

    Args:
        rule: ``scores`` (the paper's) or ``ranking``, which asks for no scores.
        margin: least difference between chosen and rejected; in points of the score, or in
            strength (log odds) with ``rule: ranking``.
        score_range: lowest and highest score that a judge is asked for; the default is that of
            UnifiedReward for such candidates.
    """

    rule: Rule = "scores"
    margin: float = Field(default=0.0, ge=0)
    score_range: ScoreRange | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.score_range and not self.score_range[0] < self.score_range[1]:
            raise ValueError("score_range must be the lowest, then the highest score")
        return self


class BuildSettings(Section):
    """A preference data set.

    Args:
        modality: what prompts ask about, or ask for.
        objective: ``understanding`` (candidates are answers) or ``generation`` (they are media).
        prompts: JSON Lines file of prompts.
        candidates: where candidates come from.
        judge: name of the judge.
        judge_args: its arguments.
        ranking: which candidates are compared.
        sifting: which become the preference.
        batch_size: requests judged at a time; the default is the judge's own.
        engine: where candidates are made and the judge answers: ``local``, in this process, or
            ``ray`` (docs/scale.md).
        engine_args: arguments of the Ray engine, such as ``replicas``.
        output: folder that everything is written into.
    """

    modality: Modality
    objective: PlainObjective
    prompts: Path | None = None
    candidates: CandidateSettings
    judge: str
    judge_args: dict[str, Any] = {}
    ranking: RankingSettings = RankingSettings()
    sifting: SiftingSettings = SiftingSettings()
    batch_size: int | None = Field(None, ge=1)
    engine: EngineName = "local"
    engine_args: dict[str, Any] = {}
    output: Path

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        of = self.candidates
        if (self.prompts is None) == (of.file is None):
            raise ValueError("name either prompts or candidates.file")
        if of.chat is not None and self.objective != "understanding":
            raise ValueError("candidates.chat answers questions: it needs objective: understanding")
        if of.pipeline is not None and self.objective != "generation":
            raise ValueError("candidates.pipeline makes media: it needs objective: generation")
        return self


def load_build_settings(path: Path) -> BuildSettings:
    """Read a configuration; its paths become absolute or relative to the working folder.

    Raises:
        UserError: no such file, no YAML, or a setting that is unknown or does not fit; names it.
    """
    return _resolved(read_settings(path, BuildSettings, holds=""), path.parent)


def _resolved(settings: BuildSettings, folder: Path) -> BuildSettings:
    """The settings with every path that is relative to the file's folder resolved."""

    def local(value: Any) -> Any:
        is_local = isinstance(value, str) and (folder / value).exists()
        return str(folder / value) if is_local else value

    of = settings.candidates
    found: dict[str, Any] = {"file": of.file and folder / of.file}
    if of.chat is not None:
        found["chat"] = of.chat.model_copy(update={"path": local(of.chat.path)})
    if of.pipeline is not None:
        found["pipeline"] = of.pipeline.model_copy(update={"path": local(of.pipeline.path)})
    arguments = dict(settings.judge_args)
    if "path" in arguments:
        arguments["path"] = local(arguments["path"])
    return settings.model_copy(
        update={
            "prompts": settings.prompts and folder / settings.prompts,
            "candidates": of.model_copy(update=found),
            "judge_args": arguments,
            "output": folder / settings.output,
        }
    )
