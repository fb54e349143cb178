"""Conversations as batches: the judge's tensors, then the answers, which alone are learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from datasets import Dataset
from torch.nn.utils.rnn import pad_sequence

from ..judges.backends.chats import Chat, processed, written, written_answers
from .conversations import Row
from .rows import Opened

_IGNORED = -100
# what a processor says of each token; the last two are 0 for text
_OF_TOKENS = ("input_ids", "attention_mask", "mm_token_type_ids", "token_type_ids")


class Batches:
    """Numbers of rows to batches: opens media, writes the conversation, marks the answer.

    Runs in the data loader's processes.
    """

    def __init__(self, rows: Opened, processor: Any) -> None:
        self._rows, self._processor = rows, processor

    def __call__(self, numbers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """One batch."""
        return batch([self._rows[each["row"]] for each in numbers], self._processor)


def batch(rows: Sequence[Row], processor: Any) -> dict[str, Any]:
    """The rows' questions and answers, see :func:`answered`."""
    return answered([row.chat for row in rows], [[row.answer for row in rows]], processor)


def answered(
    chats: Sequence[Chat], rounds: Sequence[Sequence[str]], processor: Any
) -> dict[str, Any]:
    """What the model takes, and ``labels`` (rows, tokens): the answer, -100 before and after it.

    Media and questions are what the judge gives the model; the padding is on the right.

    Args:
        chats: what is asked.
        rounds: in each an answer to every chat; the rows of the first round come first.
        processor: the checkpoint's.

    Raises:
        UserError: a row has a clip, and there is no way to show the checkpoint one.
    """
    texts = written(processor, chats)
    answers = [text for said in rounds for text in written_answers(processor, chats, texts, said)]
    tokenizer = processor.tokenizer
    learnt = tokenizer(answers, add_special_tokens=False)["input_ids"]
    # lists until they are joined: tensors of padded questions would have to be cut apart again
    made = processed(processor, chats, texts)
    asked = {name: made.pop(name) * len(rounds) for name in _OF_TOKENS if name in made}

    asked["labels"] = [[_IGNORED] * len(each) for each in asked["input_ids"]]
    ones, zeros = ([[value] * len(each) for each in learnt] for value in (1, 0))
    answered = {
        "input_ids": (learnt, tokenizer.pad_token_id),
        "attention_mask": (ones, 0),
        "labels": (learnt, _IGNORED),
    }
    joined = {name: _joined(each, *answered.get(name, (zeros, 0))) for name, each in asked.items()}
    shown = made.convert_to_tensors("pt")
    if len(rounds) > 1:
        shown = {name: torch.cat([each] * len(rounds)) for name, each in shown.items()}
    return {**shown, **joined}


def numbered(rows: Sequence[int]) -> Dataset:
    """Row numbers as a data set; by the column ``images`` TRL knows that there are pictures."""
    return Dataset.from_dict({"row": list(rows), "images": [None] * len(rows)})


def _joined(asked: list[list[int]], answered: list[list[int]], padding: int) -> Any:
    """What is said of the tokens of questions, then of those of their answers, padded."""
    pairs = zip(asked, answered, strict=True)
    tokens = [torch.tensor(question + answer) for question, answer in pairs]
    return pad_sequence(tokens, batch_first=True, padding_value=padding)
