"""Media as models see them: pixels of one size, and the latents that a VAE makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ...harness.errors import MediaError, UserError
from ...harness.items import Media, Modality
from ...harness.media import load_image
from ...harness.video import sample_frames


def pixels(path: Path, modality: Modality, size: tuple[int, int], frames: int | None) -> Any:
    """A medium's pixels from -1 to 1, scaled to cover the size and cut to it around the middle.

    Args:
        path: image file, video file or folder of frames.
        modality: what it is.
        size: height and width in pixels.
        frames: of a video.

    Returns:
        float32 of shape (3, height, width), of a video (3, frames, height, width).

    Raises:
        UserError: it cannot be read, or the video has too few frames.
    """
    import numpy as np
    import torch
    from PIL import Image, ImageOps

    medium = Media(modality, str(path))
    try:
        shown = [load_image(medium)] if frames is None else sample_frames(medium, frames)
    except MediaError as error:
        raise UserError(str(error)) from None
    if frames is not None and len(shown) < frames:
        raise UserError(
            f"{path} has {len(shown)} frames, fewer than data.num_frames ({frames}); lower that,"
            " or leave the pair out"
        )
    height, width = size
    fitted = [ImageOps.fit(p, (width, height), Image.Resampling.LANCZOS) for p in shown]
    values = torch.from_numpy(np.stack([np.asarray(p) for p in fitted]).astype("float32"))
    values = values.div_(127.5).sub_(1).permute(3, 0, 1, 2)  # channels, frames, height, width
    return values[:, 0] if frames is None else values


def encode(vae: Any, values: Any, how: Literal["mean", "sample"], seed: int) -> Any:
    """Latents as the denoiser takes them, scaled and shifted as the VAE's configuration says.

    Args:
        vae: an image VAE, a video VAE, or None for a model of pixels.
        values: pixels of shape (1, 3, height, width) or (1, 3, frames, height, width); an image VAE
            is given a video frame by frame.
        how: mean of the VAE's distribution, or a sample.
        seed: of the sample.
    """
    if vae is None:
        return values
    if values.dim() == 5 and not _is_for_video(vae):
        _, _, frames, _, _ = values.shape
        each = values.transpose(1, 2).flatten(0, 1)
        return encode(vae, each, how, seed).unflatten(0, (1, frames)).transpose(1, 2)
    return _scaled(vae.config, _encoded(vae.encode(values), how, seed))


def _is_for_video(vae: Any) -> bool:
    """Whether the VAE's first layer is a convolution over time too."""
    first = next(p for p in vae.encoder.parameters() if p.dim() >= 4)
    return bool(first.dim() == 5)


def _encoded(output: Any, how: str, seed: int) -> Any:
    import torch

    if not hasattr(output, "latent_dist"):  # small and deterministic ones, such as AutoencoderTiny
        return output.latents if hasattr(output, "latents") else output.latent
    distribution = output.latent_dist
    if how == "mean":
        return distribution.mode()
    noise = torch.randn(distribution.mean.shape, generator=torch.Generator().manual_seed(seed))
    return distribution.mean + distribution.std * noise.to(distribution.mean.device)


def _scaled(config: Any, latents: Any) -> Any:
    """The inverse of what pipelines do before they decode."""
    import torch

    mean, std = config.get("latents_mean"), config.get("latents_std")
    scale = float(config.get("scaling_factor") or 1.0)
    if mean is not None and std is not None:
        shape = (1, -1, *[1] * (latents.dim() - 2))
        mean = torch.tensor(mean, device=latents.device).reshape(shape)
        std = torch.tensor(std, device=latents.device).reshape(shape)
        return (latents - mean) * scale / std
    return (latents - float(config.get("shift_factor") or 0.0)) * scale
