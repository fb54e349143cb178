"""Stored answers as a judge: re-score anybody's outputs without their model.

One JSON object a line (``.gz`` or not)::

    {"item_id": "17", "response": "... [[A>B]]"}
    {"item_id": "17", "response": "... [[B>A]]", "order": "ba", "vote": 0}
    {"item_id": "17", "scores": [0.31, 0.27]}
    {"item_id": "18", "score": 3.5}

``order`` is *ab* where it is absent: the answer was given to the pair as the data have it.
``scores`` stand for a judge that scores, in the order shown; ``score`` is that of one candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ..harness.errors import UserError
from ..harness.items import Output, Request
from ..harness.judge import ALL_OBJECTIVES, Supports
from ..harness.parsing import get_grammar
from ..harness.plan import Plan
from ..harness.registry import judge
from ..harness.tables import json_lines
from ..harness.task import OrderPlan

_Key = tuple[str, str, int]


@judge("replay")
class ReplayJudge:
    """Answers from a file of stored responses, read by the grammar that ``format`` names."""

    supports = Supports(objectives=ALL_OBJECTIVES, needs_media=False, pointwise=True)

    def __init__(self, path: Path, format: str = "unifiedreward") -> None:
        get_grammar(format)
        self.path = path
        self.grammar = format
        self._answers = self._load()

    @property
    def order(self) -> OrderPlan:
        """The order of presentation that the file has answers for."""
        orders = {order for _, order, _ in self._answers}
        return "both" if len(orders) == 2 else "given"

    def identity(self) -> dict[str, object]:
        """Fingerprint of the responses."""
        digest = blake2b(digest_size=16)
        for key, output in self._answers.items():
            digest.update(f"{key}{output.text!r}{output.scores}\n".encode())
        return {"responses": digest.hexdigest()}

    def expect(self, plan: Plan) -> None:
        """Check that the file has an answer for each request of the plan, and no other.

        Raises:
            UserError: answers are missing, or belong to no item; names the first of them.
        """
        wanted = missing = 0
        first_missing = None
        known: set[str] = set()
        for _, item in plan.items():
            known.add(item.id)
            for request in plan.requests(item):
                wanted += 1
                if _key(request) not in self._answers:
                    missing += 1
                    first_missing = first_missing or _key(request)
        if first_missing is not None:
            name, order, vote = first_missing
            raise UserError(
                f"{self.path} has no response for {missing:,} of {wanted:,} requests of"
                f" {plan.task.name}; the first: item_id '{name}', order {order}, vote {vote}"
            )
        extra = sorted({item for item, _, _ in self._answers} - known)
        if extra and plan.limit is None:
            raise UserError(
                f"{self.path} has responses for {len(extra):,} items that {plan.data.name} does not"
                f" hold; the first: item_id '{extra[0]}'. Is it for another split or task?"
            )

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        """Look each request's answer up."""
        return [self._answers[_key(request)] for request in batch]

    def _load(self) -> dict[_Key, Output]:
        answers: dict[_Key, Output] = {}
        for number, row in json_lines(self.path):
            where = f"{self.path}, line {number}"
            key = (str(_get(row, "item_id", where)), row.get("order", "ab"), row.get("vote", 0))
            if key[1] not in ("ab", "ba"):
                raise UserError(f"{where}: order is {key[1]!r}; allowed are: ab, ba")
            output = _output(row, where)
            if answers.setdefault(key, output) != output:
                raise UserError(
                    f"{where}: a second, different response for item_id '{key[0]}',"
                    f" order {key[1]}, vote {key[2]}"
                )
        if not answers:
            raise UserError(f"{self.path} is empty: it holds no responses")
        return answers


def _key(request: Request) -> _Key:
    return request.item.id, request.order, request.vote


def _get(row: dict[str, Any], name: str, where: str) -> Any:
    if name not in row:
        raise UserError(f"{where}: no '{name}'; the fields are: {', '.join(row) or 'none'}")
    return row[name]


def _output(row: dict[str, Any], where: str) -> Output:
    if "scores" in row:
        try:
            first, second = map(float, row["scores"])
        except (TypeError, ValueError):
            raise UserError(f"{where}: scores is {row['scores']!r}; expected two numbers") from None
        return Output(scores=(first, second))
    if "score" in row:
        try:
            return Output(scores=(float(row["score"]),))
        except (TypeError, ValueError):
            raise UserError(f"{where}: score is {row['score']!r}; expected a number") from None
    response = _get(row, "response", where)
    if response is None:  # a judge that said nothing
        response = ""
    if not isinstance(response, str):
        raise UserError(f"{where}: response holds {type(response).__name__}, expected text")
    return Output(text=response)
