"""The model card: what the model is, what it learnt from, how, and what it scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .evaluation import Figure
    from .settings import CommonSettings, Settings

_OBJECTIVES = {
    "generative": "writes which of two candidates is better, or a candidate's score",
    "bradley_terry": "scores one candidate at a time; the better one scores higher",
}
_PACKAGES = ("unieval", "torch", "transformers", "trl", "peft", "accelerate", "datasets")


@dataclass(frozen=True)
class About:
    """What a kind of training makes: a sentence, how it is used (Markdown), and tags.

    ``command`` is what trained it.
    """

    what: str
    use: str
    command: str
    tags: tuple[str, ...]


def reward_model(settings: Settings) -> About:
    """What is to be told of a reward model."""
    judge, _ = settings.judge()
    shown = " ".join(f"--judge-arg {name}={value}" for name, value in settings.data.shown.items())
    return About(
        what=f"A reward model that {_OBJECTIVES[settings.objective]}.",
        use=f"```console\nunieval run --judge {judge} --judge-arg path=. {shown} \\\n"
        "            --task genai-bench\n```",
        command="unieval train-reward",
        tags=("reward-model",),
    )


@dataclass(frozen=True)
class Card:
    """What a model card tells.

    Args:
        about: what the model is.
        settings: the training's settings.
        config: the same as the user wrote them.
        start: the checkpoint it started from, and which one exactly.
        data: the summary of the mixture, as plain data.
        steps: optimizer steps taken.
        batch: rows learnt from in each step.
        loss: the last points of the training loss and of the held-out loss.
        figures: what benchmarks measured at the end.
        before: what they measured of the start, if they did.
    """

    about: About
    settings: CommonSettings
    config: str
    start: tuple[str, str]
    data: Mapping[str, Any]
    steps: int
    batch: int
    loss: Mapping[str, float]
    figures: Sequence[Figure]
    before: Sequence[Figure] = ()

    def text(self) -> str:
        """The card as Markdown, with the metadata that the hub reads."""
        parts = [
            self._metadata(),
            f"# {self.settings.output.name}",
            f"{self.about.what} Trained with `{self.about.command}` from `{self.start[0]}`"
            f" ({self.start[1][:12]}).",
            self.about.use,
            "## Scores",
            self._scores(),
            "![curves](curves.png)",
            "## Data",
            self._data(),
            "## Training",
            f"{self.steps:,} steps of {self.batch:,} rows. {self._losses()}".strip(),
            f"```yaml\n{self.config.strip()}\n```",
            "## Versions",
            _versions(),
        ]
        return "\n\n".join(parts) + "\n"

    def _metadata(self) -> str:
        lines = ["library_name: transformers", "pipeline_tag: image-text-to-text"]
        if self.start[0].count("/") == 1 and not self.start[0].startswith((".", "/")):
            lines.append(f"base_model: {self.start[0]}")
        lines.append(f"tags: [{', '.join((*self.about.tags, 'unieval'))}]")
        return "\n".join(["---", *lines, "---"])

    def _scores(self) -> str:
        if not self.figures:
            return "No benchmark was asked for."
        earlier = {
            (f.task, f.metric): f"{_number(f.value)} ({f.range})" if f.range else _number(f.value)
            for f in self.before
        }
        titles = ["task", "metric", "value", "95% interval", "n", *(["before"] if earlier else [])]
        lines = [titles, ["---"] * len(titles)]
        for f in sorted(self.figures, key=lambda f: (f.task, not f.headline)):
            name = f"**{f.metric}**" if f.headline else f.metric
            line = [f.task, name, _number(f.value), f.range, f"{f.n:,}"]
            lines.append([*line, earlier.get((f.task, f.metric), "")] if earlier else line)
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _data(self) -> str:
        lines = [
            f"{self.data['rows']:,} preferences; {self.data['held_out']:,} more were held out.",
            "",
            "| source | task | kind | rows | first / second / tie |",
            "| --- | --- | --- | --- | --- |",
        ]
        for part in self.data["parts"]:
            counts = part.get("verdicts", {})
            places = " / ".join(f"{counts[name]:,}" for name in counts)
            lines.append(
                f"| {part['source']} | {part['task']} | {part['kind']} | {part['rows']:,} |"
                f" {places} |"
            )
        return "\n".join(lines)

    def _losses(self) -> str:
        names = {"loss": "training loss", "eval_loss": "held-out loss"}
        said = [f"{names[key]} {_number(self.loss[key])}" for key in names if key in self.loss]
        return f"At the end: {', '.join(said)}." if said else ""


def _number(value: float) -> str:
    return f"{value:.3f}"


def _versions() -> str:
    known = []
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            known.append(f"{name} {version(name)}")
    return ", ".join(known)
