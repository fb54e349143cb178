"""The model card of a Diffusion-DPO training: what it is, how it is used, what it learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from ...harness.items import Modality
from .pairs import Pair
from .settings import Settings
from .start import Start

_PACKAGES = ("unieval", "torch", "diffusers", "transformers", "peft", "accelerate")
_LAST = 20
"""Steps that the figures at the end are averaged over: one step's are noise."""


def card(
    settings: Settings,
    config: str,
    modality: Modality,
    start: Start,
    pairs: Sequence[Pair],
    batch: int,
    curve: Sequence[Mapping[str, float]],
) -> str:
    """The card as Markdown, with the metadata that the hub reads.

    Args:
        settings: the training's.
        config: the same as the user wrote them.
        modality: what the model generates.
        start: where it started.
        pairs: what it learnt from.
        batch: pairs a step.
        curve: an entry for every step.
    """
    name = start.name if _is_hub_id(start) else start.folder.name
    prompts = len({pair.prompt for pair in pairs})
    parts = [
        _metadata(settings, modality, start),
        f"# {settings.output.name}",
        f"`{name}` ({start.fingerprint[:12]}) aligned with preferences by Diffusion-DPO"
        f" ([arXiv 2311.12908](https://arxiv.org/abs/2311.12908)). Trained with `unieval dpo"
        f" {modality}`.",
        f"```python\n{_use(settings, start, name)}\n```",
        "## Training",
        f"{len(pairs):,} pairs about {prompts:,} prompts; {len(curve):,} steps, pairs a step:"
        f" {batch:,}. {_ending(curve)}",
        "![curves](curves.png)",
        f"```yaml\n{config.strip()}\n```",
        "## Versions",
        _versions(),
    ]
    return "\n\n".join(parts) + "\n"


def _metadata(settings: Settings, modality: Modality, start: Start) -> str:
    lines = ["library_name: diffusers", f"pipeline_tag: text-to-{modality}"]
    if _is_hub_id(start):
        lines.append(f"base_model: {start.name}")
    tags = ["dpo", "unieval", *(["lora"] if settings.training.lora else [])]
    lines.append(f"tags: [{', '.join(tags)}]")
    return "\n".join(["---", *lines, "---"])


def _use(settings: Settings, start: Start, name: str) -> str:
    variant = f', variant="{start.variant}"' if start.variant else ""
    lines = ["from diffusers import DiffusionPipeline", ""]
    if settings.training.lora is None:
        lines.append(f'pipe = DiffusionPipeline.from_pretrained("."{variant})')
    else:
        lines.append(f'pipe = DiffusionPipeline.from_pretrained("{name}"{variant})')
        lines.append('pipe.load_lora_weights(".")')
    return "\n".join(lines)


def _ending(curve: Sequence[Mapping[str, float]]) -> str:
    last = curve[-_LAST:]
    mean = {key: sum(p[key] for p in last) / len(last) for key in ("loss", "accuracy", "margin")}
    return (
        f"Over the last {len(last)} steps: loss {mean['loss']:.3f} (log 2 = 0.693 at the start),"
        f" implicit accuracy {mean['accuracy']:.3f}, margin {mean['margin']:.3g}."
    )


def _is_hub_id(start: Start) -> bool:
    return start.name.count("/") == 1 and start.folder.as_posix() != start.name


def _versions() -> str:
    known = []
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            known.append(f"{name} {version(name)}")
    return ", ".join(known)
