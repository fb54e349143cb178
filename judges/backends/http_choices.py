"""How likely given answers are, read from the likeliest tokens that a server reports.

A server tells, for each token that it wrote, the log-probabilities of the likeliest tokens at that
place. So the tokens of the answers are known as far as the answers go along with what was written,
and one token further, where they part from it:

    written         "Image"  " 1"    " is"  " better"
    also likely     "Both"   " 2"

    Image 1 is better    log p("Image")  log p(" 1")  ...
    Image 2 is better    log p("Image")  log p(" 2")  then unknown
    Both are good        log p("Both")   then unknown

Spaces are left aside when texts are compared: tokens show them in many ways, or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .backend import Choice

_UNTOLD = "the likely tokens do not tell which answer is the likeliest"


@dataclass(frozen=True, slots=True)
class _Token:
    """A token that is likely at some place, its text without spaces, and how likely it is."""

    token: str
    text: str
    logprob: float

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> _Token:
        token, logprob = entry.get("token"), entry.get("logprob")
        text = token if isinstance(token, str) else ""
        # servers write what is as good as impossible as a large negative number, or as none
        known = math.nan
        if isinstance(logprob, (int, float)) and -1e6 < logprob < 1e-3:
            known = min(0.0, float(logprob))
        return cls(text, _squeezed(text), known)


_NOTHING = _Token("", "", math.nan)


@dataclass(frozen=True, slots=True)
class _Step:
    """A token that was written, and all that were likely in its place, itself among them."""

    written: _Token
    likely: tuple[_Token, ...]

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> _Step:
        written = _Token.of(entry)
        found = entry.get("top_logprobs")
        entries = found if isinstance(found, list) else []
        top = [_Token.of(each) for each in entries if isinstance(each, Mapping)]
        if all(each.token != written.token for each in top):
            top.append(written)
        return cls(written, tuple(each for each in top if not math.isnan(each.logprob)))


@dataclass(slots=True)
class _Answer:
    """A text and its tokens so far.

    ``rest`` is what they leave of it, without spaces; ``parted`` is the log-probability of the
    token by which it parted from what was written.
    """

    text: str
    rest: str
    parted: float = math.nan
    tokens: list[str] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)

    def take(self, token: str, text: str, logprob: float) -> None:
        self.tokens.append(token)
        self.logprobs.append(logprob)
        self.rest = self.rest[len(text) :]

    def leave(self) -> None:
        """What is left of it is not known."""
        if self.rest:
            self.take(_tail(self.text, len(self.rest)), self.rest, math.nan)

    def fits(self, token: _Token) -> bool:
        return bool(token.text) and self.rest.startswith(token.text)


def has_logprobs(choice: Mapping[str, Any]) -> bool:
    """Whether a server's choice tells what was likely."""
    return _entries(choice) is not None


def read_choice(choice: Mapping[str, Any], answers: Sequence[str], tokens_in: int | None) -> Choice:
    """How likely the answers are, from one choice of a server's response.

    Tokens that lead to the same answers count together, such as "Im" and "Image". Where what is
    known does not tell which answer is the likeliest, the chat has failed.
    """
    steps = [_Step.of(each) for each in _entries(choice) or () if isinstance(each, Mapping)]
    rows = [_Answer(text, _squeezed(text)) for text in answers]
    along = list(rows)  # those that what was written agrees with so far
    for i, step in enumerate(steps):
        before, whole = along, any(not row.rest for row in along)
        along = _walk(along, step, ends=i == len(steps) - 1 and _is_end(step.written, choice))
        if not along:
            told = whole or _one_leads(before)
            break
    else:  # what was written ends while answers still agree with it
        told = any(not row.rest for row in along) or len({row.text for row in along}) == 1
        for row in along:
            row.leave()
    if not told:
        wrote = "".join(step.written.token for step in steps)
        return Choice((), (), failure=f"{_UNTOLD}; it wrote {wrote[:100]!r}")
    return Choice(
        tuple(tuple(row.tokens) for row in rows),
        tuple(tuple(row.logprobs) for row in rows),
        tokens_in,
    )


def _walk(along: Sequence[_Answer], step: _Step, *, ends: bool) -> list[_Answer]:
    """Take the answers one written token further; those that still agree with what was written.

    ``ends``: the token is no text but the end of the turn.
    """
    written = step.written
    for row in along:
        if not written.text or (ends and not row.rest):  # just space, or what ends the turn
            row.take(written.token, "", written.logprob)
    if not written.text:
        return list(along)
    stay = []
    led = {token.text: [row.fits(token) for row in along] for token in step.likely}
    for row in along:
        ways = [token for token in step.likely if row.fits(token)]
        # "1" is no way to "10" where "10" is a token, and "I" is one to "Image" if to no other
        longest = max(ways, key=lambda token: len(token.text), default=_NOTHING)
        same = [token for token in ways if led[token.text] == led[longest.text]]
        logprob = _total([token.logprob for token in same])
        if any(token.text == written.text for token in same):
            row.take(written.token, written.text, logprob)
            stay.append(row)
            continue
        if same:
            row.take(longest.token, longest.text, logprob)
            row.parted = logprob
        row.leave()
    return stay


def _one_leads(rows: Sequence[_Answer]) -> bool:
    """Whether one of the answers that part from what was written is known to be the likeliest."""
    best = max((row.parted for row in rows if not math.isnan(row.parted)), default=math.nan)
    return len({row.text for row in rows if row.parted == best}) == 1


def _entries(choice: Mapping[str, Any]) -> list[Any] | None:
    found = choice.get("logprobs")
    content = found.get("content") if isinstance(found, Mapping) else None
    return content if isinstance(content, list) else None


def _is_end(last: _Token, choice: Mapping[str, Any]) -> bool:
    """Whether the last token ended the turn: it is not part of the text."""
    content = choice["message"].get("content")
    text = _squeezed(content) if isinstance(content, str) else ""
    return choice.get("finish_reason") == "stop" and not text.endswith(last.text)


def _total(logprobs: Sequence[float]) -> float:
    if not logprobs:
        return math.nan
    highest = max(logprobs)
    return min(0.0, highest + math.log(sum(math.exp(p - highest) for p in logprobs)))


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _tail(text: str, count: int) -> str:
    """The end of a text that has so many characters besides spaces, with the space before it."""
    for start in range(len(text) - 1, -1, -1):
        count -= not text[start].isspace()
        if count == 0:
            before = text[:start]
            return text[len(before.rstrip()) :]
    return text
