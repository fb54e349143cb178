"""Vision-language checkpoints under test: they answer questions about pictures and videos."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ...harness.errors import UserError
from ...harness.items import LETTERS, Output, QuestionItem, Request
from ...harness.model import Takes
from ...harness.registry import model
from ..backends.backend import Backend, Choice
from ..deciding import probabilities, untold
from ..engine import BackendName, Engine
from ..pictures import MAX_PIXELS, Pictures, Video
from ..replies import asked_freely, failed, written

if TYPE_CHECKING:
    from ...harness.plan import Plan, Survey

_FRAMES = 8
"""Frames of a video, where neither the task nor the user says."""
_LETTER_TOKENS, _TEXT_TOKENS = 32, 512
"""Longest answers to questions with and without options, unless the user says otherwise."""
_PIXELS_A_TOKEN = 28 * 28


@dataclass(frozen=True, slots=True)
class Prepared:
    """A chat as the backend takes it, and the letters that answer it, if any."""

    chat: Any
    letters: str


@model("transformers")
@dataclass
class ChatModel(Engine):
    """Any vision-language checkpoint, from the hub or a folder.

    Args:
        path: local checkpoint folder or hub id; the name of the model if a server runs it.
        revision: branch, tag or commit of a hub checkpoint.
        frames: how many frames of a video are shown, evenly spread; the task says where you do not.
        video: ``frames`` shows each as an image; ``native`` shows them as the video that the
            checkpoint's family takes (Qwen-VL, LLaVA-OneVision).
        max_pixels: larger pictures and frames are scaled down to this many pixels.
        max_new_tokens: an answer that is longer is cut off; 32 where a question has options, 512
            where it has none.
        temperature: 0 is greedy; above it, every request samples by its own seed.
        decode: ``generate`` lets the checkpoint write; ``choose`` takes the letter of the option
            that is likeliest to be written first, and writes nothing.

    Raises:
        UserError: a number is out of range, or arguments contradict.
    """

    path: str
    revision: str | None = None
    frames: int | None = None
    video: Video = "frames"
    max_pixels: int = MAX_PIXELS
    max_new_tokens: int | None = None
    temperature: float = 0.0
    decode: Literal["generate", "choose"] = "generate"

    engine: ClassVar[str] = "any"
    supports: Takes = field(init=False, default=Takes())

    def __post_init__(self) -> None:
        self.batch_size = self.usual_batch if self.batch_size is None else self.batch_size
        for name in ("batch_size", "frames", "max_pixels", "max_new_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"model argument {name}={value} must be at least 1")
        if self.temperature < 0:
            raise UserError(f"model argument temperature={self.temperature} must not be negative")
        if self.decode == "choose" and self.temperature:
            raise UserError("model argument decode=choose needs temperature=0")
        self._shown: dict[int, Pictures] = {}
        self._most_media, self._most_frames = 1, self.frames or _FRAMES

    def expect(self, plan: Plan) -> None:
        """Take note of how much a question shows.

        Raises:
            UserError: ``decode=choose`` for questions without options.
        """
        for _, item in plan.items():
            self._most_media = max(self._most_media, len(item.media))
            if isinstance(item, QuestionItem):
                self._most_frames = max(self._most_frames, self._frames(item))
                if self.decode == "choose" and not item.options:
                    raise UserError(
                        f"model argument decode=choose: the questions of {plan.task.name} have no"
                        " options to choose from; leave it out"
                    )

    def noted(self) -> Mapping[str, int]:
        """What :meth:`expect` took note of, for replicas in other processes."""
        return {"media": self._most_media, "frames": self._most_frames}

    def note(self, noted: Mapping[str, int]) -> None:
        """Take note of the same."""
        self._most_media, self._most_frames = noted["media"], noted["frames"]

    @cached_property
    def model(self) -> Backend:
        """What runs the checkpoint; its weights are loaded by the first batch."""
        most = self._most_media * (self._most_frames if self.video == "frames" else 1)
        with _as_model():
            return self.connect(self.path, self.revision, most)

    def _frames(self, item: QuestionItem) -> int:
        return self.frames or item.frames or _FRAMES

    def _pictures(self, frames: int) -> Pictures:
        return self._shown.setdefault(frames, Pictures(frames, self.video, self.max_pixels))

    def prepare(self, request: Request) -> Prepared:
        """The question with its media as the backend takes it; safe to call from many threads.

        Raises:
            MediaError: an image or video cannot be used.
        """
        item = request.item
        assert isinstance(item, QuestionItem)
        chat = asked_freely(request, self._pictures(self._frames(item)))
        return Prepared(self.model.prepare(chat), LETTERS[: len(item.options)])

    def size(self, prepared: Prepared) -> int:
        """About how many tokens the chat is long."""
        return self.model.size(prepared.chat)

    def respond(self, batch: Sequence[Prepared]) -> list[Output]:
        """Let the checkpoint answer prepared questions."""
        chats = [prepared.chat for prepared in batch]
        letters = [list(prepared.letters) for prepared in batch]
        if self.decode == "choose":
            choices = self.model.choose(chats, letters)
            return [_chosen(*pair) for pair in zip(letters, choices, strict=True)]
        usual = _LETTER_TOKENS if all(letters) else _TEXT_TOKENS
        replies = self.model.generate(
            chats, max_new_tokens=self.max_new_tokens or usual, temperature=self.temperature
        )
        return [written(reply) for reply in replies]

    def estimate(self, survey: Survey) -> tuple[float | None, float]:
        """Seconds (unknown) and dollars that a plan will cost, by the prices given."""
        films = any(ask.modality != "image" for ask in survey.asks)
        pixels = survey.media * (self._most_frames if films else 1) * self.max_pixels
        tokens = survey.text_tokens + pixels / _PIXELS_A_TOKEN
        answers = survey.requests * (self.max_new_tokens or _TEXT_TOKENS)
        dollars = tokens * (self.price_in or 0) + answers * (self.price_out or 0)
        return None, dollars / 1e6

    def spent(self) -> Mapping[str, object]:
        """What a paid backend has used so far."""
        spent = getattr(self.model, "spent", None)
        return dict(spent()) if spent else {}

    def close(self) -> None:
        """Let go of the weights and the remembered pictures."""
        for pictures in self._shown.values():
            pictures.forget()
        self.model.close()

    def identity(self) -> Mapping[str, object]:
        """What an answer depends on besides the question; loads no weights.

        Raises:
            UserError: the checkpoint cannot be found.
        """
        media = Pictures(self.frames or _FRAMES, self.video, self.max_pixels).identity()
        decoding: dict[str, object] = {"decode": self.decode}
        if self.decode == "generate":
            tokens = self.max_new_tokens or [_LETTER_TOKENS, _TEXT_TOKENS]
            decoding |= {"temperature": self.temperature, "max_new_tokens": tokens}
        return {
            **self.model.identity(),
            "decoding": decoding,
            "media": {**media, "frames": self.frames or "as the task says"},
        }


@contextmanager
def _as_model() -> Iterator[None]:
    try:
        yield
    except UserError as error:
        raise UserError(str(error).replace("judge argument", "model argument")) from None


def _chosen(letters: Sequence[str], choice: Choice) -> Output:
    if (reason := untold(choice)) is not None:
        return failed(reason)
    likely = dict(zip(letters, probabilities(choice, "branch"), strict=True))
    logprobs = {letter: round(math.log(max(p, 1e-12)), 6) for letter, p in likely.items()}
    best = max(likely, key=lambda letter: likely[letter])
    return Output(text=best, logprobs=logprobs, tokens_in=choice.tokens_in, tokens_out=0)


@model("vllm")
@dataclass(kw_only=True)
class VLLMChatModel(ChatModel):
    """Any vision-language checkpoint that vLLM serves, in this process.

    Takes the arguments of ``transformers``.
    """

    backend: BackendName = "vllm"


@model("openai")
@dataclass(kw_only=True)
class ServedChatModel(ChatModel):
    """A model behind an OpenAI-compatible server (vLLM, SGLang, hosted); ``url=`` and ``path=``.

    Takes the arguments of ``transformers``; ``path`` is the server's name for the model.
    """

    backend: BackendName = "openai"
