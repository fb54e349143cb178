"""The nano judge's tokenizer: the words of the shapes world, and each answer as one token.

What such a judge says is one of few sentences, so a whole sentence is a token: a verdict or a
score is chosen in one step, and its log-probability is that of one token. Scores lie on twenty
steps of their range.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ...harness.items import THREE_WAY, Modality, Objective, ScoreRange
from ...harness.scores import SCORE_RANGES
from ...judges.answers import scale, score_answer, verdict_answer
from ...judges.nano import PROMPTS, STEPS
from ...tasks.shapes import streams
from ...tasks.shapes.answers import AnswerPair

PAD, UNKNOWN, START, END = "<|endoftext|>", "<|unknown|>", "<|im_start|>", "<|im_end|>"
VISION_START, VISION_END = "<|vision_start|>", "<|vision_end|>"
IMAGE, VIDEO = "<|image_pad|>", "<|video_pad|>"
SPECIAL = (PAD, UNKNOWN, START, END, VISION_START, VISION_END, IMAGE, VIDEO)

_ASKED: tuple[tuple[Modality, Objective], ...] = (
    ("image", "generation"),
    ("video", "generation"),
    ("image", "understanding"),
)
_SAMPLES = 1500
_TEMPLATE = """\
{%- for message in messages -%}
<|im_start|>{{ message.role }} {% if message.content is string -%}
{{ message.content }}
{%- else -%}
{%- for part in message.content -%}
{%- if part.type == 'image' -%}<|vision_start|><|image_pad|><|vision_end|>
{%- elif part.type == 'video' -%}<|vision_start|><|video_pad|><|vision_end|>
{%- else -%}{{ part.text }}
{%- endif -%}
{%- endfor -%}
{%- endif -%}<|im_end|>
{%- endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant {% endif -%}
"""


def stepped(score: float, of: ScoreRange) -> float:
    """The nearest of the steps of a range.

    >>> stepped(3.37, (1, 5)), stepped(3.37, (1, 10))
    (3.4, 3.2)
    """
    low, high = of
    return scale(of, STEPS)[round((score - low) / (high - low) * STEPS)]


def answers() -> list[str]:
    """Everything the judge can say."""
    verdicts = [
        verdict_answer(verdict, modality, objective)
        for modality, objective in _ASKED
        for verdict in THREE_WAY
    ]
    scores = [score_answer(s) for of in SCORE_RANGES.values() for s in scale(of, STEPS)]
    return [*verdicts, *dict.fromkeys(scores)]


def tokenizer() -> Any:
    """The tokenizer, with the chat template."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    known = [*SPECIAL, *_words()]
    made = Tokenizer(
        models.WordLevel({word: number for number, word in enumerate(known)}, unk_token=UNKNOWN)
    )
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex(_WORD), "removed", True)]
    )
    made.add_special_tokens([AddedToken(token, normalized=False) for token in SPECIAL])
    made.add_tokens([AddedToken(said, normalized=False) for said in answers()])
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        eos_token=END,
        pad_token=PAD,
        unk_token=UNKNOWN,
        chat_template=_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


_WORD = r"[a-z]+|[0-9]|[^\sa-z0-9]"


def _words() -> list[str]:
    """All words of the world and of the judge's questions, the most frequent first."""
    import re

    found = Counter(word for text in _texts() for word in re.findall(_WORD, text.lower()))
    return sorted(found, key=lambda word: (-found[word], word))


def _texts() -> Iterator[str]:
    for file in sorted(PROMPTS.glob("*.j2")):
        yield file.read_text(encoding="utf-8")
    yield "user assistant"
    numbers = range(_SAMPLES)
    for made in (streams.image_pairs(), streams.edit_pairs(), streams.video_pairs()):
        yield from (made.planned(number).prompt for number in numbers)
    for asked in (streams.answer_pairs().planned, streams.video_answer_pairs().planned):
        for number in numbers:
            pair: AnswerPair[Any] = asked(number)
            yield from (pair.question, *(answer.text for answer in pair.answers))
