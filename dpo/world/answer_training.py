"""A small model that answers questions about pictures and films of the shapes world.

It is the nano judge, taught to speak by answers that are not all good ones. The folder holds the
finished checkpoint, which ``from_pretrained`` loads; in ``work/`` lie what it learnt from
(``data/``), what it started from (``nano/``), and its training (``training/``). The same call goes
on where it was stopped.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ...judges.backends.checkpoints import locate
from ...judges.nano import CHECKPOINT
from ...reward_training.claims import claim
from ...reward_training.loop import run
from ...reward_training.settings import CommonSettings, ModelSettings, RowSettings
from ...reward_training.surroundings import quiet, require_packages
from .answer_data import SOURCE, TABLE, write_answers
from .answer_settings import SHIPPED, AnswerSettings, load_answer_settings

MAX_PIXELS = 64 * 64
_CARD = "README.md"
_TEMPLATE = """\
{%- for message in messages -%}
{%- if message.role != 'assistant' -%}<|im_start|>{{ message.role }} {% endif -%}
{%- if message.content is string -%}
{{ message.content }}
{%- else -%}
{%- for part in message.content -%}
{%- if part.type == 'image' -%}<|vision_start|><|image_pad|><|vision_end|>
{%- elif part.type == 'video' -%}<|vision_start|><|video_pad|><|vision_end|>
{%- elif message.role == 'assistant' -%}
{{ part.text | replace('\\n', '<|im_end|><|im_start|>user ') }}
{%- else -%}{{ part.text }}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
{%- if message.role == 'assistant' -%}<|im_end|>
{%- elif add_generation_prompt or not loop.last -%}{{ ' ' }}
{%- endif -%}
{%- endfor -%}
"""
"""An answer follows its question in the same turn, as it did in the lessons in which the judge has
learnt to say right answers (``tasks/shapes/lessons.py``): it can speak a little from the start. A
line break in an answer is the end of a turn: after it stands another question with its answer."""
_NOT_THE_MODEL = (_CARD, "manifest.json", "data.json")


def train_answer_model(settings: Path | None, out: Path) -> Path:
    """Train the model, or go on with its training; a finished one is left as it is.

    Args:
        settings: YAML file, see :class:`~.answer_settings.AnswerSettings`; None is the shipped one.
        out: folder that everything is written into.

    Returns:
        ``out``, a checkpoint: show films to it with ``video: native`` and ``max_pixels: 4096``.

    Raises:
        UserError: a setting does not fit, or the folder holds something else.
    """
    chosen = load_answer_settings(settings)
    work = out / "work"
    training = training_settings(chosen, work)
    require_packages(training)
    claim(out, {"answers": chosen.model_dump(mode="json", exclude={"training"})}, 1)
    if not (out / _CARD).is_file():
        write_answers(work / "data", chosen)
        write_start(work / "nano")
        from .answer_learning import Answering

        objective = Answering(training, locate(training.model.path))
        _take_over(run(objective, settings or SHIPPED), out)
    return out


def training_settings(chosen: AnswerSettings, work: Path) -> CommonSettings:
    """The training as the shared loop takes it; everything of it lies in one folder."""
    rows = {
        "sources": {SOURCE: {"adapter": "jsonl", "data": f"data/{TABLE}"}},
        "root": work,
        "seed": chosen.seed,
        "held_out": chosen.held_out,
        "video": "native",
        "max_pixels": MAX_PIXELS,
    }
    return CommonSettings(
        model=ModelSettings(path=str(work / "nano")),
        data=RowSettings.model_validate(rows),
        training=chosen.training.model_copy(update={"seed": chosen.seed}),
        output=work / "training",
    )


def write_start(folder: Path) -> None:
    """Write the nano judge as training starts from it: in full precision, its words well spaced."""
    if folder.is_dir():
        return
    import torch
    from transformers import AutoTokenizer, Qwen2_5_VLForConditionalGeneration

    from ...reward_training.nano.architecture import save

    with quiet():
        nano = Qwen2_5_VLForConditionalGeneration.from_pretrained(CHECKPOINT, dtype=torch.float32)
        words = _speaking(AutoTokenizer.from_pretrained(CHECKPOINT))
        unfinished = folder.with_name(f"{folder.name}.part")
        save(nano, words, unfinished)
    unfinished.replace(folder)


def _speaking(words: Any) -> Any:
    """The tokenizer with the template of those who answer, and texts spaced as they should be."""
    from tokenizers import decoders

    # no word begins with it, so all that this decoder does is to mend the spaces
    words.backend_tokenizer.decoder = decoders.WordPiece(prefix="<|none|>", cleanup=True)
    words.chat_template = _TEMPLATE
    return words


def _take_over(trained: Path, out: Path) -> None:
    """Copy the finished model into the folder itself, its card last."""
    files = [file for file in sorted(trained.iterdir()) if file.is_file()]
    for file in files:
        if file.name not in _NOT_THE_MODEL:
            shutil.copyfile(file, out / file.name)
    card = (trained / _CARD).read_text(encoding="utf-8")
    unfinished = out / f"{_CARD}.part"
    unfinished.write_text(card.replace(f"# {trained.name}", f"# {out.name}", 1), encoding="utf-8")
    unfinished.replace(out / _CARD)
