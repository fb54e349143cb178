"""Images and videos in the output folder, each under the hash of its content."""

from __future__ import annotations

from pathlib import Path

from ..harness.errors import MediaError
from ..harness.items import Media, Modality
from ..harness.kept import keep
from ..harness.media import load_image
from ..harness.video import sample_frames


class MediaFolder:
    """The folder ``media`` of an output folder; equal contents are one file.

    Args:
        root: the output folder, which names are relative to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def keep(self, data: bytes, suffix: str) -> str:
        """Store a file's content durably, and return its name relative to the root."""
        return keep(self.root, data, suffix)

    def media(self, modality: Modality, name: str) -> Media:
        """A stored medium as judges take it."""
        return Media(modality, str(self.root / name), name=name)


def read_checked(folder: Path, name: str, modality: Modality) -> bytes:
    """The content of a file that is seen to be an image or a video.

    Raises:
        MediaError: missing, a folder, damaged, or not what it should be; names the file.
    """
    path = folder / name
    if path.is_dir():
        raise MediaError(f"{path} is a folder; give an {modality} file")
    media = Media(modality, str(path), name=name)
    if modality == "image":
        load_image(media)
    else:
        sample_frames(media, 1)
    return path.read_bytes()
