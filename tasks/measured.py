"""Tasks whose media are measured: a judge that measures is asked in JSON, and answers in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..harness.items import Candidate, GradeItem, Item, Kind, Media, PromptItem


@dataclass(frozen=True)
class Measuring:
    """Shows what was made, with the question that the item knows; the answer is one number.

    ``grammar`` reads it from what the judge writes, on a scale from 0 to 1.
    """

    grammar: str
    kind: Kind = "grade"
    compares: bool = False
    characters: int = 0

    def item(self, asked: Item, answer: Candidate, name: str) -> GradeItem:
        """What the judge is asked about a medium."""
        assert isinstance(asked, PromptItem)
        assert isinstance(answer, Media)
        return GradeItem(
            id=name,
            modality=asked.modality,
            prompts=(asked.known["question"],),
            answer=answer.key,
            scales=((0, 1),),
            context=(answer,),
            group=asked.group,
            cluster=asked.cluster,
        )

    def identity(self) -> Mapping[str, object]:
        """The grammar."""
        return {"grammar": self.grammar}
