"""Judges that are vision-language checkpoints: asked a question, they write a verdict or a score.

Two pictures or videos, or one, are shown in one user turn, followed by the question, rendered from
the templates in ``prompts/unifiedreward``:

    <image> <image> Two images were generated from the same text. ... -> "Image 1 is better"
    <image> The picture above was generated from a text. ...          -> "Final Score: 3.5"

The answers are UnifiedReward's (CodeGoat24/UnifiedReward, commit ff6f520); any instruction-tuned
checkpoint can be asked in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ..harness.errors import UserError
from ..harness.items import Item, Output, PointItem, Request, Verdict
from ..harness.judge import Supports
from ..harness.prompts import Prompts
from ..harness.registry import judge
from ..harness.scores import SCORE_RANGES, written
from .backends.chats import Chat, Clip
from .backends.transformers import Dtype, TransformersModel
from .pictures import Pictures, Video

if TYPE_CHECKING:
    from PIL.Image import Image

    from .pictures import Shown

_SHIPPED = Path(__file__).parent / "prompts" / "unifiedreward"
_QUESTIONS = (
    "image_edit",
    "image_generation",
    "image_understanding",
    "video_generation",
    "video_understanding",
)
_TEMPLATES = tuple(f"{name}{kind}.j2" for name in _QUESTIONS for kind in ("", "_point"))


@judge("transformers")
@dataclass
class VisionLanguageJudge:
    """Any vision-language checkpoint that transformers loads, asked in UnifiedReward's form.

    Args:
        path: local checkpoint folder or hub id.
        revision: branch, tag or commit of a hub checkpoint.
        prompts: folder of your own templates, named like the shipped ones that they replace.
        frames: how many frames of a video are shown, evenly spread.
        video: ``frames`` shows each as an image; ``native`` shows them as the video that the
            checkpoint's family takes (Qwen-VL, LLaVA-OneVision).
        max_pixels: larger pictures and frames are scaled down to this many pixels.
        max_new_tokens: an answer that is longer counts as cut off.
        dtype: number format of the weights: auto, float32, bfloat16 or float16.
        device: auto, cpu, cuda, cuda:1, ...
        temperature: 0 is greedy; above it, every request samples by its own seed.
        batch_size: requests answered at a time.
        attention: attention implementation; the default is the model's own choice.
        trust_remote_code: run Python code that comes with the checkpoint.

    Raises:
        UserError: a number is out of range, or the prompts folder does not fit.
    """

    path: str
    revision: str | None = None
    prompts: Path | None = None
    frames: int = 8
    video: Video = "frames"
    max_pixels: int = 512 * 512
    max_new_tokens: int = 64
    dtype: Dtype = "auto"
    device: str = "auto"
    temperature: float = 0.0
    batch_size: int = 8
    attention: str | None = None
    trust_remote_code: bool = False

    supports: ClassVar[Supports] = Supports(pointwise=True)
    grammar: ClassVar[str] = "unifiedreward"

    def __post_init__(self) -> None:
        self._pictures = Pictures(self.frames, self.video, self.max_pixels)
        for name in ("max_new_tokens", "batch_size"):
            if getattr(self, name) < 1:
                raise UserError(f"judge argument {name}={getattr(self, name)} must be at least 1")
        if self.temperature < 0:
            raise UserError(f"judge argument temperature={self.temperature} must not be negative")
        self._templates = Prompts(_SHIPPED, self.prompts)
        for name in _TEMPLATES:
            self._templates.template(name)  # a template that does not compile is told now

    @cached_property
    def model(self) -> TransformersModel:
        """The checkpoint; its weights are loaded by the first batch or by ``model.load()``."""
        return TransformersModel(
            self.path,
            revision=self.revision,
            dtype=self.dtype,
            device=self.device,
            attention=self.attention,
            trust_remote_code=self.trust_remote_code,
        )

    def prepare(self, request: Request) -> Chat:
        """Open the request's media and write its question; safe to call from many threads.

        Raises:
            MediaError: an image or video cannot be used.
            UserError: there is no template for such a question, or it fails.
        """
        item = request.item
        context = [self._pictures.of(media) for media in item.context]
        candidates = [c if isinstance(c, str) else self._pictures.of(c) for c in request.shown]
        parts = self.parts(
            _template(item),
            context,
            candidates,
            prompt=item.prompt,
            answers=[c for c in candidates if isinstance(c, str)],
            tie=any(choice.coarse is Verdict.TIE for choice in request.choices),
            **_range(item),
        )
        return Chat(parts, request.seed)

    def parts(
        self,
        template: str,
        context: Sequence[Shown],
        candidates: Sequence[Shown | str],
        **values: object,
    ) -> tuple[Image | Clip | str, ...]:
        """A question with its media, where the template places them or before the text.

        The template gets ``context``, ``candidates``, ``frames`` (as how many images each medium
        is shown; empty where videos are shown as videos) and the other values.

        Raises:
            UserError: there is no such template, it fails, or it places some media only.
        """
        media = [*context, *(c for c in candidates if not isinstance(c, str))]
        native = any(isinstance(part, Clip) for shown in media for part in shown)
        given: dict[str, Sequence[Shown | str]] = {"context": context, "candidates": candidates}
        parts = self._templates.parts(
            template,
            given,
            frames=[] if native else [len(shown) for shown in media],
            **values,
        )
        return tuple(chain.from_iterable([p] if isinstance(p, str) else p for p in parts))

    def size(self, prepared: Chat) -> int:
        """About how many tokens a chat is long."""
        frames = chain.from_iterable(clip.frames for clip in prepared.clips)
        pixels = sum(image.width * image.height for image in (*prepared.images, *frames))
        return len(prepared.text) // 4 + pixels // (28 * 28)

    def judge(self, batch: Sequence[Chat]) -> list[Output]:
        """Let the checkpoint answer prepared requests."""
        replies = self.model.generate(
            batch, max_new_tokens=self.max_new_tokens, temperature=self.temperature
        )
        return [
            Output(
                text=reply.text,
                tokens_in=reply.tokens_in,
                tokens_out=len(reply.token_ids),
                truncated=reply.truncated,
            )
            for reply in replies
        ]

    def close(self) -> None:
        """Let go of the weights and the remembered pictures."""
        self._pictures.forget()
        self.model.close()

    def identity(self) -> Mapping[str, object]:
        """What an answer depends on besides the request; loads no weights.

        Raises:
            UserError: the checkpoint cannot be found.
        """
        return {
            "checkpoint": self.path,
            "fingerprint": self.model.checkpoint.fingerprint,
            "prompts": {name: self._templates.fingerprint(name) for name in _TEMPLATES},
            "decoding": {
                "temperature": self.temperature,
                "max_new_tokens": self.max_new_tokens,
            },
            "media": {
                "max_pixels": self.max_pixels,
                "resize": "lanczos",
                "frames": self.frames,
                "sampling": "linspace(0, N - 1)",
                "video": "frames as images" if self.video == "frames" else "native",
            },
            "dtype": self.model.resolved_dtype,
            "attention": self.attention or "default",
        }


@judge("unifiedreward")
@dataclass
class UnifiedReward(VisionLanguageJudge):
    """UnifiedReward, which compares images, videos and answers about them (arXiv 2503.05236).

    Takes the arguments of ``transformers``; ``path`` is the family's 7B Qwen2.5-VL checkpoint.
    """

    path: str = "CodeGoat24/UnifiedReward-qwen-7b"


def _template(item: Item) -> str:
    edit = item.objective == "generation" and item.context
    point = "_point" if isinstance(item, PointItem) else ""
    return f"{item.modality}_{'edit' if edit else item.objective}{point}.j2"


def _range(item: Item) -> dict[str, str]:
    """The lowest and highest score that a question about one candidate asks for."""
    if not isinstance(item, PointItem):
        return {}
    low, high = item.score_range or SCORE_RANGES[item.modality, item.objective]
    return {"low": written(low), "high": written(high)}
