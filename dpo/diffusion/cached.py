"""Latents of every medium and embeddings of every prompt, computed once and kept on disk.

Files are named by the hash of what they were made from and appear whole or not at all, so a cache
that was interrupted goes on; what else decides them (model, size, frames) is for the folder's name.
Each is made by itself, so that no batch changes its numbers.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

from ...harness.errors import UserError
from ...harness.seeds import seed_for
from .families import Family
from .latents import encode, pixels
from .pairs import Medium, Pair
from .settings import DataSettings
from .start import Start

T = TypeVar("T")

_TELL_EVERY = 10.0


class Cache:
    """What a training needs of its pairs.

    Args:
        folder: where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def medium(self, medium: Medium, *, flipped: bool = False) -> Any:
        """Latents of a medium, or of its mirror image, without a batch dimension."""
        return _read(self._file("media", medium.digest))["flipped" if flipped else "latents"]

    def prompt(self, prompt: str) -> Mapping[str, Any]:
        """Conditions of a prompt, without a batch dimension."""
        return _read(self._file("prompts", _digest(prompt)))

    def missing_media(self, pairs: Iterable[Pair]) -> list[Medium]:
        """The distinct media whose latents are not there yet, in order."""
        media = {m.digest: m for pair in pairs for m in (pair.chosen, pair.rejected)}
        return [m for m in media.values() if not self._file("media", m.digest).is_file()]

    def missing_prompts(self, pairs: Iterable[Pair]) -> list[str]:
        """The distinct prompts whose embeddings are not there yet, in order."""
        prompts = dict.fromkeys(pair.prompt for pair in pairs)
        return [p for p in prompts if not self._file("prompts", _digest(p)).is_file()]

    def store_medium(self, medium: Medium, tensors: Mapping[str, Any]) -> None:
        """Keep what :meth:`medium` gives."""
        _write(self._file("media", medium.digest), tensors)

    def store_prompt(self, prompt: str, tensors: Mapping[str, Any]) -> None:
        """Keep what :meth:`prompt` gives."""
        _write(self._file("prompts", _digest(prompt)), tensors)

    def _file(self, kind: str, digest: str) -> Path:
        return self.folder / kind / digest[:2] / f"{digest}.safetensors"


def fill(
    cache: Cache,
    pairs: Sequence[Pair],
    start: Start,
    family: Family,
    data: DataSettings,
    *,
    dtype: Any,
    device: Any,
    share: tuple[int, int] = (0, 1),
) -> None:
    """Compute what the cache lacks; afterwards nothing of the encoders is left in memory.

    Args:
        cache: where to.
        pairs: whose media and prompts.
        start: the pipeline with the encoders.
        family: its family.
        data: how media are shown.
        dtype: number format of the text encoders.
        device: where they compute.
        share: this process's number, and of how many; each computes its part.

    Raises:
        UserError: a medium cannot be used, or the encoders do not fit.
    """
    import torch

    number, processes = share
    prompts = cache.missing_prompts(pairs)[number::processes]
    media = cache.missing_media(pairs)[number::processes]
    if not prompts and not media:
        return
    pipe = start.load_encoders(family.part, dtype)
    vae = getattr(pipe, "vae", None)
    _check_frames(vae, data.num_frames)
    with torch.no_grad():
        texts = [name for name in pipe.components if name != "vae"]
        _move(pipe, texts, device)
        for prompt in _told(prompts, "prompts", number == 0):
            made = family.encode(pipe, prompt, data.size, device)
            cache.store_prompt(prompt, made)
        _move(pipe, texts, "cpu")
        _move(pipe, ["vae"], device)
        for medium in _told(media, "media", number == 0):
            cache.store_medium(medium, _latents(vae, medium, family, data, device))
    del pipe, vae
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _check_frames(vae: Any, frames: int | None) -> None:
    """A VAE over time makes one latent frame of the first frame, then one of every so many."""
    every = 1 if vae is None else int(vae.config.get("scale_factor_temporal") or 1)
    if frames is not None and (frames - 1) % every:
        near = (frames - 1) // every * every + 1
        raise UserError(
            f"data.num_frames: {frames} does not fit this pipeline's VAE, which takes a multiple of"
            f" {every} and one more, such as {near} or {near + every}"
        )


def _latents(
    vae: Any, medium: Medium, family: Family, data: DataSettings, device: Any
) -> dict[str, Any]:
    shown = pixels(medium.path, family.modality, data.size, data.num_frames)[None].to(device)
    seed = seed_for("latents", medium.digest)
    try:
        made = {"latents": encode(vae, shown, data.latents, seed)[0]}
        if data.flip:
            made["flipped"] = encode(vae, shown.flip(-1), data.latents, seed)[0]
    except (RuntimeError, ValueError) as error:
        if "out of memory" in str(error):
            raise
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"the VAE does not take {tuple(shown.shape[1:])} (channels, frames, pixels): {reason};"
            " check data.resolution and data.num_frames"
        ) from error
    return made


def _move(pipe: Any, names: Iterable[str], device: Any) -> None:
    import torch

    for name in names:
        part = getattr(pipe, name, None)
        if isinstance(part, torch.nn.Module):
            part.to(device)


def _told(things: Sequence[T], kind: str, tell: bool) -> Iterator[T]:
    """The things, and now and then a line on standard error about how far it is."""
    began = told = time.monotonic()
    for done, thing in enumerate(things):
        now = time.monotonic()
        if tell and now - told > _TELL_EVERY:
            told, left = now, (now - began) / done * (len(things) - done)
            print(f"encoded {done:,}/{len(things):,} {kind}; {left:,.0f} s left", file=sys.stderr)
        yield thing


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _read(file: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    tensors: dict[str, Any] = load_file(file)
    return tensors


def _write(file: Path, tensors: Mapping[str, Any]) -> None:
    from safetensors.torch import save_file

    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}")
    save_file({name: each.cpu().contiguous().clone() for name, each in tensors.items()}, part)
    part.replace(file)
