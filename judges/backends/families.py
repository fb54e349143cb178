"""Families of checkpoints whose media can be prepared and encoded one by one.

A processor prepares a batch as a whole, and a model encodes a batch as a whole. For the families
here it is known how what they make of a batch consists of what they make of each image and clip,
so that each needs to be prepared and encoded once, whichever chats show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from ...harness.errors import UserError
from .chats import Clip, stacked, timing
from .media import Encoded, Features, Kind, Medium, Shown, Tensors

if TYPE_CHECKING:
    from PIL.Image import Image


class Family(Protocol):
    """How a family prepares and encodes media."""

    def tiles(self, images: int) -> bool:
        """Whether images are cut into tiles in a chat of so many."""
        ...

    def image(self, image: Image, tiled: bool) -> Tensors:
        """What the processor makes of an image."""
        ...

    def clip(self, clip: Clip) -> Tensors:
        """What the processor makes of a clip's frames."""
        ...

    def written(self, medium: Medium, clip: Clip | None) -> tuple[str, float]:
        """The text that holds a medium's place, and the seconds between a clip's steps."""
        ...

    def places(self, images: Sequence[Shown], clips: Sequence[Shown]) -> dict[str, Any]:
        """What the language model is told of media whose features are there."""
        ...

    def pixels(self, images: Sequence[Sequence[Shown]], clips: Sequence[Shown]) -> dict[str, Any]:
        """What the vision tower is told; images are those of each chat."""
        ...

    def encode(self, model: Any, media: Sequence[Medium]) -> list[Features]:
        """The features of media, computed together."""
        ...

    def encoded(self, kind: Kind, features: Sequence[Features]) -> Encoded:
        """Features in the order in which a batch shows them."""
        ...


def family_of(processor: Any) -> Family | None:
    """The family that a processor belongs to; None if it is none of those known here."""
    kinds: dict[tuple[str, str], type[QwenVL | LlavaOnevision]] = {
        ("Qwen2VLProcessor", "Qwen2VLImageProcessorPil"): QwenVL,
        ("Qwen2_5_VLProcessor", "Qwen2VLImageProcessorPil"): QwenVL,
        ("Qwen3VLProcessor", "Qwen2VLImageProcessorPil"): QwenVL,
        ("LlavaOnevisionProcessor", "LlavaOnevisionImageProcessorPil"): LlavaOnevision,
    }
    images = type(getattr(processor, "image_processor", None)).__name__
    kind = kinds.get((type(processor).__name__, images))
    return None if kind is None else kind(processor)


@dataclass(frozen=True)
class QwenVL:
    """Qwen2-VL, Qwen2.5-VL and Qwen3-VL: the patches of all media in one list, and their grids."""

    processor: Any

    def tiles(self, images: int) -> bool:
        """Never."""
        return False

    def image(self, image: Image, tiled: bool) -> Tensors:
        """Patches and grid."""
        made = self.processor.image_processor([image], return_tensors="pt")
        return {name: made[name] for name in ("pixel_values", "image_grid_thw")}

    def clip(self, clip: Clip) -> Tensors:
        """Patches of consecutive frames and grid."""
        import torch

        made = self.processor.video_processor([stacked(clip)])
        names = ("pixel_values_videos", "video_grid_thw")
        return {name: torch.as_tensor(made[name]) for name in names}

    def written(self, medium: Medium, clip: Clip | None) -> tuple[str, float]:
        """A token for each feature; Qwen3-VL also writes when each step is shown."""
        if clip is None:
            return self.processor.replace_image_token(medium.tensors, image_idx=0), 0.0
        metadata = timing(clip)
        said = {**medium.tensors, "video_metadata": [metadata]}
        seconds = self.processor.video_processor.temporal_patch_size / metadata.sampled_fps
        return self.processor.replace_video_token(said, video_idx=0), seconds

    def places(self, images: Sequence[Shown], clips: Sequence[Shown]) -> dict[str, Any]:
        """Grids, and of Qwen2.5-VL's clips the seconds that a step takes."""
        import torch

        found = {}
        if images:
            found["image_grid_thw"] = _joined(images, "image_grid_thw")
        if clips:
            found["video_grid_thw"] = _joined(clips, "video_grid_thw")
        if clips and type(self.processor).__name__ == "Qwen2_5_VLProcessor":
            found["second_per_grid_ts"] = torch.tensor([clip.seconds for clip in clips])
        return found

    def pixels(self, images: Sequence[Sequence[Shown]], clips: Sequence[Shown]) -> dict[str, Any]:
        """Patches."""
        found = {}
        if any(images):
            found["pixel_values"] = _joined([*chain.from_iterable(images)], "pixel_values")
        if clips:
            found["pixel_values_videos"] = _joined(clips, "pixel_values_videos")
        return found

    def encode(self, model: Any, media: Sequence[Medium]) -> list[Features]:
        """Images and clips in one go: both are patches to the tower."""
        import torch

        patches, grids = zip(*(medium.tensors.values() for medium in media), strict=True)
        made = model.get_image_features(
            pixel_values=torch.cat(patches).to(model.device, model.dtype),
            image_grid_thw=torch.cat(grids).to(model.device),
        )
        deep = getattr(made, "deepstack_features", None) or []
        return [_features(*parts) for parts in zip(made.pooler_output, *deep, strict=True)]

    def encoded(self, kind: Kind, features: Sequence[Features]) -> Encoded:
        """One part for each medium, and the same of each deep layer."""
        deep = [*zip(*(each.deep for each in features), strict=True)]
        return Encoded(tuple(each.rows for each in features), deep or None)


@dataclass(frozen=True)
class LlavaOnevision:
    """LLaVA-OneVision: a chat's only image also in tiles, several as squares; frames pooled."""

    processor: Any

    def tiles(self, images: int) -> bool:
        """For a chat's only image."""
        return images == 1

    def image(self, image: Image, tiled: bool) -> Tensors:
        """Pixels of the whole and its tiles, and the image's size."""
        from PIL import Image as Images

        # another one beside it, as small as can be, keeps it from being cut
        beside = [] if tiled else [Images.new("RGB", (1, 1))]
        made = self.processor.image_processor([[image, *beside]], return_tensors="pt")
        return {name: made[name][:1].clone() for name in ("pixel_values", "image_sizes")}

    def clip(self, clip: Clip) -> Tensors:
        """Pixels of all frames."""
        import torch

        made = self.processor.video_processor([stacked(clip)])
        return {"pixel_values_videos": torch.as_tensor(made["pixel_values_videos"])}

    def written(self, medium: Medium, clip: Clip | None) -> tuple[str, float]:
        """A token for each feature."""
        if clip is not None:
            return self.processor.replace_video_token(medium.tensors, video_idx=0), 0.0
        said = {**medium.tensors, "batch_num_images": [1 if medium.tiled else 2]}
        return self.processor.replace_image_token(said, image_idx=0), 0.0

    def places(self, images: Sequence[Shown], clips: Sequence[Shown]) -> dict[str, Any]:
        """Nothing."""
        return {}

    def pixels(self, images: Sequence[Sequence[Shown]], clips: Sequence[Shown]) -> dict[str, Any]:
        """Pixels, the images' sizes and how many a chat has."""
        import torch

        found: dict[str, Any] = {}
        if any(images):
            media = [shown.medium for shown in chain.from_iterable(images)]
            found |= _tiled(media)
            found["batch_num_images"] = torch.tensor([len(each) for each in images if each])
        if clips:
            if len(lengths := {clip.medium.tensors[_FRAMES].shape[1] for clip in clips}) > 1:
                raise UserError(
                    f"clips of {' and '.join(map(str, sorted(lengths)))} frames do not fit in one"
                    " batch of LLaVA-OneVision; give all the same number"
                )
            found[_FRAMES] = _joined(clips, _FRAMES)
        return found

    def encode(self, model: Any, media: Sequence[Medium]) -> list[Features]:
        """All images in one go, and all clips of one length."""
        import torch

        found: dict[bytes, Features] = {}
        images = [medium for medium in media if medium.kind == "image"]
        if images:
            whole = [medium for medium in images if not medium.tiled]
            # a chat's only image is cut into tiles, so that a single whole one needs company
            company = whole if len(whole) == 1 else []
            order = [*(medium for medium in images if medium.tiled), *whole, *company]
            chats = [1] * (len(images) - len(whole))
            made = model.get_image_features(
                **_placed(_tiled(order), model),
                batch_num_images=[*chats, len(whole) + len(company)] if whole else chats,
            )
            pairs = zip(order, made.pooler_output, strict=True)
            found |= {medium.key: _features(rows) for medium, rows in pairs}
        clips: dict[int, list[Medium]] = {}
        for medium in media:
            if medium.kind == "video":
                clips.setdefault(medium.tensors[_FRAMES].shape[1], []).append(medium)
        for each in clips.values():
            frames = torch.cat([medium.tensors[_FRAMES] for medium in each])
            made = model.get_video_features(**_placed({_FRAMES: frames}, model))
            pairs = zip(each, made.pooler_output, strict=True)
            found |= {medium.key: _features(rows) for medium, rows in pairs}
        return [found[medium.key] for medium in media]

    def encoded(self, kind: Kind, features: Sequence[Features]) -> Encoded:
        """One part for each image; all clips in one, as if they were a single one."""
        import torch

        rows = tuple(each.rows for each in features)
        return Encoded(rows if kind == "image" else torch.cat(rows)[None])


_FRAMES = "pixel_values_videos"


def _joined(shown: Sequence[Shown], name: str) -> Any:
    import torch

    return torch.cat([each.medium.tensors[name] for each in shown])


def _tiled(images: Sequence[Medium]) -> dict[str, Any]:
    """Pixels (images, tiles, channels, height, width) with zeros for tiles that lack, and sizes."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    return {
        "pixel_values": pad_sequence(
            [image.tensors["pixel_values"][0] for image in images], batch_first=True
        ),
        "image_sizes": torch.cat([image.tensors["image_sizes"] for image in images]),
    }


def _placed(tensors: Mapping[str, Any], model: Any) -> dict[str, Any]:
    """On the model's device, pixels in its number format."""
    return {
        name: tensor.to(model.device, model.dtype if tensor.is_floating_point() else None)
        for name, tensor in tensors.items()
    }


def _features(rows: Any, *deep: Any) -> Features:
    """As copies: parts of a batch's tensor would keep all of it in memory."""
    return Features(rows.clone(), tuple(each.clone() for each in deep))
