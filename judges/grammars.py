"""The answer formats of public judges, as grammars.

``genai-bench``: the bracketed verdicts of GenAI-Bench's judges (TIGER-AI-Lab/GenAI-Bench, commit
f0b0334). ``unifiedreward``: the phrases of UnifiedReward checkpoints (CodeGoat24/UnifiedReward,
commit ff6f520), in their short and long form, and their scores of single candidates.
"""

from __future__ import annotations

import re

from ..harness.items import Status, Verdict
from ..harness.parsing import (
    AMBIGUOUS,
    UNPARSED,
    Asked,
    Parsed,
    answer_span,
    grammar,
    one_score,
    one_verdict,
)
from ..harness.scores import written

_BRACKETED = {
    "[[A>B]]": Verdict.FIRST,
    "[[A>>B]]": Verdict.FIRST,
    "[[B>A]]": Verdict.SECOND,
    "[[B>>A]]": Verdict.SECOND,
    "[[A=B]]": Verdict.TIE,
    "[[A=B=Good]]": Verdict.BOTH_GOOD,
    "[[A=B=Bad]]": Verdict.BOTH_BAD,
}
_GREEDY_LINE = re.compile(r"\[\[.*\]\]")
_TOKEN = re.compile(r"\[\[[^\[\]\n]*\]\]")


@grammar("genai-bench")
def genai_bench(text: str, asked: Asked) -> Parsed:
    """``[[A>B]]``, ``[[B>A]]``, ``[[A=B]]``, ``[[A=B=Good]]``, ``[[A=B=Bad]]``.

    Official: the first line that holds brackets, from its first ``[[`` to its last ``]]``, must be
    one of them to the letter. Robust: all bracketed verdicts of the answer must agree.
    """
    if asked.protocol == "official":
        match = _GREEDY_LINE.search(text)
        verdict = _BRACKETED.get(match.group()) if match else None
        return Parsed(Status.OK, verdict) if verdict else UNPARSED
    span = answer_span(text)
    if span is None:
        return Parsed(Status.TRUNCATED)
    return one_verdict([_BRACKETED[t] for t in _TOKEN.findall(span) if t in _BRACKETED])


_NOUNS = {
    ("image", "generation"): "image",
    ("video", "generation"): "video",
    ("image", "understanding"): "answer|response",
    ("video", "understanding"): "answer|response",
}
_PHRASES = {
    nouns: re.compile(
        rf"\b(?:{nouns})\s+(?P<number>[12])\s+is\s+better\b"
        rf"|\bboth\s+(?:{nouns})s\s+are\s+equally\s+good\b",
        re.IGNORECASE,
    )
    for nouns in set(_NOUNS.values())
}
_NUMBERED = {"1": Verdict.FIRST, "2": Verdict.SECOND, None: Verdict.TIE}


@grammar("unifiedreward")
def unifiedreward(text: str, asked: Asked) -> Parsed:
    """``Image 1 is better`` (``than Image 2``), ``Both images are equally good``, and their kin.

    The noun is the one the question asked about: *image*, *video*, or *answer* (*response*). Of one
    candidate, ``Final Score: 3.5``.
    """
    span = answer_span(text)
    if span is None:
        return Parsed(Status.TRUNCATED)
    if asked.score_range is not None:
        return _final_score(span.replace("*", ""), asked)
    phrases = _PHRASES[_NOUNS[asked.modality, asked.objective]]
    found = phrases.finditer(span.replace("*", ""))
    return one_verdict([_NUMBERED[match["number"]] for match in found])


_SCORED = re.compile(r"\bfinal\s+score\s*:\s*(?P<said>[^\n]*)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,])[+-]?\d+(?:\.\d+)?(?![\w%]|[.,]\w)")


def _final_score(span: str, asked: Asked) -> Parsed:
    """The number after ``Final Score:``; several such lines must agree.

    The line may repeat the highest score (``4/5``, ``4 out of 5``); another number in it makes it
    ambiguous.
    """
    assert asked.score_range is not None
    highest = re.escape(written(asked.score_range[1]))
    repeated = re.compile(rf"(?<=\d)\s*(?:/|\bout\s+of\b)\s*{highest}(?![\w%]|[.,]\w)")
    found: list[float] = []
    for match in _SCORED.finditer(span):
        said = repeated.sub("", match["said"], count=1)
        number = _NUMBER.match(said)
        if number is None:
            continue
        if re.search(r"\d", said[number.end() :]):
            return AMBIGUOUS
        found.append(float(number.group()))
    return one_score(found, asked)
