"""LLaVA-Critic-113k: answers about images, compared or scored by GPT-4o, with its reasons.

https://huggingface.co/datasets/lmms-lab/llava-critic-113k (Xiong et al. 2024, arXiv 2410.02712),
configurations ``pairwise`` (40,154 rows) and ``pointwise`` (72,782). A row::

    {"id": "vlfeedback_1", "source": "vlfeedback", "image": <JPEG>, "conversations": [
       {"from": "human", "value": "<image>\\n... Question: [What is it?]\\nThe first response: [A
        cat.]\\nThe second response: [A dog.]\\n..."},
       {"from": "gpt", "value": "The first is right ... The better response: [first]"}]}

Questions come in several forms; those that are read:

- pairs: ``Question: [..]`` with responses named first/second, 1/2 or A/B, answered by ``The better
  response: [..]`` or *equally good*; and the arena form with ``[[A>B]]`` and its kin;
- scores: one text caption from 0 to 100 (``Final Score: 85``), and two assistants whose answer
  begins with two scores from 1 to 10 (two scored answers, carried to 0-100).

Every other form is a row that does not fit (``skip_bad`` counts them).

Columns and forms seen: the data card's feature list (commit 1e009d1) and public readers of the set
at revision 7aa893a.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from ...harness.items import Media, Verdict
from ..preferences import Preference, rescaled
from .base import Adapter, FoundRow, Layout, adapter

_PAIRWISE = Layout(
    hub="lmms-lab/llava-critic-113k",
    columns={
        "id": "unique id",
        "conversations": "the critic's question and answer",
        "image": "the image asked about",
    },
    seen="the data card's feature list, 1e009d1; public readers at revision 7aa893a",
    verified=True,
    config="pairwise",
)
_BRACKETED = re.compile(
    r"Question: \[(?P<question>.*?)\]\s*\n\s*"
    r"(?:Response 1|Response A|The first response): \[(?P<first>.*?)\]\s*\n\s*"
    r"(?:Response 2|Response B|The second response): \[(?P<second>.*)\]",
    re.DOTALL,
)
_ARENA = re.compile(
    r"<\|User Prompt\|>\s*(?P<question>.*?)\s*"
    r"<\|The Start of Assistant A's Answer\|>\s*(?P<first>.*?)\s*"
    r"<\|The End of Assistant A's Answer\|>\s*"
    r"<\|The Start of Assistant B's Answer\|>\s*(?P<second>.*?)\s*"
    r"<\|The End of Assistant B's Answer\|>",
    re.DOTALL,
)
_ASSISTANTS = re.compile(
    r"\[Question\]\s*(?P<question>.*?)\s*"
    r"\[Assistant 1\]\s*(?P<first>.*?)\s*\[End of Assistant 1\]\s*"
    r"\[Assistant 2\]\s*(?P<second>.*?)\s*\[End of Assistant 2\]",
    re.DOTALL,
)
_CAPTION = re.compile(r"Text Caption:\s*(?P<caption>.*?)\s*\nFrom 0 to 100", re.DOTALL)

_BETTER = re.compile(r"\s*The better response: \[(?P<which>\w+)\]\.?")
_EQUAL = re.compile(r"\s*[^.\n]*\bequally good\b[^.\n]*\.?\s*\Z")
_BRACKETS = re.compile(r"\[\[(?P<which>A>>B|A>B|A=B|B>A|B>>A)\]\]")
_TWO_SCORES = re.compile(r"\s*(\d+(?:\.\d+)?)[ ,]+(\d+(?:\.\d+)?)\s*(?:\n|\Z)")
_FINAL = re.compile(r"\s*Final Score:\s*(?P<score>\d+(?:\.\d+)?)\.?")

_FIRST, _SECOND = Verdict.FIRST, Verdict.SECOND
_WHICH = {"first": _FIRST, "1": _FIRST, "a": _FIRST, "second": _SECOND, "2": _SECOND, "b": _SECOND}
_ARENA_VERDICTS = {
    "A>>B": _FIRST,
    "A>B": _FIRST,
    "A=B": Verdict.TIE,
    "B>A": _SECOND,
    "B>>A": _SECOND,
}
# What a caption answers; the data set gives the caption alone.
_DESCRIBE = "Describe the image in detail."


@adapter("llava-critic-pair")
class LlavaCriticPair(Adapter):
    """Pairs of answers about images, with reasons."""

    layout = _PAIRWISE

    def preferences(self, row: FoundRow) -> Iterable[Preference]:
        """One pair a row."""
        human, gpt = row.turns()
        if asked := _BRACKETED.search(human):
            verdict, reason = _better(row, gpt)
        elif asked := _ARENA.search(human):
            verdict, reason = _bracketed(row, gpt)
        else:
            raise row.bad("conversations", "must be of a known pairwise form")
        image = row.media("image", "image")
        yield Preference(
            id=row.text("id"),
            source="llava-critic-pair",
            modality="image",
            objective="understanding",
            prompt=asked["question"],
            candidates=(asked["first"], asked["second"].rstrip()),
            context=(image,),
            verdict=verdict,
            rationale=reason.strip() or None,
            cluster=image.key,
        )


@adapter("llava-critic")
class LlavaCritic(Adapter):
    """Scores of answers about images, 0 to 100, some with reasons."""

    layout = replace(_PAIRWISE, config="pointwise")

    def preferences(self, row: FoundRow) -> Iterable[Preference]:
        """One scored caption, or two scored answers."""
        human, gpt = row.turns()
        image = row.media("image", "image")
        name = row.text("id")
        if asked := _CAPTION.search(human):
            final = list(_FINAL.finditer(gpt))
            if not final:
                raise row.bad("conversations", "must give a Final Score")
            reason = _FINAL.sub("", gpt).strip() or None
            yield _scored(
                name, _DESCRIBE, asked["caption"], image, float(final[-1]["score"]), reason
            )
        elif asked := _ASSISTANTS.search(human):
            scores = _TWO_SCORES.match(gpt)
            if scores is None or not all(1 <= float(score) <= 10 for score in scores.groups()):
                raise row.bad("conversations", "must begin with two scores from 1 to 10")
            # the reasons speak of both answers at once, so neither keeps them
            for which, given in zip(("first", "second"), scores.groups(), strict=True):
                score = rescaled(float(given), (1, 10), (0, 100))
                yield _scored(
                    f"{name}/{which}", asked["question"], asked[which], image, score, None
                )
        else:
            raise row.bad("conversations", "must be of a known pointwise form")


def _better(row: FoundRow, gpt: str) -> tuple[Verdict, str]:
    """The verdict of a bracketed question, and the reasons that stand before it."""
    found = list(_BETTER.finditer(gpt))
    if found:
        which = found[-1]["which"].lower()
        if which not in _WHICH:
            raise row.bad(
                "conversations", "must name the first or the second response", f" (found [{which}])"
            )
        return _WHICH[which], _BETTER.sub("", gpt)
    if _EQUAL.search(gpt):
        return Verdict.TIE, _EQUAL.sub("", gpt)
    raise row.bad("conversations", "must say which response is better, or that both are equal")


def _bracketed(row: FoundRow, gpt: str) -> tuple[Verdict, str]:
    """The last verdict in double brackets, and the whole sentences that stand before it."""
    found = list(_BRACKETS.finditer(gpt))
    if not found:
        raise row.bad("conversations", "must give a verdict in double brackets")
    before = gpt[: found[-1].start()]
    return _ARENA_VERDICTS[found[-1]["which"]], re.sub(r"[^.!?\n]*\Z", "", before)


def _scored(
    name: str, question: str, answer: str, image: Media, score: float, reason: str | None
) -> Preference:
    return Preference(
        id=name,
        source="llava-critic",
        modality="image",
        objective="understanding",
        prompt=question,
        candidates=(answer,),
        context=(image,),
        score=score,
        score_range=(0, 100),
        rationale=reason,
        cluster=image.key,
    )
