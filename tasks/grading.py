"""How a judge is asked to grade a model's answer: templates in ``prompts/``, in our own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..harness.items import Candidate, GradeItem, Item, Kind, QuestionItem, ScoreRange
from ..harness.prompts import Prompts

PROMPTS = Path(__file__).parent / "prompts"


@dataclass(frozen=True)
class AnswerGrading:
    """Asks by a template, which gets ``question``, ``references``, ``known`` and ``media``.

    A template about one answer gets ``answer`` besides. One that ``compares`` gets ``first`` and
    ``second``, of which number ``reference_place`` is the reference (or baseline) answer.

    Args:
        template: file name below ``prompts/``.
        grammar: reads the grades.
        scales: ranges of a grade's numbers.
        compares: the first reference answer stands beside the model's.
        shows_media: the grader sees what the model saw.
        own: a user's folder, whose templates replace the shipped ones of the same names.

    Raises:
        UserError: the user's folder does not fit (on first use).
    """

    template: str
    grammar: str
    scales: tuple[ScoreRange, ...]
    compares: bool = False
    shows_media: bool = False
    own: Path | None = None

    kind: Kind = "grade"
    characters: int = 1_200

    @cached_property
    def _prompts(self) -> Prompts:
        return Prompts(PROMPTS, self.own)

    def item(self, asked: Item, answer: Candidate, name: str) -> GradeItem:
        """What the judge is asked about an answer."""
        assert isinstance(asked, QuestionItem)
        assert isinstance(answer, str)
        if self.compares:
            reference = asked.references[0]
            pairs = {1: (reference, answer), 2: (answer, reference)}
            prompts = tuple(
                self._text(asked, first=first, second=second, reference_place=place)
                for place, (first, second) in pairs.items()
            )
        else:
            prompts = (self._text(asked, answer=answer),)
        return GradeItem(
            id=name,
            modality=asked.modality,
            prompts=prompts,
            answer=answer,
            scales=self.scales,
            references=asked.references,
            context=asked.context if self.shows_media else (),
            group=asked.group,
            cluster=asked.cluster or asked.id,
        )

    def _text(self, asked: QuestionItem, **shown: object) -> str:
        return self._prompts.text(
            self.template,
            question=asked.known.get("question", asked.prompt),
            references=asked.references,
            known=asked.known,
            media=len(asked.context) if self.shows_media else 0,
            **shown,
        )

    def identity(self) -> Mapping[str, object]:
        """The template and the grammar."""
        return {
            "prompt": self._prompts.fingerprint(self.template),
            "grammar": self.grammar,
            "scales": [list(scale) for scale in self.scales],
            "media": self.shows_media,
        }
