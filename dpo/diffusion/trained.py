"""The component that is trained: loaded, given adapters, its reference, and how it is saved."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...harness.errors import UserError
from .settings import LoraSettings, Settings
from .start import INDEX, Start


def load(settings: Settings, start: Start, part: str, *, bf16: bool) -> Any:
    """The component to train, ready for it: adapters in place, everything else frozen.

    It stays in evaluation mode: dropout would make the model differ from its reference by chance.

    Raises:
        UserError: its weights cannot be loaded, or it takes no such adapters or no gradient
            checkpointing.
    """
    import torch

    training = settings.training
    name: str = settings.model.dtype
    if name == "auto":
        name = "bfloat16" if bf16 and training.lora is not None else "float32"
    model = start.load_part(part, getattr(torch, name)).eval()
    if training.lora is not None:
        _adapt(model, training.lora, training.seed)
    else:
        model.requires_grad_(True)
    if training.gradient_checkpointing:
        try:
            model.enable_gradient_checkpointing()
        except ValueError:
            raise UserError(
                f"training.gradient_checkpointing: diffusers has none for {type(model).__name__};"
                " leave it out, and lower batch_size where memory is short"
            ) from None
    return model


def reference_of(model: Any, lora: LoraSettings | None) -> Callable[[Callable[[Any], Any]], Any]:
    """What calls a function with the model as it was before training, without gradients.

    Args:
        model: the component; under LoRA its adapters are switched off for the call, otherwise it is
            copied now, before anything is learnt.
        lora: as it is trained.
    """
    import torch

    if lora is None:
        frozen = copy.deepcopy(model).requires_grad_(False)
        if getattr(frozen, "is_gradient_checkpointing", False):
            frozen.disable_gradient_checkpointing()

        def of_copy(call: Callable[[Any], Any]) -> Any:
            with torch.no_grad():
                return call(frozen)

        return of_copy

    def without_adapters(call: Callable[[Any], Any]) -> Any:
        model.disable_adapters()
        try:
            with torch.no_grad():
                return call(model)
        finally:
            model.enable_adapters()

    return without_adapters


def save(settings: Settings, start: Start, part: str, model: Any) -> None:
    """Write what diffusers loads into the output folder.

    Fully trained, that is the whole pipeline: ``DiffusionPipeline.from_pretrained(folder)``, other
    components as they were, numbers stored in the format of the start. With LoRA it is the
    adapters: ``pipe.load_lora_weights(folder)``.
    """
    if settings.training.lora is not None:
        _save_adapters(start, part, model, settings.output)
        return
    for name in start.components():
        if name != part and (start.folder / name).is_dir():
            shutil.copytree(start.folder / name, settings.output / name, dirs_exist_ok=True)
    shutil.copyfile(start.folder / INDEX, settings.output / INDEX)
    model.register_to_config(_name_or_path=Path(start.name).name)  # not where it lies here
    model.to(_stored_dtype(start, part))
    model.save_pretrained(settings.output / part, variant=start.variant)


def _adapt(model: Any, lora: LoraSettings, seed: int) -> None:
    import torch
    from peft import LoraConfig

    kind = type(model).__name__
    if not hasattr(model, "add_adapter"):
        raise UserError(
            f"training.lora: diffusers has no LoRA for {kind}; leave lora out to train it in full"
        )
    model.requires_grad_(False)
    torch.manual_seed(seed)  # adapters start at random
    config = LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha or lora.rank, target_modules=list(lora.targets)
    )
    try:
        model.add_adapter(config)
    except ValueError:
        layers = (n for n, layer in model.named_modules() if isinstance(layer, torch.nn.Linear))
        known = sorted({name.rpartition(".")[2] for name in layers} - {"0", "1", "2"})
        raise UserError(
            f"training.lora.targets: {kind} has no layers named {', '.join(lora.targets)};"
            f" there are: {', '.join(known)}"
        ) from None
    for weight in trainable(model):
        weight.data = weight.data.float()  # small steps vanish in bfloat16


def trainable(model: Any) -> list[Any]:
    """The parameters that are learnt."""
    return [weight for weight in model.parameters() if weight.requires_grad]


def _save_adapters(start: Start, part: str, model: Any, folder: Path) -> None:
    import diffusers
    from peft.utils import get_peft_model_state_dict

    pipeline = getattr(diffusers, str(start.index["_class_name"]))
    adapters = {
        f"{part}_lora_layers": get_peft_model_state_dict(model),
        f"{part}_lora_adapter_metadata": model.peft_config["default"].to_dict(),
    }
    pipeline.save_lora_weights(folder, **adapters)


def _stored_dtype(start: Start, part: str) -> Any:
    """The number format that the start's weights are stored in."""
    import torch
    from safetensors import safe_open

    ending = f"{start.variant}.safetensors" if start.variant else ".safetensors"
    for file in sorted((start.folder / part).glob(f"*{ending}")):
        with safe_open(file, "pt") as weights:
            for name in weights.keys():  # noqa: SIM118
                tensor = weights.get_tensor(name)
                if tensor.is_floating_point():
                    return tensor.dtype
    index = start.folder / part / "config.json"
    named = json.loads(index.read_text(encoding="utf-8")).get("dtype", "float32")
    return getattr(torch, str(named), torch.float32)
