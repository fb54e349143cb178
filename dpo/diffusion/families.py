"""What differs between pipeline families: how prompts are encoded and how the denoiser is called.

A family is an entry of a table with two functions, each read off its pipeline's ``__call__`` in
diffusers. To add one, write them and its entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...harness.errors import UserError
from ...harness.items import Modality

_GUIDANCE = 3.5
"""What FLUX.1-dev takes as guidance, its pipeline's default: it was distilled to know it."""


@dataclass(frozen=True, slots=True)
class Family:
    """One family of pipelines.

    Args:
        modality: what it generates.
        part: the component that is trained.
        multiple: height and width must be multiples of this many pixels.
        encode: from (pipeline, prompt, (height, width), device) to the conditions of one sample,
            tensors without a batch dimension.
        predict: from (model, noisy latents, timesteps, conditions) to the model's output; all of
            them have a batch dimension, and the output has the shape of the latents.
    """

    modality: Modality
    part: str
    multiple: int
    encode: Callable[[Any, str, tuple[int, int], Any], dict[str, Any]]
    predict: Callable[[Any, Any, Any, Mapping[str, Any]], Any]


def family_of(index: Mapping[str, Any], source: str, modality: Modality) -> Family:
    """The family of a pipeline.

    Args:
        index: the content of its ``model_index.json``.
        source: what the user calls it.
        modality: what it should generate.

    Raises:
        UserError: its class is not supported, or generates something else.
    """
    name = str(index.get("_class_name"))
    if name not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        raise UserError(
            f"model.path: {source} is a {name}, which is not supported; supported: {known}"
        )
    family = FAMILIES[name]
    if family.modality != modality:
        raise UserError(
            f"model.path: {source} is a {name}, which generates {family.modality}s; use"
            f" `unieval dpo {family.modality}`, or another model"
        )
    second = index.get("transformer_2")
    if (second and second[0]) or index.get("expand_timesteps"):
        raise UserError(
            f"model.path: {source} has two transformers, or timesteps for each token (Wan 2.2); of"
            " WanPipelines those with one transformer can be trained, such as Wan 2.1"
        )
    return family


def _encode_sd(pipe: Any, prompt: str, size: tuple[int, int], device: Any) -> dict[str, Any]:
    embeds, _ = pipe.encode_prompt([prompt], device, 1, False)
    return {"encoder_hidden_states": embeds[0]}


def _encode_sdxl(pipe: Any, prompt: str, size: tuple[int, int], device: Any) -> dict[str, Any]:
    import torch

    embeds, _, pooled, _ = pipe.encode_prompt(
        [prompt], device=device, num_images_per_prompt=1, do_classifier_free_guidance=False
    )
    # original size, corner of the cut and target size, as if made at this very size
    sizes = torch.tensor([*size, 0, 0, *size], dtype=torch.float32)
    return {"encoder_hidden_states": embeds[0], "text_embeds": pooled[0], "time_ids": sizes}


def _encode_sd3(pipe: Any, prompt: str, size: tuple[int, int], device: Any) -> dict[str, Any]:
    embeds, _, pooled, _ = pipe.encode_prompt(
        [prompt], None, None, device=device, do_classifier_free_guidance=False
    )
    return {"encoder_hidden_states": embeds[0], "pooled_projections": pooled[0]}


def _encode_flux(pipe: Any, prompt: str, size: tuple[int, int], device: Any) -> dict[str, Any]:
    embeds, pooled, _ = pipe.encode_prompt([prompt], device=device)
    return {"encoder_hidden_states": embeds[0], "pooled_projections": pooled[0]}


def _encode_wan(pipe: Any, prompt: str, size: tuple[int, int], device: Any) -> dict[str, Any]:
    embeds, _ = pipe.encode_prompt(
        [prompt], do_classifier_free_guidance=False, max_sequence_length=512, device=device
    )
    return {"encoder_hidden_states": embeds[0]}


def _predict_unet(model: Any, noisy: Any, timesteps: Any, given: Mapping[str, Any]) -> Any:
    """UNets, over space or over time and space."""
    added = {key: given[key] for key in ("text_embeds", "time_ids") if key in given}
    more = {"added_cond_kwargs": added} if added else {}
    text = given["encoder_hidden_states"]
    output = model(noisy, timesteps, encoder_hidden_states=text, return_dict=False, **more)[0]
    return output[:, : noisy.shape[1]]  # what is beyond is a learned variance


def _predict_transformer(model: Any, noisy: Any, timesteps: Any, given: Mapping[str, Any]) -> Any:
    """Transformers that cut latents into patches themselves."""
    return model(hidden_states=noisy, timestep=timesteps, return_dict=False, **given)[0]


def _predict_flux(model: Any, noisy: Any, timesteps: Any, given: Mapping[str, Any]) -> Any:
    """FLUX.1 takes 2 x 2 patches as a sequence, and where each of them is."""
    import torch

    batch, channels, height, width = noisy.shape
    rows, columns = height // 2, width // 2
    patches = noisy.reshape(batch, channels, rows, 2, columns, 2).permute(0, 2, 4, 1, 3, 5)
    places = torch.zeros(rows, columns, 3, device=noisy.device)
    places[..., 1] = torch.arange(rows, device=noisy.device)[:, None]
    places[..., 2] = torch.arange(columns, device=noisy.device)[None]
    text = given["encoder_hidden_states"]
    output = model(
        hidden_states=patches.reshape(batch, rows * columns, channels * 4),
        timestep=timesteps / 1000,
        guidance=torch.full((batch,), _GUIDANCE, device=noisy.device),  # unless distilled, ignored
        txt_ids=torch.zeros(text.shape[1], 3, device=noisy.device),
        img_ids=places.reshape(-1, 3),
        return_dict=False,
        **given,
    )[0]
    apart = output.reshape(batch, rows, columns, channels, 2, 2).permute(0, 3, 1, 4, 2, 5)
    return apart.reshape(noisy.shape)


FAMILIES: Mapping[str, Family] = {
    "StableDiffusionPipeline": Family("image", "unet", 8, _encode_sd, _predict_unet),
    "StableDiffusionXLPipeline": Family("image", "unet", 8, _encode_sdxl, _predict_unet),
    "StableDiffusion3Pipeline": Family(
        "image", "transformer", 16, _encode_sd3, _predict_transformer
    ),
    "FluxPipeline": Family("image", "transformer", 16, _encode_flux, _predict_flux),
    "TextToVideoSDPipeline": Family("video", "unet", 8, _encode_sd, _predict_unet),
    "WanPipeline": Family("video", "transformer", 16, _encode_wan, _predict_transformer),
}
"""The families by the class names of their pipelines."""
