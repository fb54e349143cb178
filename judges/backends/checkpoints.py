"""Where a checkpoint is and which one it is, found out without loading a weight."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ...harness.errors import UserError

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_SAMPLES = 16
_SAMPLE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint: a local folder, or a hub id with the commit it stands at.

    ``fingerprint`` names its exact content: the hub commit, or a hash of the folder's
    configuration and a sample of its weights. ``config`` is the content of ``config.json``.
    """

    source: str
    revision: str | None
    config: Mapping[str, Any]
    fingerprint: str


def locate(path: str, revision: str | None = None) -> Checkpoint:
    """Find the checkpoint at a local folder or hub id; of the hub, only config.json is fetched.

    Raises:
        UserError: there is none, it cannot be reached, or it is no checkpoint of transformers.
    """
    folder = Path(path).expanduser()
    if folder.is_dir():
        if revision is not None:
            raise UserError(f"revision={revision} is for hub checkpoints, but {folder} is a folder")
        return _local(folder)
    if folder.exists():
        raise UserError(f"checkpoint {folder} is a file; give the folder that holds config.json")
    if not _HUB_ID.fullmatch(path):
        raise UserError(f"checkpoint folder {folder} does not exist; check path=")
    return _on_hub(path, revision)


def _local(folder: Path) -> Checkpoint:
    if not (folder / "config.json").is_file():
        adapter = (folder / "adapter_config.json").is_file()
        cure = "merge the adapter into its base model first" if adapter else "check path="
        raise UserError(f"{folder} is no checkpoint: it has no config.json; {cure}")
    return Checkpoint(
        str(folder), None, _config(folder / "config.json"), folder_fingerprint(folder)
    )


def _on_hub(name: str, revision: str | None) -> Checkpoint:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        config = Path(hf_hub_download(name, "config.json", revision=revision))
    except RepositoryNotFoundError:
        raise UserError(
            f"checkpoint '{name}' is neither a local folder nor a model that you may read on the"
            " hub; check path=, and HF_TOKEN if it is private or gated"
        ) from None
    except RevisionNotFoundError:
        raise UserError(f"hub checkpoint {name} has no revision '{revision}'") from None
    except LocalEntryNotFoundError:
        raise UserError(
            f"checkpoint '{name}' is no local folder, and the hub cannot be reached; check the"
            " network, or download the checkpoint and give its folder as path="
        ) from None
    except EntryNotFoundError:
        raise UserError(f"hub repository {name} is no checkpoint: it has no config.json") from None
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0]
        raise UserError(
            f"checkpoint '{name}' cannot be fetched from the hub ({type(error).__name__}:"
            f" {reason}); check the network, or give a local folder as path="
        ) from error
    commit = config.parent.name  # the cache keeps each commit's files in a folder of its name
    return Checkpoint(name, commit, _config(config), commit)


def _config(file: Path) -> Mapping[str, Any]:
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{file} is not valid JSON: {error}") from None
    if not isinstance(config, dict):
        raise UserError(f"{file} is not a JSON object")
    return config


def folder_fingerprint(folder: Path) -> str:
    """Hash of a checkpoint folder: its text files whole, its weights by size, header and samples.

    Weights are read in 16 evenly spaced pieces of 64 KiB a file (files up to 1 MiB whole), so a
    checkpoint of any size takes milliseconds; training moves every weight, so it shows.
    """
    digest = blake2b(digest_size=16)
    for file in sorted(folder.iterdir()):
        if file.suffix in (".json", ".jinja", ".txt", ".model"):
            parts = iter([file.read_bytes()])
        elif file.suffix == ".safetensors":
            parts = _weight_samples(file)
        else:
            continue
        digest.update(f"\0{file.name}\0{file.stat().st_size}\0".encode())
        for part in parts:
            digest.update(part)
    return digest.hexdigest()


def _weight_samples(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        yield stream.read(min(file.stat().st_size, size))  # the header
    yield from pieces(file)


def pieces(file: Path) -> Iterator[bytes]:
    """A file's bytes in 16 evenly spaced pieces of 64 KiB, the last at its end; up to 1 MiB all."""
    last = max(0, file.stat().st_size - _SAMPLE_BYTES)
    count = min(_SAMPLES - 1, -(-last // _SAMPLE_BYTES)) or 1
    with file.open("rb") as stream:
        for number in range(count + 1):
            stream.seek(last * number // count)
            yield stream.read(_SAMPLE_BYTES)
