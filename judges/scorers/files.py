"""Files of published checkpoints: found in a folder or on the hub, told apart, and read safely.

Some reward models are published as one file of tensors that no library loads by itself. Where the
same tensors are there as ``.safetensors``, those are read. Of a ``.pt``, ``.pth`` or ``.bin`` file,
which is a pickle, only tensors and plain values are taken (``torch.load(weights_only=True)``): the
file cannot run code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Any

from ...harness.errors import UserError
from ..backends.checkpoints import pieces


@dataclass(frozen=True, slots=True)
class Published:
    """A published checkpoint: a local folder, or a hub repository at a commit.

    ``weights`` is the name of its file of tensors; ``fingerprint`` names its exact content.
    """

    source: str
    revision: str | None
    weights: str
    fingerprint: str

    def file(self, name: str) -> Path:
        """Where a file of the checkpoint is on this machine; fetched if need be.

        Raises:
            UserError: there is none, or it cannot be fetched.
        """
        if self.revision is None:
            file = Path(self.source) / name
            if not file.is_file():
                raise UserError(f"{self.source} has no {name}; put it beside {self.weights}")
            return file
        from huggingface_hub import hf_hub_download

        try:
            return Path(hf_hub_download(self.source, name, revision=self.revision))
        except Exception as error:
            raise _unreachable(self.source, name, error) from error


def find(
    path: str, revision: str | None, names: Sequence[str], beside: Sequence[str] = ()
) -> Published:
    """Find a checkpoint by its file of tensors; fetches nothing large.

    Args:
        path: local folder, the file itself, or hub id.
        revision: branch, tag or commit of a hub checkpoint.
        names: what the file may be called, the preferred first.
        beside: other files that belong to what the checkpoint is.

    Raises:
        UserError: there is no such checkpoint, or the hub cannot be reached.
    """
    place = Path(path).expanduser()
    if not place.exists():
        if len(PurePosixPath(path).parts) != 2 or path.startswith((".", "/", "~")):
            raise UserError(f"checkpoint {place} does not exist; check path=")
        return _on_hub(path, revision, names)
    if revision is not None:
        raise UserError(f"revision={revision} is for hub checkpoints, but {place} is local")
    if place.is_file():
        place, names = place.parent, (place.name,)
    name = next((name for name in names if (place / name).is_file()), None)
    if name is None:
        raise UserError(f"{place} has no {' or '.join(names)}; check path=")
    known = [place / other for other in (name, *beside) if (place / other).is_file()]
    return Published(str(place), None, name, fingerprint(known))


def _on_hub(name: str, revision: str | None, names: Sequence[str]) -> Published:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    reason: Exception | None = None
    for file in names:
        try:
            there = get_hf_file_metadata(hf_hub_url(name, file, revision=revision))
            commit = there.commit_hash or revision or "main"
            return Published(name, commit, file, commit)
        except EntryNotFoundError as error:
            if not isinstance(error, LocalEntryNotFoundError):
                continue
            reason = error
        except Exception as error:  # whatever keeps the hub out of reach
            reason = error
        cached = try_to_load_from_cache(name, file, revision=revision)
        if isinstance(cached, str):
            commit = Path(cached).parents[len(PurePosixPath(file).parts) - 1].name
            return Published(name, commit, file, commit)
    if reason is not None:
        raise _unreachable(name, names[0], reason) from reason
    raise UserError(f"hub repository {name} has no {' or '.join(names)}; check path= and revision=")


def _unreachable(name: str, file: str, error: Exception) -> UserError:
    reason = (str(error).splitlines() or [""])[0]
    return UserError(
        f"{file} of checkpoint '{name}' cannot be fetched from the hub ({type(error).__name__}:"
        f" {reason}); check path=, revision= and the network, or give a local folder as path="
    )


def fingerprint(files: Iterable[Path]) -> str:
    """Hash of files by name, size and content; of large ones, of 16 evenly spaced pieces."""
    digest = blake2b(digest_size=16)
    for file in files:
        digest.update(f"\0{file.name}\0{file.stat().st_size}\0".encode())
        for piece in pieces(file):
            digest.update(piece)
    return digest.hexdigest()


def tensors(file: Path) -> dict[str, Any]:
    """The tensors of a file by name, also where they lie in it as its ``state_dict``.

    Raises:
        UserError: the file is damaged, or holds more than tensors and plain values.
    """
    try:
        held = _read(file)
    except Exception as error:  # damaged files fail in any way
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{file} cannot be read ({type(error).__name__}: {reason}); download it again, or"
            " write its tensors to a .safetensors file (only tensors are read, never code)"
        ) from error
    held = held.get("state_dict", held) if isinstance(held, Mapping) else {}
    found = {
        str(name).removeprefix("module."): value
        for name, value in held.items()
        if hasattr(value, "shape")
    }
    if not found:
        raise UserError(f"{file} holds no tensors; check path=")
    return found


def _read(file: Path) -> Any:
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    import torch

    return torch.load(file, map_location="cpu", weights_only=True)


def assembled(kind: Any, state: Mapping[str, Any], source: str, **arguments: Any) -> Any:
    """A model made of tensors by name, ready to run; nothing is initialised in vain.

    Args:
        kind: what makes the model (its class).
        state: its tensors.
        source: what they come from, for errors.
        arguments: of the class.

    Raises:
        UserError: a tensor is missing, or has another shape than the model's.
    """
    from accelerate import init_empty_weights

    with init_empty_weights(include_buffers=False):
        model = kind(**arguments)
    try:
        report = model.load_state_dict(state, strict=False, assign=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{source} does not fit {type(model).__name__}: {reason}") from None
    if report.missing_keys:
        raise lacking(source, type(model).__name__, report.missing_keys)
    return model.eval().requires_grad_(False)


def lacking(source: str, model: str, names: Sequence[str]) -> UserError:
    """The error for a checkpoint without some of a model's tensors."""
    return UserError(
        f"{source} lacks {len(names)} tensors of {model} ({sorted(names)[0]}, ...); download it"
        " again, or check that it is a checkpoint of this kind"
    )
