"""VideoDPO: pairs of generated videos, chosen by a mixture of automatic measures (OmniScore).

https://huggingface.co/datasets/Haoyuwu/VideoDPODataset (Liu et al. 2024, arXiv 2412.14167), an
archive a generator. Unpacked, a folder holds two tables that belong together::

    pair.json      {"video1": 0, "video2": 1, "label": 0, "frame_caption": "a boat at sea", ...}
    metadata.json  {"basic": {"clip_path": "winvideos/000000.mp4", "clip_duration": 1.6, ...},
                    "misc": {"frame_caption": ["a boat at sea"]}}

``video1`` and ``video2`` are row numbers in ``metadata.json``. The first is always the preferred
one: the authors' loader ignores ``label``, which is not always set that way. Paths made on the
authors' machines are cut to what follows ``winvideos`` or ``losevideos``.

Columns seen: the authors' writer and loader (OmniScore/metadata_pipe/dpo_metadata_from_prompts.py,
commit 7f78c27, and the class ``TextVideoDPO``) in https://github.com/CIntellifusion/VideoDPO.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import PurePosixPath

from ...harness.errors import UserError
from ...harness.items import Media, Verdict
from ...harness.task import Data, HubSource
from ...tasks import reading
from ..preferences import Preference, content_id
from .base import Adapter, FoundRow, Layout, adapter

_FOLDERS = ("winvideos", "losevideos")


@adapter("videodpo")
class VideoDPO(Adapter):
    """Pairs of generated videos, the preferred one first."""

    layout = Layout(
        hub="Haoyuwu/VideoDPODataset",
        columns={
            "video1": "row of the preferred video in metadata.json",
            "video2": "row of the other video",
            "frame_caption": "the text",
        },
        seen="CIntellifusion/VideoDPO, OmniScore/metadata_pipe, 7f78c27, and its loader",
        verified=True,
        table="pair",
        on_hub=False,
    )

    def preferences(self, row: FoundRow) -> Iterable[Preference]:
        """One pair a row."""
        prompt = self._prompt(row)
        chosen, rejected = self._video(row, "video1"), self._video(row, "video2")
        yield Preference(
            id=content_id(prompt, chosen, rejected),
            source="videodpo",
            modality="video",
            objective="generation",
            prompt=prompt,
            candidates=(chosen, rejected),
            verdict=Verdict.FIRST,
        )

    def _prompt(self, row: FoundRow) -> str:
        found = row.value("frame_caption")
        text = found[0] if isinstance(found, list) and found else found
        if not isinstance(text, str) or not text.strip():
            raise row.bad("frame_caption", "must be text, or a list that begins with it")
        return text.strip()

    def _video(self, row: FoundRow, column: str) -> Media:
        index = row.number(column)
        if index not in range(len(self._clips)):
            raise row.bad(
                column,
                "must be the number of a row of metadata.json",
                f" (found {index:g}, it has {len(self._clips)})",
            )
        return row.as_media(column, self._clips[int(index)], "video")

    @cached_property
    def _clips(self) -> list[str]:
        assert self.folder is not None  # never read from the hub
        table = self.folder / "metadata.json"
        if not table.is_file():
            raise UserError(
                f"{table} does not exist; pair.json names videos by their row in it, so give the"
                " folder that holds both"
            )
        source = HubSource(self.layout.hub, None, "metadata")
        found = reading.rows(Data(table, "videodpo"), source, ("basic",))
        return [_clip_path(where, row["basic"]) for where, row in found]


def _clip_path(where: str, basic: object) -> str:
    path = basic.get("clip_path") if isinstance(basic, Mapping) else None
    if not isinstance(path, str):
        raise UserError(f"{where}, column 'basic': must be an object with a clip_path")
    parts = PurePosixPath(path).parts
    starts = [i for i, part in enumerate(parts) if part in _FOLDERS]
    return str(PurePosixPath(*parts[starts[-1] :])) if starts else path
