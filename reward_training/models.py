"""The model that is trained: loaded, frozen in part, given adapters, and saved to be used."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..harness.errors import UserError
from ..judges.backends.checkpoints import Checkpoint
from ..judges.backends.processors import load_processor
from .settings import CommonSettings, LoraSettings, ModelPart

# Where families keep their parts; the longest that fits counts, so a projector within a vision
# tower is no vision.
_PLACES: dict[str, ModelPart] = {
    "visual": "vision",
    "vision_tower": "vision",
    "vision_model": "vision",
    "visual.merger": "projector",
    "visual.deepstack_merger_list": "projector",
    "multi_modal_projector": "projector",
    "image_newline": "projector",
    "connector": "projector",
    "language_model": "language",
    "lm_head": "language",
}
_TEXTS = (".json", ".jinja", ".txt", ".model")
_OF_WEIGHTS = ("config.json", "generation_config.json", "adapter_config.json")


def load_model(settings: CommonSettings, start: Checkpoint, checkpoint: Path | None) -> Any:
    """The model to train, with the weights it starts from or those of a training checkpoint.

    Weights always come in through ``from_pretrained``, which knows how the names in a file map to
    those in the model. (Trainers read a checkpoint by bare names and pass over what does not fit;
    for LLaVA-OneVision that is everything.)

    Raises:
        UserError: the checkpoint does not fit its architecture, or nothing is left to train.
    """
    lora = settings.training.lora
    whole = start.source if checkpoint is None or lora is not None else str(checkpoint)
    model = _pretrained(settings, start, whole, _dtype(settings))
    _freeze(model, settings.training.freeze, start.source)
    if lora is None:
        return model
    return _adapted(model, lora, settings.training.freeze, settings.training.seed, checkpoint)


def load_whole(settings: CommonSettings, start: Checkpoint, source: str) -> Any:
    """A checkpoint of the start's family as it is, in the number format of training.

    Raises:
        UserError: it does not fit its architecture.
    """
    return _pretrained(settings, start, source, _dtype(settings))


def processor_of(settings: CommonSettings, start: Checkpoint) -> Any:
    """The processor of the checkpoint that training starts from."""
    return load_processor(
        start.source,
        revision=start.revision or "main",
        trust_remote_code=settings.model.trust_remote_code,
    )


def uses_bf16(settings: CommonSettings) -> bool:
    """Whether training computes in bfloat16 on this machine."""
    import torch

    if settings.training.bf16 == "auto":
        return bool(torch.cuda.is_available() and torch.cuda.is_bf16_supported())
    return settings.training.bf16


def processor_files(start: Checkpoint) -> list[Path]:
    """The start's tokenizer, templates and preprocessors, which training leaves as they are."""
    folder = Path(start.source)
    if not folder.is_dir():
        from huggingface_hub import snapshot_download

        patterns = [f"*{suffix}" for suffix in _TEXTS]
        folder = Path(
            snapshot_download(start.source, revision=start.revision, allow_patterns=patterns)
        )
    return [
        file
        for file in sorted(folder.iterdir())
        if file.suffix in _TEXTS
        and file.name not in _OF_WEIGHTS
        and not file.name.endswith(".index.json")
    ]


def copy_processor(start: Checkpoint, folder: Path) -> None:
    """Put the start's processor into a folder of weights, as the family lays it out.

    Saving the loaded one would lose its video processor, which needs torchvision to be loaded.
    """
    for file in processor_files(start):
        shutil.copyfile(file, folder / file.name)


def save_usable(
    settings: CommonSettings, start: Checkpoint, checkpoint: Path, folder: Path
) -> None:
    """Write a training checkpoint as one of its family: adapters merged, stored like the start.

    The model in training is left alone: taking adapters out again would not give back the very
    same weights.
    """
    dtype = _stored_dtype(start)
    if settings.training.lora is None:
        model = _pretrained(settings, start, str(checkpoint), dtype)
    else:
        from peft import PeftModel

        base = _pretrained(settings, start, start.source, _dtype(settings))
        model = PeftModel.from_pretrained(base, str(checkpoint)).merge_and_unload().to(dtype)
    model.save_pretrained(folder)
    copy_processor(start, folder)


def part_of(name: str) -> ModelPart | None:
    """The part of a model that a weight or layer of that name belongs to."""
    dotted = f".{name}."
    fitting = [place for place in _PLACES if f".{place}." in dotted]
    return _PLACES[max(fitting, key=len)] if fitting else None


def _pretrained(settings: CommonSettings, start: Checkpoint, source: str, dtype: Any) -> Any:
    from transformers import AutoModelForImageTextToText

    chosen = settings.model
    given: dict[str, Any] = {"trust_remote_code": chosen.trust_remote_code}
    if source == start.source:
        given["revision"] = start.revision or "main"
    if chosen.attention is not None:
        given["attn_implementation"] = chosen.attention
    try:
        model, report = AutoModelForImageTextToText.from_pretrained(
            source,
            dtype=dtype,
            use_safetensors=True,
            output_loading_info=True,
            **given,
        )
    except Exception as error:  # a broken checkpoint can fail in any way
        reason = " ".join(str(error).split())[:300]
        raise UserError(
            f"checkpoint {source} cannot be loaded ({type(error).__name__}: {reason}); it must be"
            " a vision-language checkpoint of transformers with weights in safetensors files"
        ) from error
    if report["missing_keys"]:
        raise UserError(
            f"checkpoint {source} lacks {len(report['missing_keys'])} weights of its architecture"
            f" {type(model).__name__} ({sorted(report['missing_keys'])[0]}, ...)"
        )
    return model


def _dtype(settings: CommonSettings) -> Any:
    """The number format of weights in training."""
    import torch

    name: str = settings.model.dtype
    if name == "auto":
        frozen = settings.training.lora is not None
        name = "bfloat16" if frozen and uses_bf16(settings) else "float32"
    return getattr(torch, name)


def _stored_dtype(start: Checkpoint) -> Any:
    """The number format that the start is stored in."""
    import torch

    for part in (start.config, start.config.get("text_config") or {}):
        name = part.get("dtype") or part.get("torch_dtype")
        if name:
            return getattr(torch, str(name))
    return torch.float32


def _freeze(model: Any, parts: Iterable[ModelPart], source: str) -> None:
    for part in parts:
        weights = [w for name, w in model.named_parameters() if part_of(name) == part]
        if not weights:
            raise UserError(f"training.freeze: {source} has no part '{part}' that is known by name")
        for weight in weights:
            weight.requires_grad_(False)


def _adapted(
    model: Any, lora: LoraSettings, frozen: list[ModelPart], seed: int, checkpoint: Path | None
) -> Any:
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import set_seed

    # adapters are float32 beside bfloat16 weights, except where sharding wants one type for all
    apart = not _sharded()
    if checkpoint is not None:
        return PeftModel.from_pretrained(
            model, str(checkpoint), is_trainable=True, autocast_adapter_dtype=apart
        )
    set_seed(seed)  # adapters start at random
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=_targets(model, lora.targets, frozen),
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config, autocast_adapter_dtype=apart)


def _sharded() -> bool:
    """Whether FSDP or ZeRO-3 spreads the weights over the processes."""
    from transformers.integrations.deepspeed import is_deepspeed_zero3_enabled
    from transformers.integrations.fsdp import is_fsdp_enabled

    return bool(is_deepspeed_zero3_enabled() or is_fsdp_enabled())


def _targets(model: Any, names: list[str] | None, frozen: list[ModelPart]) -> list[str]:
    import torch

    layers = [
        name
        for name, layer in model.named_modules()
        if isinstance(layer, torch.nn.Linear) and name != "lm_head" and part_of(name) not in frozen
    ]
    if names is None:
        return layers
    for name in names:
        if not any(layer.rpartition(".")[2] == name for layer in layers):
            known = sorted({layer.rpartition(".")[2] for layer in layers})
            raise UserError(
                f"training.lora.targets: no linear layer that is not frozen is called '{name}';"
                f" there are: {', '.join(known)}"
            )
    return [layer for layer in layers if layer.rpartition(".")[2] in names]
