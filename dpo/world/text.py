"""How the small generators read: a tokenizer of the world's words, and a text encoder to train.

Both are CLIP's classes, so pipelines of diffusers take them as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from ...tasks.shapes import streams

WIDTH = 128
"""Features of a token."""

_START, _END = "<|startoftext|>", "<|endoftext|>"
_SAMPLES = 1500
"""Captions whose words are taken; they hold every word of the world."""


def text_parts(max_length: int, *, width: int = WIDTH, seed: int = 0) -> tuple[Any, Any]:
    """A tokenizer, and a text encoder with random weights.

    Args:
        max_length: tokens of a prompt, start and end included; longer ones are cut.
        width: features of a token.
        seed: of the weights.

    Returns:
        A ``CLIPTokenizer`` and a ``CLIPTextModel`` whose output has the shape (prompts,
        ``max_length``, ``width``).
    """
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel

    tokens = tokenizer(max_length)
    config = CLIPTextConfig(
        vocab_size=len(tokens),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=max(1, width // 32),
        max_position_embeddings=max_length,
        projection_dim=width,
        bos_token_id=tokens.bos_token_id,
        eos_token_id=tokens.eos_token_id,
        pad_token_id=tokens.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = CLIPTextModel(config)
        # CLIP starts with words that hardly differ; learnt together with what draws, they stay so
        torch.nn.init.normal_(encoder.get_input_embeddings().weight)
    return tokens, encoder


def tokenizer(max_length: int) -> Any:
    """A ``CLIPTokenizer`` with a token for each word of the world; others it spells out."""
    from transformers import CLIPTokenizer

    vocabulary, merges = _pieces()
    return CLIPTokenizer(vocabulary, list(merges), model_max_length=max_length)


@cache
def _pieces() -> tuple[dict[str, int], tuple[tuple[str, str], ...]]:
    """Tokens by number, and the pairs of pieces that byte pair encoding puts together."""
    import json

    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"), "removed", True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    # the trainer numbers ends of words as it meets them, in an order that is another in each
    # process, and breaks ties by number; those that are named beforehand are numbered by this list
    ends = [f"{letter}</w>" for letter in alphabet]
    trainer = trainers.BpeTrainer(
        vocab_size=10_000,  # more than there are: it ends when every word is one token
        special_tokens=[_START, _END, *ends],
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    # each word once, so that how often a caption says it decides nothing
    made.train_from_iterator(sorted(_words()), trainer)
    learnt = json.loads(made.to_str())["model"]
    return learnt["vocab"], tuple((first, second) for first, second in learnt["merges"])


def _words() -> set[str]:
    import re

    return {word for text in _captions() for word in re.findall(r"[a-z]+|[^\sa-z]", text.lower())}


def _captions() -> Iterator[str]:
    pictures, films = streams.image_captions(), streams.video_captions()
    for number in range(_SAMPLES):
        yield pictures.planned(number).caption.text
        yield films.planned(number).caption.text
