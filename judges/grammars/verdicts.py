"""Verdicts written as phrases or in brackets.

``genai-bench``: the bracketed verdicts of GenAI-Bench's judges (TIGER-AI-Lab/GenAI-Bench, commit
f0b0334). ``unifiedreward``: the phrases of UnifiedReward, in their short and long form.
``unifiedreward-think``: the phrase alone, as the answer after the reasoning.
``unifiedreward-edit``: the phrases about two edits of one image.
"""

from __future__ import annotations

import re

from ...harness.items import Status, Verdict
from ...harness.parsing import (
    AMBIGUOUS,
    TRUNCATED,
    UNPARSED,
    Asked,
    Parsed,
    answer_span,
    grammar,
    one_verdict,
)
from .scores import final_score

_BRACKETED = {
    "[[A>B]]": Verdict.FIRST,
    "[[A>>B]]": Verdict.FIRST,
    "[[B>A]]": Verdict.SECOND,
    "[[B>>A]]": Verdict.SECOND,
    "[[A=B]]": Verdict.TIE,
    "[[A=B=Good]]": Verdict.BOTH_GOOD,
    "[[A=B=Bad]]": Verdict.BOTH_BAD,
}
_TOKEN = re.compile(r"\[\[[^\[\]\n]*\]\]")


@grammar("genai-bench")
def genai_bench(text: str, asked: Asked) -> Parsed:
    """``[[A>B]]``, ``[[B>A]]``, ``[[A=B]]``, ``[[A=B=Good]]``, ``[[A=B=Bad]]``.

    Official: the first line that holds brackets, from its first ``[[`` to its last ``]]``, must be
    one of them to the letter. Robust: all bracketed verdicts of the answer must agree.
    """
    if asked.protocol == "official":
        verdict = _BRACKETED.get(_first_brackets(text))
        return Parsed(Status.OK, verdict) if verdict else UNPARSED
    span = answer_span(text)
    if span is None:
        return TRUNCATED
    return one_verdict([_BRACKETED[t] for t in _TOKEN.findall(span) if t in _BRACKETED])


def _first_brackets(text: str) -> str:
    """What the pattern ``\\[\\[.*\\]\\]`` finds, in one pass whatever the text."""
    for line in text.split("\n"):
        start = line.find("[[")
        end = line.rfind("]]", start + 2) if start >= 0 else -1
        if end >= 0:
            return line[start : end + 2]
    return ""


_NUMBERED = {"1": Verdict.FIRST, "2": Verdict.SECOND, None: Verdict.TIE}


def _phrases(nouns: str) -> re.Pattern[str]:
    return re.compile(
        rf"\b(?:{nouns})\s+(?P<number>[12])\s+is\s+better\b"
        rf"|\bboth\s+(?:{nouns})s\s+are\s+equally\s+good\b",
        re.IGNORECASE,
    )


_PHRASES = {nouns: _phrases(nouns) for nouns in ("image", "video", "answer|response")}
_EDITED = _phrases(r"edited\s+image")


@grammar("unifiedreward")
def unifiedreward(text: str, asked: Asked) -> Parsed:
    """``Image 1 is better`` (``than Image 2``), ``Both images are equally good``, and their kin.

    The noun is the one the question asked about: *image*, *video*, or *answer* (*response*). Of one
    candidate, ``Final Score: 3.5``.
    """
    span = answer_span(text)
    if span is None:
        return TRUNCATED
    if asked.score_range is not None:
        return final_score(span, asked)
    nouns = asked.modality if asked.objective == "generation" else "answer|response"
    return _said(_PHRASES[nouns], span)


@grammar("unifiedreward-edit")
def unifiedreward_edit(text: str, asked: Asked) -> Parsed:
    """``Edited image 1 is better``, ``Both edited images are equally good``.

    Without *edited* it is no verdict: with the source beside them, ``Image 2`` may be either edit.
    """
    span = answer_span(text)
    return TRUNCATED if span is None else _said(_EDITED, span)


def _said(phrases: re.Pattern[str], span: str) -> Parsed:
    found = phrases.finditer(span.replace("*", ""))
    return one_verdict([_NUMBERED[match["number"]] for match in found])


_ANSWER = re.compile(r"<answer>(.*?)(</answer>|\Z)", re.DOTALL)


@grammar("unifiedreward-think")
def unifiedreward_think(text: str, asked: Asked) -> Parsed:
    """``<think>...</think><answer>Image 1 is better</answer>``; there are no ties.

    The answer must be the phrase to the letter, about *Image*, *Video* or *Answer* as was asked;
    what follows it does not count. Of one candidate, as ``unifiedreward``.
    """
    if asked.score_range is not None:
        return unifiedreward(text, asked)
    _, closed, rest = text.rpartition("</think>")
    if not closed and "<think>" in text:
        return TRUNCATED
    answers = _ANSWER.findall(rest if closed else text)
    bodies = {body.strip() for body, _ in answers}
    if len(bodies) > 1:
        return AMBIGUOUS
    if answers and not any(end for _, end in answers):
        return TRUNCATED
    noun = asked.modality.capitalize() if asked.objective == "generation" else "Answer"
    verdicts = {
        f"{noun} 1 is better": Verdict.FIRST,
        f"{noun} 2 is better": Verdict.SECOND,
    }
    return one_verdict([verdicts[body] for body in bodies if body in verdicts])
