"""Questions about pictures and films for ``unieval build-preferences``, and what they show.

A folder holds ``prompts.jsonl`` with the media beside it, as anybody's prompts would lie there,
and ``shown.jsonl``: of each prompt, by its id, the scene of the picture or the cast of the film, so
that any answer can be held against the truth. Other seeds are other prompts, and none is met in
training.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ...harness.errors import UserError
from ...harness.items import Modality
from ...harness.progress import progress
from ...harness.tables import json_lines
from ...tasks.shapes.dice import Dice
from ...tasks.shapes.films import Film
from ...tasks.shapes.motion import Actor, Cast
from ...tasks.shapes.scene import Scene, Thing
from .answer_data import asked_about, encoded

PROMPTS, SHOWN = "prompts.jsonl", "shown.jsonl"


@dataclass(frozen=True, slots=True)
class AskedPrompt:
    """A question, the file that it is about, and what that shows."""

    id: str
    question: str
    modality: Modality
    media: Path
    shown: Scene | Cast


def write_answer_prompts(folder: Path, count: int, seed: int, modality: Modality) -> Path:
    """Write ``count`` questions about as many pictures or films, or find them written.

    Returns:
        ``folder/prompts.jsonl``, which appears when all else is there.

    Raises:
        UserError: the folder holds fewer or other prompts.
        OSError: it cannot be written.
    """
    table = folder / PROMPTS
    first = _name(modality, seed, 0)
    if table.is_file():
        ids = [row.get("id") for _, row in json_lines(table)]
        if len(ids) != count or ids[0] != first:
            raise UserError(f"{folder} holds other prompts; choose another folder")
        return table
    (folder / "media").mkdir(parents=True, exist_ok=True)
    unfinished = table.with_suffix(".part")
    with (
        unfinished.open("w", encoding="utf-8") as out,
        (folder / SHOWN).open("w", encoding="utf-8") as truth,
        progress("prompts", count) as bar,
    ):
        for number in range(count):
            name = _name(modality, seed, number)
            pair = asked_about(modality, Dice("shapes", "answer prompts", modality, seed, number))
            suffix, content = encoded(pair)
            media = f"media/{name}{suffix}"
            (folder / media).write_bytes(content)
            film = isinstance(pair.subject, Film)
            kind, shown = ("cast", pair.subject.cast) if film else ("scene", pair.subject.scene)
            truth.write(json.dumps({"id": name, kind: asdict(shown)}) + "\n")
            out.write(json.dumps({"id": name, "prompt": pair.question, "media": media}) + "\n")
            bar.advance(1, 0)
    unfinished.replace(table)
    return table


def read_answer_prompts(folder: Path) -> list[AskedPrompt]:
    """The prompts of a folder with what their media show.

    Raises:
        UserError: the folder does not hold them.
    """
    shown = {str(row["id"]): _shown(row) for _, row in json_lines(folder / SHOWN)}
    found = []
    for _, row in json_lines(folder / PROMPTS):
        name = str(row["id"])
        is_film = isinstance(shown[name], Cast)
        found.append(
            AskedPrompt(
                name,
                str(row["prompt"]),
                "video" if is_film else "image",
                folder / str(row["media"]),
                shown[name],
            )
        )
    return found


def _name(modality: Modality, seed: int, number: int) -> str:
    return f"{modality}-{seed}-{number}"


def _shown(row: dict[str, object]) -> Scene | Cast:
    match row:
        case {"scene": {"things": list(things), "ground": int(ground)}}:
            return Scene(tuple(Thing(**thing) for thing in things), ground)
        case {"cast": {"things": list(actors)}}:
            return Cast(tuple(Actor(**actor) for actor in actors))
    raise UserError(f"{SHOWN} holds a row without a scene or cast: {row.get('id')}")
