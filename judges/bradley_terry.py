"""A judge that scores: a vision-language checkpoint with a scalar head.

One candidate is shown at a time, and its score is a linear function of the hidden state at the last
token. Scores are made so that the difference of two is the log-odds that people prefer the first
(Bradley and Terry, Rank analysis of incomplete block designs, Biometrika 39, 1952)::

    P(a is better than b) = sigmoid(score(a) - score(b))

``unieval train-reward`` with ``objective: bradley_terry`` makes such checkpoints: the backbone as
``from_pretrained`` reads it, and ``score_head.safetensors`` beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from ..harness.errors import UserError
from ..harness.items import Media, PointItem
from ..harness.judge import Supports
from ..harness.registry import judge
from .backends.chats import Chat, model_inputs, placed
from .backends.transformers import Dtype, TransformersModel
from .pictures import Pictures, Video

HEAD = "score_head.safetensors"
_WEIGHT = "weight"
_THREADS = 4


@judge("bradley-terry")
@dataclass
class BradleyTerryJudge:
    """A checkpoint with a scalar head, trained on pairs by ``unieval train-reward``.

    Args:
        path: folder of the checkpoint.
        frames: how many frames of a video are shown, evenly spread.
        video: whether they are shown as images (``frames``) or as a video (``native``).
        max_pixels: larger pictures and frames are scaled down to this many pixels.
        dtype: number format of the weights: auto, float32, bfloat16 or float16.
        device: auto, cpu, cuda, cuda:1, ...
        batch_size: candidates scored at a time.
        attention: attention implementation; the default is the model's own choice.
        trust_remote_code: run Python code that comes with the checkpoint.

    Raises:
        UserError: a number is out of range.
    """

    path: str
    frames: int = 8
    video: Video = "frames"
    max_pixels: int = 512 * 512
    dtype: Dtype = "auto"
    device: str = "auto"
    batch_size: int = 8
    attention: str | None = None
    trust_remote_code: bool = False

    engine: ClassVar[str] = "transformers"
    supports: ClassVar[Supports] = Supports(order_free=True)

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise UserError(f"judge argument batch_size={self.batch_size} must be at least 1")
        self._pictures = Pictures(self.frames, self.video, self.max_pixels)

    @cached_property
    def model(self) -> TransformersModel:
        """The backbone; its weights are loaded by the first batch."""
        return TransformersModel(
            self.path,
            dtype=self.dtype,
            device=self.device,
            attention=self.attention,
            trust_remote_code=self.trust_remote_code,
        )

    @cached_property
    def head(self) -> Any:
        """The head's weights.

        Raises:
            UserError: the checkpoint has none.
        """
        return load_head(Path(self.model.checkpoint.source))

    def chat(self, item: PointItem) -> Chat:
        """What the checkpoint is shown of a candidate; opens its media.

        Raises:
            MediaError: an image or video cannot be used.
        """
        shown = item.candidate if isinstance(item.candidate, Media) else None
        media = (*item.context, *(() if shown is None else (shown,)))
        pictures = chain.from_iterable(self._pictures.of(medium) for medium in media)
        return Chat((*pictures, question(item)))

    def score(self, batch: Sequence[PointItem]) -> list[float]:
        """Score candidates, the higher the better."""
        import torch

        found: list[float] = []
        loaded = self.model.load()
        for start in range(0, len(batch), self.batch_size):
            with ThreadPoolExecutor(_THREADS) as pool:
                chats = list(pool.map(self.chat, batch[start : start + self.batch_size]))
            inputs = model_inputs(loaded.processor, chats)
            with torch.inference_mode():
                shown = placed(inputs, loaded.model)
                found += scores(loaded.model, self.head, shown).tolist()
        return found

    def identity(self) -> Mapping[str, object]:
        """What a score depends on; loads no weights.

        Raises:
            UserError: the checkpoint cannot be found, or has no head.
        """
        checkpoint = self.model.checkpoint
        if not (Path(checkpoint.source) / HEAD).is_file():
            raise _no_head(checkpoint.source)
        return {
            "checkpoint": self.path,
            "fingerprint": checkpoint.fingerprint,
            "question": blake2b("".join(_QUESTIONS.values()).encode(), digest_size=8).hexdigest(),
            "media": self._pictures.identity(),
            "dtype": self.model.resolved_dtype,
            "attention": self.attention or "default",
        }

    def close(self) -> None:
        """Let go of the weights and the remembered pictures."""
        self.model.close()
        self._pictures.forget()


_QUESTIONS = {
    "generation": "How well does this {modality} show the text, and how good is it?\n"
    "Text: {prompt}",
    "edit": "The first image was edited into the second as the text asks. How well does the second"
    " follow the text and keep the rest, and how good is it?\nText: {prompt}",
    "understanding": "How good is the answer to the question about the {modality}?\n"
    "Question: {prompt}\nAnswer: {answer}",
}


def question(item: PointItem) -> str:
    """The text that goes with a candidate's media."""
    kind = "edit" if item.objective == "generation" and item.context else item.objective
    answer = item.candidate if isinstance(item.candidate, str) else ""
    return _QUESTIONS[kind].format(modality=item.modality, prompt=item.prompt, answer=answer)


def scores(backbone: Any, head: Any, inputs: Mapping[str, Any]) -> Any:
    """One score a row: the head applied to the hidden state at the last token.

    Args:
        backbone: the checkpoint's model, with or without adapters.
        head: the head's weights, one a hidden unit.
        inputs: what its processor returns.
    """
    import torch

    whole = getattr(backbone, "get_base_model", lambda: backbone)()
    hidden = whole.base_model(**inputs, use_cache=False).last_hidden_state
    mask = inputs["attention_mask"]
    places = torch.arange(mask.shape[1], device=mask.device)
    last = (mask * places).argmax(dim=1)  # wherever the padding is
    rows = torch.arange(len(last), device=last.device)
    return hidden[rows, last].float() @ head.to(hidden.device)


def load_head(folder: Path) -> Any:
    """The head's weights from a checkpoint's folder.

    Raises:
        UserError: there are none, or the file is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    file = folder / HEAD
    if not file.is_file():
        raise _no_head(str(folder))
    try:
        return load_file(file)[_WEIGHT]
    except (SafetensorError, KeyError) as error:
        raise UserError(f"{file} is no score head: {error}") from None


def save_head(head: Any, folder: Path) -> None:
    """Write the head's weights into a checkpoint's folder."""
    from safetensors.torch import save_file

    save_file({_WEIGHT: head.detach().float().cpu().contiguous()}, folder / HEAD)


def _no_head(folder: str) -> UserError:
    return UserError(
        f"{folder} has no {HEAD}; train it with `objective: bradley_terry`, or use"
        " --judge transformers for a checkpoint that writes its verdict"
    )
