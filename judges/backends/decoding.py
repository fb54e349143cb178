"""Forward passes of a language model over a batch of chats, and answers written token by token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .features import shown
from .inputs import Preparation, Prepared
from .last_position import LastPosition
from .media import Features
from .positions import Positions

NOT_NUMBERS = (
    "the checkpoint's logits are not numbers (nan): its weights are damaged, or too coarse in this"
    " number format; try dtype=float32"
)
"""Why a chat has no answer: the most likely of such tokens would be one by chance."""


@dataclass(slots=True)
class Read:
    """A batch of chats that the model has read, up to where their answers start.

    Args:
        logits: for the first token of each answer, float32 (chats, words).
        cache: keys and values of all tokens; None where nothing is to be read after them.
        mask: which tokens are no padding (chats, tokens).
        positions: where the next token of each chat stands (chats).
    """

    logits: Any
    cache: Any
    mask: Any
    positions: Any


@dataclass(frozen=True)
class Reader:
    """Runs a model of a known family on chats whose media are encoded.

    Positions are given in every pass: a model's own memory of them is that of its last batch.

    Args:
        model: the model.
        preparation: what prepared the chats.
        positions: where their tokens stand.
        last: the model's last layer.
        features: of all media that the chats show, by their keys.
    """

    model: Any
    preparation: Preparation
    positions: Positions
    last: LastPosition
    features: Mapping[bytes, Features]

    def read(self, batch: Sequence[Prepared], *, goes_on: bool = True) -> Read:
        """Read chats, padded on the left.

        Args:
            batch: the chats.
            goes_on: more tokens will be read after them.
        """
        family = self.preparation.family
        assert family is not None
        inputs = self.preparation.tokens(batch)
        positions, following = self.positions.of(batch, inputs)
        device = self.model.device
        mask = inputs["attention_mask"].to(device)
        with self.last.only():
            made = self.model(
                input_ids=inputs["input_ids"].to(device),
                attention_mask=mask,
                position_ids=positions.to(device),
                mm_encoder_outputs=shown(family, batch, self.features),
                use_cache=goes_on,
                logits_to_keep=1,
            )
        return Read(made.logits[:, -1].float(), made.past_key_values, mask, following.to(device))

    def go_on(self, read: Read, tokens: Any, positions: Any, mask: Any) -> Any:
        """Logits (chats, tokens, words) for what follows each of some more tokens.

        Args:
            read: what was read before; its cache grows.
            tokens: (chats, tokens).
            positions: where they stand (chats, tokens).
            mask: as of any forward pass of the model.
        """
        return self.model(
            input_ids=tokens,
            attention_mask=mask,
            position_ids=self.positions.spread(positions),
            past_key_values=read.cache,
            use_cache=True,
        ).logits


def write(
    reader: Reader,
    batch: Sequence[Prepared],
    ends: frozenset[int],
    limit: int,
    noise: Any | None = None,
) -> list[list[int]]:
    """The most likely answer of each chat, token by token, to its end or the limit.

    An answer is empty where its logits are not numbers.

    Args:
        reader: runs the model.
        batch: the chats.
        ends: the tokens that end an answer.
        limit: how many tokens an answer may have.
        noise: is called with the tokens so far (not used) and the logits, and changes them.
    """
    import torch

    read = reader.read(batch)
    device = read.logits.device
    mask = torch.cat([read.mask, read.mask.new_ones(len(batch), limit)], dim=1)
    ending = torch.tensor(sorted(ends), device=device)
    ended = torch.zeros(len(batch), dtype=torch.bool, device=device)
    unknown = torch.zeros_like(ended)
    logits, steps, start = read.logits, [], read.mask.shape[1]
    for step in range(limit):
        # of numbers and nan, torch takes nan as the highest
        highest, tokens = (logits if noise is None else noise(None, logits)).max(dim=-1)
        unknown |= highest.isnan() & ~ended
        steps.append(tokens)
        ended |= torch.isin(tokens, ending)
        if step + 1 == limit or ended.all():
            break
        positions = (read.positions + step)[:, None]
        seen = mask[:, : start + step + 1]
        logits = reader.go_on(read, tokens[:, None], positions, seen)[:, -1].float()
    rows = zip(torch.stack(steps, dim=1).tolist(), unknown.tolist(), strict=True)
    return [[] if lost else _to_end(row, ends) for row, lost in rows]


def _to_end(tokens: list[int], ends: frozenset[int]) -> list[int]:
    end = next((i for i, token in enumerate(tokens) if token in ends), len(tokens))
    return tokens[: end + 1]
