"""The four tracks: what is asked, which model answers, and how it is aligned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from ...harness.seeds import seed_for
from ...harness.shown import Modality, PlainObjective
from ..build_settings import BuildSettings, CandidateSettings, ChatSettings, PipelineSettings
from ..candidates import Candidate
from ..prompts_file import Prompts, read_prompts
from .settings import ModelName, Preset, TrackName, TrackSettings

PROMPTS = "prompts.jsonl"


@dataclass(frozen=True)
class Track:
    """One kind of output, and the model whose outputs are improved.

    Args:
        name: of the track.
        preset: the settings of everything.
        model: folder of the model that it starts from.
    """

    name: TrackName
    preset: Preset
    model: Path

    @property
    def folder(self) -> str:
        """The track's part of a stage's name."""
        return self.name.replace(" ", "-")

    @property
    def modality(self) -> Modality:
        """Of what is asked about, or made."""
        return cast(Modality, self.name.split()[0])

    @property
    def objective(self) -> PlainObjective:
        """Whether answers are given, or media made."""
        return cast(PlainObjective, self.name.split()[1])

    @cached_property
    def settings(self) -> TrackSettings:
        """The preset's own for this track."""
        return self.preset.tracks[self.name]

    def write_prompts(self, folder: Path, *, test: bool) -> int:
        """Write the prompts that pairs are built for, or those that models are compared on."""
        count = self.settings.tests if test else self.settings.prompts
        part: Literal["aligning", "test"] = "test" if test else "aligning"
        seed = seed_for("reproduction", self.preset.seed, part) % 10**6
        if self.objective == "understanding":
            from ..world.answer_prompts import write_answer_prompts

            write_answer_prompts(folder, count, seed, self.modality)
        elif self.modality == "image":
            from ..world.prompts import write_image_prompts

            write_image_prompts(folder / PROMPTS, count, seed, part=part)
        else:
            from ..world.film_prompts import write_film_prompts

            write_film_prompts(folder / PROMPTS, count, seed, part=part)
        return count

    def read_prompts(self, folder: Path) -> Prompts:
        """What was written there."""
        return read_prompts(folder / PROMPTS, self.modality, self.objective, with_candidates=False)

    def building(self, prompts: Path, model: Path, count: int, output: Path) -> BuildSettings:
        """How a model's outputs to some prompts are made and judged.

        Args:
            prompts: folder of the prompts.
            model: whose outputs.
            count: of each prompt.
            output: where everything is written.
        """
        source = {**self.settings.source, "path": str(model)}
        answers = self.objective == "understanding"
        return BuildSettings(
            modality=self.modality,
            objective=self.objective,
            prompts=prompts / PROMPTS,
            candidates=CandidateSettings(
                count=count,
                seed=self.preset.seed,
                chat=ChatSettings.model_validate(source) if answers else None,
                pipeline=None if answers else PipelineSettings.model_validate(source),
            ),
            judge=self.preset.judge,
            judge_args=dict(self.preset.arguments),
            ranking=self.settings.ranking,
            sifting=self.settings.sifting,
            batch_size=None,
            output=output,
        )

    def truths(
        self, prompts: Path, candidates: Sequence[Sequence[Candidate]], outputs: Path
    ) -> list[list[float]]:
        """How true each output is to its prompt, from 0 to 1; one that could not be made is 0.

        Args:
            prompts: folder of the prompts.
            candidates: of each prompt.
            outputs: folder that their media lie in.
        """
        from .truths import answers, media

        if self.objective == "understanding":
            return answers(prompts, candidates)
        asked = [prompt.text for prompt in self.read_prompts(prompts).rows]
        return media(self.modality, asked, candidates, outputs)

    def align(self, folder: Path, pairs: Path, media: Path | None, seed: int) -> Path:
        """Train the model with some pairs, or go on with that.

        Args:
            folder: where the training is written.
            pairs: file or folder of pairs.
            media: what the pairs' media are relative to, if not their own folder.
            seed: of the training.

        Returns:
            The folder of the aligned model.
        """
        own: dict[str, dict[str, Any]] = {k: dict(v) for k, v in self.settings.align.items()}
        data = {**own.pop("data", {}), "path": str(pairs.resolve())}
        if media is not None:
            data["media"] = str(media.resolve())
        training = {**own.pop("training", {}), "seed": seed}
        config = folder / "align.yaml"
        settings: Mapping[str, Any] = {
            **own,
            "model": {"path": str(self.model.resolve())},
            "data": data,
            "training": training,
            "output": "model",
        }
        config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
        if self.objective == "understanding":
            from ..understanding.train import train as align

            return align(config)
        from ..diffusion.train import train as align_diffusion

        return align_diffusion(config, self.modality)


def model_of(track: TrackName) -> ModelName:
    """Which of the small models the track improves."""
    modality, objective = track.split()
    return cast(ModelName, "understanding" if objective == "understanding" else modality)


def train_model(name: ModelName, preset: Preset, folder: Path) -> Path:
    """Train one of the small models of the world, or go on with that."""
    settings = None
    if name in preset.models:
        settings = folder / "settings.yaml"
        settings.write_text(yaml.safe_dump(preset.models[name]), encoding="utf-8")
    out = folder / "model"
    if name == "understanding":
        from ..world.answer_training import train_answer_model

        return train_answer_model(settings, out)
    if name == "image":
        from ..world.image_training import train_image_model

        return train_image_model(settings, out)
    from ..world.film_training import train_film_model

    return train_film_model(settings, out)
