"""The pipeline that training starts from: found, and its parts loaded one at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ...harness.errors import UserError
from ...judges.backends.checkpoints import folder_fingerprint
from .settings import ModelSettings

INDEX = "model_index.json"
# what neither training nor its conditions need
_UNUSED = ("safety_checker", "feature_extractor", "image_encoder", "transformer_2")


@dataclass(frozen=True, slots=True)
class Start:
    """One pipeline in a folder.

    Args:
        name: as the user named it.
        folder: where its files are, of the hub a snapshot in the cache.
        variant: which weights.
        index: the content of its ``model_index.json``.
        fingerprint: hash of its configurations and of samples of its weights.
    """

    name: str
    folder: Path
    variant: str | None
    index: Mapping[str, Any]
    fingerprint: str

    def components(self) -> list[str]:
        """Names of the components that it has, each in a folder of that name."""
        return [
            name
            for name, kind in self.index.items()
            if isinstance(kind, list) and kind[0] is not None
        ]

    def load_part(self, part: str, dtype: Any) -> Any:
        """Load the component that is trained.

        Raises:
            UserError: its weights cannot be loaded.
        """
        return self._load(part, torch_dtype=dtype, variant=self.variant)

    def load_scheduler(self) -> Any:
        """Load the noise schedule."""
        return self._load("scheduler")

    def load_encoders(self, part: str, dtype: Any) -> Any:
        """Load the pipeline without the component that is trained: text encoders and VAE.

        The VAE comes in float32: that of SDXL overflows in half precision.
        """
        from diffusers import DiffusionPipeline

        unused = [name for name in (part, *_UNUSED) if name in self.index]
        if not self.has("vae"):
            unused.append("vae")
        try:
            return DiffusionPipeline.from_pretrained(
                self.folder,
                torch_dtype={"vae": _float32(), "default": dtype},
                variant=self.variant,
                local_files_only=True,
                **dict.fromkeys(unused),
            )
        except Exception as error:  # a broken pipeline can fail in any way
            raise self._broken("text encoders and VAE", error) from error

    def has(self, component: str) -> bool:
        """Whether the pipeline has such a component."""
        return component in self.components()

    def _load(self, part: str, **given: Any) -> Any:
        import diffusers

        try:
            kind = getattr(diffusers, self.index[part][1])
            return kind.from_pretrained(self.folder, subfolder=part, **given)
        except Exception as error:
            raise self._broken(part, error) from error

    def _broken(self, what: str, error: Exception) -> UserError:
        reason = " ".join(str(error).split())[:300]
        return UserError(
            f"{self.name}: {what} cannot be loaded ({type(error).__name__}: {reason}); check that"
            " the pipeline is complete, and model.variant"
        )


def find(model: ModelSettings) -> Start:
    """Find a pipeline in a folder, or fetch it from the hub.

    Raises:
        UserError: there is none, or it cannot be fetched.
    """
    folder = Path(model.path).expanduser()
    if not folder.is_dir():
        folder = _fetched(model)
    elif model.revision is not None:
        raise UserError(f"model.revision is for hub pipelines, but {folder} is a folder")
    if not (folder / INDEX).is_file():
        raise UserError(f"model.path: {folder} is no diffusers pipeline: it has no {INDEX}")
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{folder / INDEX} is not valid JSON: {error}") from None
    digest = blake2b(json.dumps(index, sort_keys=True).encode(), digest_size=16)
    for part in sorted(each for each in folder.iterdir() if each.is_dir() and each.name in index):
        digest.update(f"{part.name} {folder_fingerprint(part)}\n".encode())
    return Start(model.path, folder, model.variant, index, digest.hexdigest())


def _fetched(model: ModelSettings) -> Path:
    from diffusers import DiffusionPipeline

    if model.path.count("/") != 1 or model.path.startswith((".", "/", "~")):
        raise UserError(f"model.path: folder {model.path} does not exist")
    try:
        return Path(
            DiffusionPipeline.download(model.path, revision=model.revision, variant=model.variant)
        )
    except Exception as error:  # network, access, missing revision, missing variant
        reason = (str(error).splitlines() or [""])[0][:300]
        raise UserError(
            f"model.path: '{model.path}' is no local folder, and cannot be fetched from the hub"
            f" ({type(error).__name__}: {reason}); check the name, revision, variant and network,"
            " and HF_TOKEN if it is gated"
        ) from error


def _float32() -> Any:
    import torch

    return torch.float32
