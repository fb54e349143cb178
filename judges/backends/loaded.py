"""A checkpoint in memory, at work on prepared chats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, TypeVar

from .attention import attend_at_once, embed_at_once
from .backend import Choice, Reply
from .chats import placed
from .choosing import Answers, choose, choose_one_by_one, telling
from .cores import Cores
from .decoding import NOT_NUMBERS, Reader, write
from .features import VisionFeatures
from .inputs import Preparation, Prepared, whole_inputs
from .last_position import LastPosition
from .positions import Positions

Made = TypeVar("Made")

_LEAST = 8
"""How many chats are worth a core of their own."""


class Loaded:
    """A model in memory with its processor and the tokens that end its answers.

    Args:
        model: the model.
        preparation: prepares chats for it.
        ends: the tokens that end an answer.
        kept: how many bytes of vision features are remembered.
    """

    def __init__(
        self, model: Any, preparation: Preparation, ends: frozenset[int], kept: int
    ) -> None:
        self.model, self.processor, self.ends = model, preparation.processor, ends
        self.features: VisionFeatures | None = None
        """What the vision tower has encoded; None for a family that is not known."""
        self._preparation = preparation
        self._answers = Answers(self.processor, ends)
        if preparation.family is not None:
            attend_at_once(model)
            embed_at_once(model)
            self._cores = Cores(model)
            self._positions = Positions(preparation.family, model)
            self._last = LastPosition(model)
            self.features = VisionFeatures(preparation.family, model, kept, self._cores)

    def generate(
        self, batch: Sequence[Prepared], max_new_tokens: int, temperature: float
    ) -> list[Reply]:
        """Answer chats as one batch."""
        import torch

        def noise(some: Sequence[Prepared]) -> GumbelNoise | None:
            seeds = [prepared.chat.seed for prepared in some]
            return GumbelNoise(seeds, temperature) if temperature > 0 else None

        def written(reader: Reader, part: slice) -> list[list[int]]:
            some = batch[part]
            return write(reader, some, self.ends, max_new_tokens, noise(some))

        with torch.inference_mode():
            if self.features is None:
                rows, lengths = self._generate_whole(batch, max_new_tokens, noise(batch))
            else:
                rows = self._shared_out(batch, written)
                lengths = [prepared.size for prepared in batch]
        return [self._reply(row, length) for row, length in zip(rows, lengths, strict=True)]

    def choose(
        self, batch: Sequence[Prepared], answers: Sequence[Sequence[str]], whole: bool
    ) -> list[Choice]:
        """How likely each chat's answers are, token by token."""
        import torch

        tokens = [self._answers(each) for each in answers]
        if not whole:
            tokens = [telling(each) for each in tokens]

        def chosen(reader: Reader, part: slice) -> list[Choice]:
            return choose(reader, batch[part], tokens[part])

        with torch.inference_mode():
            if self.features is not None and not _slides(self.model):
                return self._shared_out(batch, chosen)
            inputs = (self._whole([prepared]) for prepared in batch)
            return choose_one_by_one(self.model, inputs, tokens)

    def reader(self, batch: Sequence[Prepared]) -> Reader:
        """Reads these chats, whose media it encodes now; for a family that is known."""
        assert self.features is not None
        features = self.features.of(batch)
        return Reader(self.model, self._preparation, self._positions, self._last, features)

    def _shared_out(
        self, batch: Sequence[Prepared], work: Callable[[Reader, slice], list[Made]]
    ) -> list[Made]:
        """What is made of each part of a batch."""
        reader = self.reader(batch)
        made = self._cores.each(lambda part: work(reader, part), len(batch), _LEAST)
        return list(chain.from_iterable(made))

    def _generate_whole(
        self, batch: Sequence[Prepared], limit: int, noise: GumbelNoise | None
    ) -> tuple[list[list[int]], list[int]]:
        """Answers and lengths of chats of a family that is not known, by its own code alone."""
        inputs = self._whole(batch)
        lengths: list[int] = inputs["attention_mask"].sum(dim=1).tolist()
        checked = _Checked(len(batch))
        tokens = self.model.generate(
            **inputs,
            max_new_tokens=limit,
            logits_processor=[checked] if noise is None else [checked, noise],
        )
        rows: list[list[int]] = tokens[:, inputs["input_ids"].shape[1] :].tolist()
        ends = ([i for i, token in enumerate(row) if token in self.ends] for row in rows)
        cut = [row[: end[0] + 1] if end else row for row, end in zip(rows, ends, strict=True)]
        known = zip(cut, checked.unknown, strict=True)
        return [[] if lost else row for row, lost in known], lengths

    def _whole(self, batch: Sequence[Prepared]) -> Any:
        return placed(whole_inputs(self._preparation, batch), self.model)

    def _reply(self, tokens: list[int], tokens_in: int) -> Reply:
        if not tokens:
            return Reply("", tokens_in, failure=NOT_NUMBERS)
        text: str = self.processor.tokenizer.decode(tokens, skip_special_tokens=True)
        return Reply(text, tokens_in, len(tokens), truncated=tokens[-1] not in self.ends)


def _slides(model: Any) -> bool:
    """Whether some layers see only so many tokens back, which a tree's mask does not say."""
    kinds = getattr(model.config.get_text_config(), "layer_types", None) or []
    return any(kind != "full_attention" for kind in kinds)


class _Checked:
    """Notes the chats whose logits are not numbers, and changes nothing."""

    def __init__(self, chats: int) -> None:
        self.unknown = [False] * chats

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        lost = scores.isnan().any(dim=-1).tolist()
        self.unknown = [a or b for a, b in zip(self.unknown, lost, strict=True)]
        return scores


class GumbelNoise:
    """Makes the greedy choice an exact sample of softmax(logits / temperature), row by row."""

    def __init__(self, seeds: Sequence[int], temperature: float) -> None:
        import torch

        self._temperature = temperature
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """The logits, each with noise of its row's own generator."""
        import torch

        waits = torch.empty(scores.shape, dtype=torch.float64)
        for row, generator in zip(waits, self._generators, strict=True):
            row.exponential_(generator=generator)
        noise = -waits.clamp_min_(1e-300).log_()
        return scores / self._temperature + noise.to(scores.device, scores.dtype)
