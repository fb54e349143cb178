"""How a written answer to a question with options is read: strictly, and never by guessing.

``multiple-choice`` takes these forms, where X is the letter of an option that was shown:

- the whole answer, or its first or last line, is the letter: ``X``, ``(X)``, ``[X]``, ``X.``,
  ``X)``, ``X:``; in lower case only where nothing else is said
- the answer, or its last line, begins with the letter and a mark: ``X. two red circles``,
  ``X) ...``, ``(X) ...``, ``X: ...``
- a sentence names it: ``the (correct|right|best) answer|option|choice is X``, ``Answer: X``,
  ``option X is correct``, ``X is the right answer``, ``\\boxed{X}``
- the whole answer is the text of one option, word for word

All that is found must agree, and a list (``A or B``) is several: else the answer is *ambiguous*. A
letter that was not shown is *out of range*; nothing found is *unparsed*. Reasoning in
``<think>...</think>`` is not read, and of an ``<answer>`` element only what it holds is.

Official: the first capital letter of an option anywhere, after an introduction such as *The best
answer is* has been taken away, as in the authors' scripts (``extract_characters_regex`` in
Video-MME and what follows it); an answer of more than ten words without such a letter is unparsed.
"""

from __future__ import annotations

import re

from ..harness.items import LETTERS, Status
from ..harness.parsing import AMBIGUOUS, OUT_OF_RANGE, TRUNCATED, UNPARSED, Asked, Parsed, grammar
from ..harness.parsing import answer_span as span_of

_X = rf"[(\[{{]?(?P<x>[{LETTERS}])[)\]}}]?"
_MORE = rf"(?P<more>(?:\s*(?:,|/|&|\bor\b|\band\b|,\s*(?:or|and)\b)\s*[(\[]?[{LETTERS}]\b[)\]]?)*)"
_END = r"(?=\s*(?:[.,;:!)\]*]|\n|\Z)|\s+(?:because|since|as)\b)"

_ALONE = re.compile(rf"\s*{_X}{_MORE}\s*[.:)]?\s*")
_BEGINS = re.compile(
    rf"\s*(?:[(\[](?P<x>[{LETTERS}])[)\]]|(?P<y>[{LETTERS}])[.):])"
    r"(?=\s|\Z)(?!\s*(?:[,/&]|or\b|and\b))"
)
_SAID = re.compile(
    r"(?:\b[Aa]nswer|\b[Oo]ption|\b[Cc]hoice)\s*(?:\bis\b|\bwould\s+be\b|:)\s*:?\s*"
    rf"(?:[Oo]ption\s+|[Cc]hoice\s+)?{_X}{_MORE}{_END}"
)
_RIGHT = re.compile(
    rf"(?<![\w'])(?:[Oo]ption\s+)?[(\[]?(?P<x>[{LETTERS}])[)\]]?\s+is\s+(?:the\s+)?"
    r"(?:correct|right|best|answer)\b"
)
_BOXED = re.compile(rf"\\boxed\{{\s*(?:\\text\{{)?\(?(?P<x>[{LETTERS}])\)?\}}?\s*\}}")
_LETTER = re.compile(rf"[{LETTERS}]")
_LONE = re.compile(rf"\s*\(?([{LETTERS.lower()}])[.):]?\s*")


@grammar("multiple-choice")
def multiple_choice(text: str, asked: Asked) -> Parsed:
    """The option that a text names; see the module."""
    if asked.protocol == "official":
        return _first_letter(text, asked)
    span = span_of(text)
    if span is None:
        return TRUNCATED
    span = span.replace("*", "").replace("`", "").strip()
    letters = _letters(span) or _by_text(span, asked.options)
    if not letters:
        return UNPARSED
    if len(letters) > 1:
        return AMBIGUOUS
    place = LETTERS.index(letters.pop())
    return Parsed(Status.OK, option=place) if place < len(asked.options) else OUT_OF_RANGE


def _letters(span: str) -> set[str]:
    """Every letter that the answer names in one of the forms."""
    if lone := _LONE.fullmatch(span):
        return {lone[1].upper()}
    lines = [line for line in span.splitlines() if line.strip()]
    found: set[str] = set()
    for line in {*lines[:1], *lines[-1:]}:
        if alone := _ALONE.fullmatch(line):
            found |= _listed(alone)
        elif begins := _BEGINS.match(line):
            found.add(begins["x"] or begins["y"])
    for said in _SAID.finditer(span):
        found |= _listed(said)
    for pattern in (_RIGHT, _BOXED):
        found |= {match["x"] for match in pattern.finditer(span)}
    return found


def _listed(match: re.Match[str]) -> set[str]:
    return {match["x"], *_LETTER.findall(match["more"])}


def _by_text(span: str, options: tuple[str, ...]) -> set[str]:
    """The letter of the option that the answer repeats, if it is the text of one alone."""
    said = _words(span)
    places = [place for place, option in enumerate(options) if _words(option) == said]
    return {LETTERS[places[0]]} if said and len(places) == 1 else set()


def _words(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split())


_INTRODUCTIONS = (
    *("The best answer is", "The correct answer is", "The answer is", "The answer"),
    *("The best option is", "The correct option is", "Best answer:", "Best option:"),
)
_MOST_WORDS = 10


def _first_letter(text: str, asked: Asked) -> Parsed:
    for introduction in _INTRODUCTIONS:
        text = text.replace(introduction, "")
    shown = LETTERS[: len(asked.options)]
    first = next((place for letter in text if (place := shown.find(letter)) >= 0), None)
    return UNPARSED if first is None else Parsed(Status.OK, option=first)


@grammar("open")
def open_answer(text: str, asked: Asked) -> Parsed:
    """Any text but an empty one; what it is worth, a grader says."""
    span = span_of(text)
    if span is None:
        return TRUNCATED
    return Parsed(Status.OK) if span.strip() else UNPARSED
