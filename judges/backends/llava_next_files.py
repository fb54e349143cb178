"""The files of a LLaVA-NeXT checkpoint, and the places of their tensors in transformers' model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...harness.errors import UserError
from .llava_next_config import VISION, Shapes

_FETCHED = ["*.safetensors", "*.json", "*.txt"]
_INDEX = "model.safetensors.index.json"
_DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
# How names start: in LLaVA-NeXT's files, and in transformers' model.
_STARTS = (
    (VISION, "model.vision_tower."),
    ("model.mm_projector.0.", "model.multi_modal_projector.linear_1."),
    ("model.mm_projector.2.", "model.multi_modal_projector.linear_2."),
    ("model.image_newline", "model.image_newline"),
    ("model.embed_tokens.", "model.language_model.embed_tokens."),
    ("model.layers.", "model.language_model.layers."),
    ("model.norm.", "model.language_model.norm."),
    ("lm_head.", "lm_head."),
)
_UNUSED = re.compile(
    r"model\.(layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq"  # computed
    rf"|{re.escape(VISION)}embeddings\.position_ids"  # counted
    rf"|{re.escape(VISION)}head\..*"  # the features of all patches are used, not their summary
    r"|model\.faster_token"  # of videos in two speeds, which are not shown
)
_VISION_LAYER = re.compile(rf"{re.escape(VISION)}encoder\.layers\.(\d+)\.")


def checkpoint_folder(source: str, revision: str | None) -> Path:
    """The folder, or where a hub checkpoint's safetensors, JSON and text files now lie.

    Raises:
        UserError: it cannot be fetched.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(source, revision=revision, allow_patterns=_FETCHED))
    except Exception as error:  # the hub's client can fail in any way
        reason = (str(error).splitlines() or [""])[0]
        raise UserError(
            f"checkpoint '{source}' cannot be fetched from the hub ({type(error).__name__}:"
            f" {reason}); check the network, or give a local folder as path="
        ) from error


def read_config(folder: Path) -> Mapping[str, Any]:
    """The content of the folder's ``config.json``.

    Raises:
        UserError: there is none, or it is not a JSON object.
    """
    return _object(folder / "config.json")


@dataclass(frozen=True, slots=True)
class Tensors:
    """Tensors of safetensors files, of which only headers have been read.

    ``files`` and ``shapes`` are by name. ``dtype`` is that of most of them, if it is a float one.
    """

    files: Mapping[str, Path]
    shapes: Shapes
    dtype: str | None

    @classmethod
    def of(cls, folder: Path) -> Tensors:
        """Find the tensors of a checkpoint folder, in one file or in those of its index.

        Raises:
            UserError: there are no safetensors files, or one is missing or damaged.
        """
        files: dict[str, Path] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        dtypes: list[str] = []
        for file in _files(folder):
            with _opened(file) as content:
                for name in content.keys():  # noqa: SIM118  (it is no mapping)
                    tensor = content.get_slice(name)
                    files[name], shapes[name] = file, tuple(tensor.get_shape())
                    dtypes.append(tensor.get_dtype())
        most = max(set(dtypes), key=dtypes.count, default="")
        return cls(files, shapes, _DTYPES.get(most))

    @contextmanager
    def reading(self) -> Iterator[Callable[[str], Any]]:
        """A function from a tensor's name to the tensor in its file, read when it is indexed."""
        with ExitStack() as stack:
            contents = {
                file: stack.enter_context(_opened(file)) for file in set(self.files.values())
            }
            yield lambda name: contents[self.files[name]].get_slice(name)


def named(
    tensors: Tensors,
    places: Shapes,
    grown: Mapping[str, int],
    optional: Set[str],
    vision_layers: int,
    folder: Path,
) -> dict[str, str]:
    """The name in the files of the tensor for each place in the model.

    Args:
        tensors: what there is.
        places: names and shapes of the model's weights.
        grown: weights with more rows in the model than in the files, and how many there.
        optional: weights that may be missing.
        vision_layers: how many of the tower's layers are used.
        folder: names the checkpoint in errors.

    Raises:
        UserError: a tensor is unknown, missing or of a wrong shape.
    """
    used = [name for name in tensors.shapes if not _is_unused(name, places, vision_layers)]
    found = {_moved(name, _STARTS): name for name in used}
    if unknown := [found[place] for place in sorted(found.keys() - places.keys())]:
        raise _misfit(folder, "has", unknown, "that its architecture does not know")
    if missing := sorted(places.keys() - found.keys() - optional):
        back = [(new, old) for old, new in _STARTS]
        raise _misfit(folder, "lacks", [_moved(place, back) for place in missing], "it needs")
    for place, name in found.items():
        rows, *rest = places[place]
        shape, fitting = list(tensors.shapes[name]), [grown.get(place, rows), *rest]
        if shape != fitting:
            raise UserError(
                f"{folder}: tensor {name} is {shape}, but beside the others it must be {fitting};"
                " download the checkpoint again, or mend config.json"
            )
    return found


def _is_unused(name: str, places: Shapes, vision_layers: int) -> bool:
    if _UNUSED.fullmatch(name):
        return True
    layer = _VISION_LAYER.match(name)
    if layer is not None:
        return int(layer[1]) >= vision_layers
    return name == "lm_head.weight" and name not in places  # the embeddings are used instead


def _moved(name: str, starts: Sequence[tuple[str, str]]) -> str:
    fitting = ((old, new) for old, new in starts if name.startswith(old))
    old, new = next(fitting, ("", "?"))  # a name that no place has
    return new + name.removeprefix(old)


def _misfit(folder: Path, verb: str, names: Sequence[str], why: str) -> UserError:
    some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    tensors = "1 tensor" if len(names) == 1 else f"{len(names)} tensors"
    return UserError(
        f"{folder} {verb} {tensors} {why} ({some}); it is incomplete or no LLaVA-NeXT checkpoint"
        " on Qwen2 and SigLIP: download it again, or use a copy in transformers' own format"
    )


def _files(folder: Path) -> list[Path]:
    index = folder / _INDEX
    if not index.is_file():
        return [_existing(folder / "model.safetensors", folder)]
    names = _object(index).get("weight_map")
    if not isinstance(names, dict):
        raise UserError(f"{index} has no weight_map; download the checkpoint again")
    # names in the index are of files beside it, whatever folders they claim
    return [_existing(folder / Path(name).name, folder) for name in sorted(set(names.values()))]


def _existing(file: Path, folder: Path) -> Path:
    if file.is_file():
        return file
    if file.name != "model.safetensors":
        raise UserError(f"{folder} lacks {file.name}, which its index names; download it again")
    raise UserError(
        f"{folder} has no safetensors weights (model.safetensors or {_INDEX}), and pickled ones"
        " (.bin) are not opened, as they can run code; save it again with"
        " save_pretrained(..., safe_serialization=True)"
    )


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        content = safe_open(file, framework="pt")
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{file} is damaged or incomplete ({error}); download the checkpoint again"
        ) from None
    with content:
        yield content


def _object(file: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{file} cannot be read as JSON ({error}); download the checkpoint again"
        ) from None
    if not isinstance(value, dict):
        raise UserError(f"{file} is not a JSON object; download the checkpoint again")
    return value
