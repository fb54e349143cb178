"""``unieval dpo image`` and ``unieval dpo video``: from preference pairs to a better generator.

The output folder holds the whole pipeline, or LoRA weights, as diffusers loads them, ``README.md``
(the model card, written last), ``curves.png``, ``manifest.json``, ``checkpoints/``, ``cache/``
(latents and embeddings) and ``tensorboard/``. Running a configuration again goes on where its
output folder stands, and does nothing once it is finished.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ...harness.errors import UserError
from ...harness.items import Modality
from ...harness.progress import tell
from ...reward_training.surroundings import end_together, quiet
from .families import Family, family_of
from .pairs import Pair, fingerprint, read_pairs
from .settings import Settings, load_settings
from .start import Start, find

_CARD = "README.md"
_PATIENCE = timedelta(hours=12)
"""How long processes wait for each other: one may fetch the model, or have more to encode."""
# What changes nothing about the curve: how a step's pairs are shared among processes, and when
# checkpoints are written.
_FREE = {"batch_size", "accumulate", "gradient_checkpointing", "save_every", "keep", "log_every"}


def train(config: Path, modality: Modality) -> Path:
    """Train a generator as a configuration says, or go on with its training.

    Args:
        config: YAML file, see :class:`~.settings.Settings`.
        modality: what it generates.

    Returns:
        The output folder.

    Raises:
        UserError: a setting, the data or the model does not fit, or the output folder belongs to
            a training with other settings.
    """
    settings = load_settings(config, modality)
    _require_packages(settings)
    from diffusers.utils import logging

    with quiet(logging):
        _train(settings, config.read_text(encoding="utf-8"), modality)
    return settings.output


def _train(settings: Settings, config: str, modality: Modality) -> None:
    from accelerate import Accelerator, InitProcessGroupKwargs

    from .card import card
    from .comparing import Task
    from .learning import learn, rows_a_step
    from .noising import noising_of
    from .trained import load, save

    training = settings.training
    accelerator = Accelerator(
        gradient_accumulation_steps=training.accumulate,
        mixed_precision="no",  # the loop says where it computes in bfloat16
        cpu=not _has_gpu(),
        kwargs_handlers=[InitProcessGroupKwargs(timeout=_PATIENCE)],
    )
    _check_processes(accelerator)
    with accelerator.main_process_first():  # which fetches from the hub
        start = find(settings.model)
    family = family_of(start.index, settings.model.path, modality)
    _check_size(settings, family)
    pairs, equal = read_pairs(settings.data.path, modality)
    noising = noising_of(start.load_scheduler(), training.timesteps)
    batch = rows_a_step(training, accelerator)
    if accelerator.is_main_process:
        _claim(settings, _identity(settings, modality, start, pairs, batch))
    accelerator.wait_for_everyone()
    if (settings.output / _CARD).is_file():
        if accelerator.is_main_process:
            tell(f"{settings.output} is finished; nothing to do")
        end_together(accelerator)
        return
    if accelerator.is_main_process:
        prompts = len({pair.prompt for pair in pairs})
        left_out = f"; {equal:,} of two equal media are left out" if equal else ""
        tell(f"{len(pairs):,} pairs about {prompts:,} prompts, {batch:,} a step{left_out}")
    bf16 = _uses_bf16(settings)
    task = Task(
        settings, pairs, _filled(settings, start, family, pairs, accelerator), family, noising, bf16
    )
    model = load(settings, start, family.part, bf16=bf16)
    curve = learn(task, model, accelerator)
    if accelerator.is_main_process:
        save(settings, start, family.part, model)
        _draw(curve, settings.output)
        text = card(settings, config, modality, start, pairs, batch, curve)
        (settings.output / _CARD).write_text(text, encoding="utf-8")
    end_together(accelerator)


def _filled(
    settings: Settings, start: Start, family: Family, pairs: list[Pair], accelerator: Any
) -> Any:
    """The cache, once every process has computed its share of what was missing."""
    import torch

    from .cached import Cache, fill

    dtype = torch.bfloat16 if _uses_bf16(settings) else torch.float32
    shown = settings.data.model_dump(mode="json", exclude={"path"})
    key = blake2b(f"{start.fingerprint} {start.variant} {dtype} {shown}".encode(), digest_size=8)
    cache = Cache(settings.output / "cache" / key.hexdigest())
    fill(
        cache,
        pairs,
        start,
        family,
        settings.data,
        dtype=dtype,
        device=accelerator.device,
        share=(accelerator.process_index, accelerator.num_processes),
    )
    accelerator.wait_for_everyone()
    return cache


def _check_processes(accelerator: Any) -> None:
    kind = str(accelerator.distributed_type).rpartition(".")[2]
    if kind not in ("NO", "MULTI_GPU", "MULTI_CPU"):
        raise UserError(
            f"Diffusion-DPO does not train with {kind}; start it with plain data parallelism"
            " (reward_training/accelerate/ddp.yaml), and with training.lora where memory is short"
        )


def _check_size(settings: Settings, family: Family) -> None:
    for pixels in settings.data.size:
        near = max(1, round(pixels / family.multiple)) * family.multiple
        if pixels != near:
            raise UserError(
                f"data.resolution: {pixels} is no multiple of {family.multiple}, which this"
                f" pipeline needs; the nearest is {near}"
            )


def _identity(
    settings: Settings, modality: Modality, start: Start, pairs: list[Pair], batch: int
) -> dict[str, Any]:
    """What decides the learning curve; a training goes on only where all of it agrees."""
    return {
        "objective": "diffusion_dpo",
        "modality": modality,
        "training": {
            **settings.training.model_dump(mode="json", exclude=_FREE),
            "pairs_a_step": batch,
        },
        "model": {
            "fingerprint": start.fingerprint,
            "dtype": settings.model.dtype,
            "variant": settings.model.variant,
        },
        "data": {
            **settings.data.model_dump(mode="json", exclude={"path"}),
            "pairs": len(pairs),
            "fingerprint": fingerprint(pairs),
        },
    }


def _claim(settings: Settings, identity: Mapping[str, Any]) -> None:
    """Claim the output folder; until something is learnt, the settings may still change."""
    from ...harness import manifest
    from ...reward_training.checkpoints import latest
    from ...reward_training.claims import claim

    file = settings.output / manifest.NAME
    if file.is_file() and latest(settings.output / "checkpoints") is None:
        file.unlink()
        environment = manifest.environment(settings.training.batch_size)
        manifest.write_or_match(settings.output, identity, environment)
        return
    claim(settings.output, identity, settings.training.batch_size)


def _draw(curve: list[dict[str, float]], output: Path) -> None:
    from ...reward_training.curves import LOSS, Panel, draw

    panels = [
        LOSS,
        Panel("implicit accuracy", {"accuracy": "pairs won"}),
        Panel("margin", {"margin": "log-odds of the chosen"}),
    ]
    draw(curve, [], output / "curves.png", panels)


def _uses_bf16(settings: Settings) -> bool:
    import torch

    if settings.training.bf16 == "auto":
        return bool(torch.cuda.is_available() and torch.cuda.is_bf16_supported())
    return settings.training.bf16


def _has_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def _require_packages(settings: Settings) -> None:
    from importlib.util import find_spec

    wanted = ["diffusers", "tensorboard", "matplotlib"]
    wanted += ["peft"] if settings.training.lora is not None else []
    missing = [name for name in wanted if find_spec(name) is None]
    if missing:
        raise UserError(
            f"Diffusion-DPO needs {', '.join(missing)}: pip install 'unieval[train,generation]'"
        )
