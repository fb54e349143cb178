"""How likely given answers are: a chat is read once, then all its answers together.

Answers that begin alike share what they begin with: their tokens are the nodes of a tree. All nodes
of a chat's answers are read in one pass, each seeing the chat and its own ancestors only and
standing where it would stand in its answer::

    chat  ->  "Image"  ->  " 1"  ->  " is better"
                       ->  " 2"  ->  " is better"

What follows a node is as likely as if its answer had been read alone. So a hundred scores cost a
few dozen tokens a chat, and the chat's own keys and values are not copied for each. Where it only
matters which answer it is, answers are read as far as they part: here ``Image`` alone is read, and
nothing where answers differ in their first token.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from math import isnan
from typing import Any

from .backend import Choice
from .chats import answer_texts
from .decoding import NOT_NUMBERS, Reader
from .inputs import Prepared

Tokens = tuple[int, ...]

_AT_ONCE = 1 << 27
"""How many logits are made probabilities at a time."""


class Answers:
    """Texts as the tokens of a turn, its end included, each looked up once.

    Args:
        processor: the checkpoint's.
        ends: the tokens that end a turn.
    """

    def __init__(self, processor: Any, ends: frozenset[int]) -> None:
        self._processor, self._ends = processor, ends
        self._known: dict[str, Tokens] = {}

    def __call__(self, answers: Sequence[str]) -> tuple[Tokens, ...]:
        """The tokens of each answer as the checkpoint would generate it."""
        new = [answer for answer in dict.fromkeys(answers) if answer not in self._known]
        if new:
            texts = answer_texts(self._processor, new)
            rows = self._processor.tokenizer(texts, add_special_tokens=False)["input_ids"]
            ended = (self._to_end(tuple(row)) for row in rows)
            self._known.update(zip(new, ended, strict=True))
        return tuple(self._known[answer] for answer in answers)

    def _to_end(self, tokens: Tokens) -> Tokens:
        """Up to the end of the turn, which a chat template may go on after, or leave out."""
        for place, token in enumerate(tokens):
            if token in self._ends:
                return tokens[: place + 1]
        usual = self._processor.tokenizer.eos_token_id
        return (*tokens, usual if usual in self._ends else min(self._ends))


@dataclass(frozen=True, eq=False)
class Tree:
    """Answers that share what they begin with.

    Args:
        tokens: one a node.
        parents: the node before each, which comes earlier in the tree; -1 is the chat.
        depths: how many tokens come between the chat and each node.
        places: for each token of each answer, the node that it follows; -1 is the chat.
        following: that token.
    """

    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    depths: tuple[int, ...]
    places: tuple[int, ...]
    following: tuple[int, ...]

    @property
    def lines(self) -> list[list[bool]]:
        """Whether each node (row) is, or comes after, each node (column)."""
        rows: list[list[bool]] = []
        for node, parent in enumerate(self.parents):
            row = list(rows[parent]) if parent >= 0 else [False] * len(self.parents)
            row[node] = True
            rows.append(row)
        return rows


@lru_cache(maxsize=64)
def telling(answers: tuple[Tokens, ...]) -> tuple[Tokens, ...]:
    """Each answer up to the token that tells it from all others."""
    beginnings = Counter(
        answer[:length] for answer in set(answers) for length in range(1, len(answer) + 1)
    )
    return tuple(
        next((a[:n] for n in range(1, len(a)) if beginnings[a[:n]] == 1), a) for a in answers
    )


@lru_cache(maxsize=64)
def tree(answers: tuple[Tokens, ...]) -> Tree:
    """The tree of answers; what ends each answer follows its last node and is none itself."""
    nodes: dict[Tokens, int] = {}
    parents, depths, places, following = [], [], [], []
    for answer in answers:
        node = -1
        for depth, token in enumerate(answer):
            places.append(node)
            following.append(token)
            if depth + 1 < len(answer):
                known = nodes.get(answer[: depth + 1])
                if known is None:
                    known = nodes[answer[: depth + 1]] = len(nodes)
                    parents.append(node)
                    depths.append(depth)
                node = known
    tokens = (prefix[-1] for prefix in nodes)
    return Tree(*map(tuple, (tokens, parents, depths, places, following)))


def choose(
    reader: Reader, batch: Sequence[Prepared], answers: Sequence[tuple[Tokens, ...]]
) -> list[Choice]:
    """How likely each chat's answers are, token by token.

    Args:
        reader: runs the model.
        batch: the chats.
        answers: the tokens of each chat's answers.
    """
    import torch

    trees = [tree(each) for each in answers]
    goes_on = any(each.tokens for each in trees)
    read = reader.read(batch, goes_on=goes_on)
    logits = [read.logits[:, None]]
    if goes_on:
        tokens, depths, lines = (part.to(read.mask.device) for part in _padded(trees))
        mask = _mask(read.mask, lines, reader.model.dtype)
        with _masked(reader.model):
            positions = read.positions[:, None] + depths
            logits.append(reader.go_on(read, tokens, positions, mask))
    counts = [len(each.places) for each in trees]
    rows = torch.arange(len(trees)).repeat_interleave(torch.tensor(counts))
    places = torch.tensor([place + 1 for each in trees for place in each.places], dtype=torch.long)
    following = torch.tensor([*chain(*(each.following for each in trees))], dtype=torch.long)
    found = iter(_logprobs(logits, rows, places, following).tolist())
    return [
        _choice(each, tuple(tuple(next(found) for _ in answer) for answer in each), prepared.size)
        for prepared, each in zip(batch, answers, strict=True)
    ]


def _choice(
    answers: tuple[Tokens, ...], logprobs: tuple[tuple[float, ...], ...], tokens_in: int
) -> Choice:
    """What was computed, if that is numbers."""
    if any(map(isnan, chain(*logprobs))):
        return Choice((), (), failure=NOT_NUMBERS)
    return Choice(answers, logprobs, tokens_in)


def _padded(trees: Sequence[Tree]) -> tuple[Any, Any, Any]:
    """Nodes and their depths (chats, nodes), and which nodes see which (chats, nodes, nodes)."""
    import torch

    most = max(len(each.tokens) for each in trees)
    tokens = torch.zeros(len(trees), most, dtype=torch.long)
    depths = torch.zeros_like(tokens)
    lines = torch.eye(most, dtype=torch.bool).repeat(len(trees), 1, 1)
    for distinct in {id(each): each for each in trees if each.tokens}.values():
        rows = torch.tensor([each is distinct for each in trees])
        count = len(distinct.tokens)
        tokens[rows, :count] = torch.tensor(distinct.tokens)
        depths[rows, :count] = torch.tensor(distinct.depths)
        lines[rows, :count, :count] = torch.tensor(distinct.lines)
    return tokens, depths, lines


def _mask(read: Any, lines: Any, dtype: Any) -> Any:
    """What each node sees of its chat and of the nodes, as numbers to add to attention."""
    import torch

    chats = read.bool()[:, None].expand(-1, lines.shape[1], -1)
    seen = torch.cat([chats, lines], dim=2)[:, None]
    unseen = torch.finfo(dtype).min
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill(~seen, unseen)


@contextmanager
def _masked(model: Any) -> Iterator[None]:
    """Let the language model attend by a mask: flash attention takes none, so SDPA it is."""
    config = model.config.get_text_config()
    before = config._attn_implementation
    if "flash" in (before or ""):
        config._attn_implementation = "sdpa"
    try:
        yield
    finally:
        config._attn_implementation = before


def _logprobs(logits: Sequence[Any], rows: Any, places: Any, following: Any) -> Any:
    """Log-probabilities, float32, of tokens at places of rows.

    Args:
        logits: parts (rows, places, words) that lie one after the other in places.
        rows: the row of each token.
        places: the place of each token.
        following: the tokens.
    """
    import torch

    found = torch.empty(len(rows))
    start = 0
    for part in logits:
        _, count, words = part.shape
        flat = part.flatten(0, 1)
        some = flat.split(max(1, _AT_ONCE // words))  # float32 of all would not always fit
        totals = torch.cat([each.float().logsumexp(dim=-1) for each in some])
        here = ((places >= start) & (places < start + count)).nonzero()[:, 0]
        where = (rows[here] * count + places[here] - start).to(part.device)
        tokens = following[here].to(part.device)
        found[here] = (flat[where, tokens].float() - totals[where]).cpu()
        start += count
    return found


def choose_one_by_one(
    model: Any, inputs: Iterable[Any], answers: Sequence[tuple[Tokens, ...]]
) -> list[Choice]:
    """The same as :func:`choose`, for any model: it reads each chat anew with every answer.

    Args:
        model: the model.
        inputs: its inputs for each chat alone.
        answers: the tokens of each chat's answers.
    """
    choices = []
    for chat, each in zip(inputs, answers, strict=True):
        logprobs = tuple(_of_one(model, chat, answer) for answer in each)
        choices.append(_choice(each, logprobs, chat["input_ids"].shape[1]))
    return choices


def _of_one(model: Any, chat: Any, answer: Tokens) -> tuple[float, ...]:
    import torch

    ids = chat["input_ids"]
    tokens = torch.tensor([answer], device=ids.device)
    # whatever else is said of tokens is 0 for those of an answer
    longer = {
        name: torch.cat([value, value.new_zeros(1, len(answer))], dim=1)
        for name, value in chat.items()
        if getattr(value, "shape", None) == ids.shape
    }
    longer["input_ids"] = torch.cat([ids, tokens], dim=1)
    longer["attention_mask"] = torch.ones_like(longer["input_ids"])
    scores = model(**{**chat, **longer}).logits[0, ids.shape[1] - 1 : -1]
    found = scores.float().log_softmax(dim=-1).gather(1, tokens.T)
    return tuple(found[:, 0].tolist())
