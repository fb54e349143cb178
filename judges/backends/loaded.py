"""A checkpoint in memory, at work on prepared chats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .attention import attend_at_once, embed_at_once
from .backend import Choice, Reply
from .chats import placed
from .choosing import Answers, choose, choose_one_by_one
from .decoding import Reader, write
from .features import VisionFeatures
from .inputs import Preparation, Prepared, whole_inputs


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
        self._reader: Reader | None = None
        if preparation.family is not None:
            attend_at_once(model)
            embed_at_once(model)
            self.features = VisionFeatures(preparation.family, model, kept)
            self._reader = Reader(model, preparation, self.features)

    def generate(
        self, batch: Sequence[Prepared], max_new_tokens: int, temperature: float
    ) -> list[Reply]:
        """Answer chats as one batch."""
        import torch

        seeds = [prepared.chat.seed for prepared in batch]
        noise = GumbelNoise(seeds, temperature) if temperature > 0 else None
        with torch.inference_mode():
            if self._reader is None:
                rows, lengths = self._generate_whole(batch, max_new_tokens, noise)
            else:
                rows = write(self._reader, batch, self.ends, max_new_tokens, noise)
                lengths = [prepared.size for prepared in batch]
        return [self._reply(row, length) for row, length in zip(rows, lengths, strict=True)]

    def choose(self, batch: Sequence[Prepared], answers: Sequence[Sequence[str]]) -> list[Choice]:
        """How likely each chat's answers are, token by token."""
        import torch

        tokens = [self._answers(each) for each in answers]
        with torch.inference_mode():
            if self._reader is not None and not _slides(self.model):
                return choose(self._reader, batch, tokens)
            inputs = (self._whole([prepared]) for prepared in batch)
            return choose_one_by_one(self.model, inputs, tokens)

    def _generate_whole(
        self, batch: Sequence[Prepared], limit: int, noise: GumbelNoise | None
    ) -> tuple[list[list[int]], list[int]]:
        """Answers and lengths of chats of a family that is not known, by its own code alone."""
        inputs = self._whole(batch)
        lengths: list[int] = inputs["attention_mask"].sum(dim=1).tolist()
        tokens = self.model.generate(
            **inputs,
            max_new_tokens=limit,
            logits_processor=[] if noise is None else [noise],
        )
        rows: list[list[int]] = tokens[:, inputs["input_ids"].shape[1] :].tolist()
        ends = ([i for i, token in enumerate(row) if token in self.ends] for row in rows)
        cut = [row[: end[0] + 1] if end else row for row, end in zip(rows, ends, strict=True)]
        return cut, lengths

    def _whole(self, batch: Sequence[Prepared]) -> Any:
        return placed(whole_inputs(self._preparation, batch), self.model)

    def _reply(self, tokens: list[int], tokens_in: int) -> Reply:
        text: str = self.processor.tokenizer.decode(tokens, skip_special_tokens=True)
        return Reply(text, tokens_in, len(tokens), truncated=tokens[-1] not in self.ends)


def _slides(model: Any) -> bool:
    """Whether some layers see only so many tokens back, which a tree's mask does not say."""
    kinds = getattr(model.config.get_text_config(), "layer_types", None) or []
    return any(kind != "full_attention" for kind in kinds)


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
