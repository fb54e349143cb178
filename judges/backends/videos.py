"""Videos for processors of vision-language checkpoints, without torchvision.

What transformers has for it needs torchvision. Here the frames of a video go through the
checkpoint's own image processor on PIL, so a frame gives the same numbers as an image of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...harness.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    Frames = np.ndarray[Any, Any]

_SIZES = {"min_pixels": "shortest_edge", "max_pixels": "longest_edge"}
_PLAIN = (
    *("do_resize", "size", "resample", "do_rescale", "rescale_factor"),
    *("do_normalize", "image_mean", "image_std"),
)
_PATCHES = ("patch_size", "merge_size", "temporal_patch_size")


def video_processor(
    images: Any, source: str, settings: Mapping[str, Any], revision: str
) -> PatchedVideos | StackedVideos | None:
    """What stands in as the ``video_processor`` of a checkpoint's processor.

    Args:
        images: the checkpoint's image processor on PIL.
        source: folder or hub id of the checkpoint.
        settings: its processor's settings.
        revision: branch, tag or commit of a hub checkpoint.

    Returns:
        None for a family that is not known here.
    """
    family = type(images).__name__
    if family not in ("Qwen2VLImageProcessorPil", "LlavaOnevisionImageProcessorPil"):
        return None
    own = settings.get("video_processor") or _file(source, revision)
    if family == "LlavaOnevisionImageProcessorPil":
        return StackedVideos(_plain(images, own))
    made = type(images)(**_kept(images, own, (*_PLAIN, *_PATCHES)))
    return PatchedVideos(made, str(own.get("video_processor_type")).startswith("Qwen3VL"))


@dataclass(frozen=True)
class PatchedVideos:
    """Qwen-VL's videos: patches of consecutive frames that lie at the same place, as one vector.

    Args:
        images: makes patches of images; its size is that of a frame.
        whole: its size is that of all frames of a video together, as Qwen3-VL says it.
    """

    images: Any
    whole: bool = False

    model_input_names = ("pixel_values_videos", "video_grid_thw")

    @property
    def merge_size(self) -> int:
        """How many patches a token takes in each direction."""
        return int(self.images.merge_size)

    @property
    def temporal_patch_size(self) -> int:
        """How many frames a patch takes."""
        return int(self.images.temporal_patch_size)

    def __call__(
        self, videos: Sequence[Frames], video_metadata: Any = None, **ignored: Any
    ) -> dict[str, Any]:
        """Patches (patches of all videos, numbers), the videos' grids and what was said of them.

        Args:
            videos: frames, height, width, channels (8 bits each).
            video_metadata: one for each video.
            ignored: settings of transformers' own classes.
        """
        import numpy as np
        from transformers.video_utils import make_batched_metadata

        made = [self._patches(video) for video in videos]
        return {
            "pixel_values_videos": np.concatenate([patches for patches, _ in made]),
            "video_grid_thw": np.array([grid for _, grid in made]),
            "video_metadata": make_batched_metadata(videos, video_metadata),
        }

    def _patches(self, video: Frames) -> tuple[Frames, list[int]]:
        import numpy as np

        deep = self.temporal_patch_size
        made = self.images(list(video), return_tensors="np", **self._size(len(video)))
        (_, height, width), *_ = grids = made["image_grid_thw"]
        # of an image, each patch holds the same picture so many times: (..., channel, time, pixel)
        square = self.images.patch_size**2
        patches = made["pixel_values"].reshape(len(grids), height * width, -1, deep, square)
        frames = patches[:, :, :, 0]
        frames = np.concatenate([frames, *[frames[-1:]] * (-len(frames) % deep)])
        steps = len(frames) // deep
        together = frames.reshape(steps, deep, *frames.shape[1:]).transpose(0, 2, 3, 1, 4)
        return together.reshape(steps * height * width, -1), [steps, int(height), int(width)]

    def _size(self, frames: int) -> dict[str, Any]:
        if not self.whole:
            return {}
        size, even = self.images.size, frames + frames % 2
        return {"size": {edge: size[edge] // even for edge in _SIZES.values()}}


@dataclass(frozen=True)
class StackedVideos:
    """LLaVA-OneVision's videos: all frames in one size, pooled by the model.

    Args:
        images: makes arrays of one size of images.
    """

    images: Any

    model_input_names = ("pixel_values_videos",)

    def __call__(self, videos: Sequence[Frames], **ignored: Any) -> dict[str, Any]:
        """Pixels (videos, frames, channels, height, width).

        Args:
            videos: frames, height, width, channels (8 bits each).
            ignored: settings of transformers' own classes.

        Raises:
            UserError: the videos have different numbers of frames.
        """
        import numpy as np

        if len(lengths := {len(video) for video in videos}) > 1:
            raise UserError(
                f"clips of {' and '.join(map(str, sorted(lengths)))} frames do not fit in one batch"
                " of LLaVA-OneVision; give all the same number"
            )
        frames = self.images([frame for video in videos for frame in video], return_tensors="np")
        pixels = np.asarray(frames["pixel_values"])
        return {"pixel_values_videos": pixels.reshape(len(videos), -1, *pixels.shape[1:])}


def _plain(images: Any, own: Mapping[str, Any]) -> Any:
    """A processor that only resizes and scales, as LLaVA-OneVision treats frames."""
    from transformers import SiglipImageProcessorPil

    return SiglipImageProcessorPil(**_kept(images, own, _PLAIN))


def _kept(images: Any, own: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The settings of those names: those for videos, else those for images."""
    edges = {edge: own[old] for old, edge in _SIZES.items() if old in own}
    given = {**images.to_dict(), **own, **({"size": edges} if len(edges) == len(_SIZES) else {})}
    return {name: given[name] for name in names if given.get(name) is not None}


def _file(source: str, revision: str) -> dict[str, Any]:
    """The settings for videos that a checkpoint has in a file of their own, if any."""
    from transformers.utils import cached_file

    name = "video_preprocessor_config.json"
    found = cached_file(
        source, name, revision=revision, _raise_exceptions_for_missing_entries=False
    )
    if found is None:
        return {}
    settings: dict[str, Any] = json.loads(Path(found).read_text(encoding="utf-8"))
    return settings
