"""Judges that are vision-language checkpoints: asked a question, they give a verdict or a score.

Two pictures or videos, or one, are shown in one user turn, followed by the question:

    <image> <image> Two images were generated from the same text. ... -> "Image 1 is better"
    <image> The picture above was generated from a text. ...          -> "Final Score: 3.5"

Which question, and how its answer is read, is the checkpoint family's (``unifiedreward/presets``);
any instruction-tuned checkpoint can be asked in the same way. What runs the checkpoint is a backend
(``engine``). A verdict is generated and read, or taken from the answers' probabilities
(``deciding``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..harness.errors import UserError, not_found
from ..harness.items import SCORE, Candidate, GradeItem, Item, Output, PointItem, Request, Verdict
from ..harness.judge import Supports
from ..harness.registry import judge
from .answers import score_answers, verdict_answers
from .asking import Asking
from .backends.backend import Backend, Choice
from .backends.chats import Chat, TemplateArguments
from .deciding import Normalise, decided, expected, untold
from .engine import BackendName, Engine
from .pictures import MAX_PIXELS, Pictures, Video
from .replies import asked_freely, failed, written
from .unifiedreward.presets import ANY, Questions

if TYPE_CHECKING:
    from ..harness.plan import Plan, Survey

_QUESTION_TOKENS = 200
"""About how long a question is without its item."""
_PIXELS_A_TOKEN = 28 * 28
_GRADE_TOKENS = 512
"""How long a grade of a model's answer may be, unless the user says otherwise."""
_MOST_MEDIA = 3
"""The source of an edit, and two candidates; answers that mix texts and images may have more."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Chats as the backend takes them, and what each answer that they allow means.

    One chat, or one for each candidate of a pair whose candidates are scored. ``grade``: it asks
    for a grade, which is always written.
    """

    chats: tuple[Any, ...]
    answers: Mapping[str, Verdict | float]
    grade: bool = False


@judge("transformers")
@dataclass
class VisionLanguageJudge(Engine):
    """Any vision-language checkpoint, asked in UnifiedReward's form.

    Args:
        path: local checkpoint folder or hub id; the name of the model if a server runs it.
        revision: branch, tag or commit of a hub checkpoint.
        questions: which of the checkpoint's ways of being asked; the first is usual.
        prompts: folder of your own templates, named like the shipped ones that they replace.
        frames: how many frames of a video are shown, evenly spread.
        video: ``frames`` shows each as an image; ``native`` shows them as the video that the
            checkpoint's family takes (Qwen-VL, LLaVA-OneVision).
        max_pixels: larger pictures and frames are scaled down to this many pixels.
        max_new_tokens: an answer that is longer counts as cut off; of grades, 512 unless given.
        temperature: 0 is greedy; above it, every request samples by its own seed.
        decode: ``generate`` lets the checkpoint write; ``choose`` compares the probabilities of
            the answers that the question allows; ``auto`` chooses where the checkpoint answers at
            once, with shipped prompts, at temperature 0, and with a backend that always can.
        normalise: how ``choose`` makes probabilities: ``branch`` or ``length``.
        pairs: ``verdicts`` compares a pair in one question; ``scores`` asks for the score of each
            candidate, once for both orders (with ``choose``); ``auto`` is what suits the judge.
        tie: ``choose`` says that a pair is a tie if that is likelier than this; the default is
            if it is the likeliest answer.

    Raises:
        UserError: a number is out of range, arguments contradict, or the prompts do not fit.
    """

    path: str
    revision: str | None = None
    questions: str | None = None
    prompts: Path | None = None
    frames: int | None = None
    video: Video = "frames"
    max_pixels: int = MAX_PIXELS
    max_new_tokens: int | None = None
    temperature: float = 0.0
    decode: Literal["auto", "choose", "generate"] = "auto"
    normalise: Normalise = "branch"
    pairs: Literal["auto", "verdicts", "scores"] = "auto"
    tie: float | None = None

    ways: ClassVar[tuple[Questions, ...]] = (ANY,)
    engine: ClassVar[str] = "any"
    template_arguments: ClassVar[TemplateArguments] = ()
    usual_pairs: ClassVar[Literal["verdicts", "scores"]] = "verdicts"
    supports: Supports = field(init=False, default=ANY.supports)
    grammar: str = field(init=False, default=ANY.grammar)

    def __post_init__(self) -> None:
        way = self._asked = self._way()
        self.supports, self.grammar = way.supports, way.grammar
        self._grade_tokens = self.max_new_tokens or _GRADE_TOKENS
        self._most_media = _MOST_MEDIA
        alone = way.point_frames if self.frames is None else None
        self.frames = way.frames if self.frames is None else self.frames
        self.batch_size = self.usual_batch if self.batch_size is None else self.batch_size
        self.max_new_tokens = (
            way.max_new_tokens if self.max_new_tokens is None else self.max_new_tokens
        )
        for name in ("max_new_tokens", "batch_size"):
            if getattr(self, name) < 1:
                raise UserError(f"judge argument {name}={getattr(self, name)} must be at least 1")
        if self.temperature < 0:
            raise UserError(f"judge argument temperature={self.temperature} must not be negative")
        if self.tie is not None and not 0 <= self.tie <= 1:
            raise UserError(f"judge argument tie={self.tie} must be a probability, 0 to 1")
        if self.decode == "choose" and (not way.immediate or self.temperature > 0):
            cure = "temperature=0" if way.immediate else f"questions other than {way.name}"
            raise UserError(f"judge argument decode=choose needs {cure}; or say decode=generate")
        if self.pairs == "auto":
            self.pairs = self.usual_pairs if self.chooses else "verdicts"
        if self.pairs == "scores":
            if not (self.chooses and way.pointwise):
                raise UserError(
                    "judge argument pairs=scores needs questions about one candidate and"
                    f" decode=choose, which questions={way.name} does not have here"
                )
            self.supports = replace(self.supports, pairwise=True, order_free=True)
        self._pictures = Pictures(self.frames, self.video, self.max_pixels)
        self._single = Pictures(alone, self.video, self.max_pixels) if alone else self._pictures
        self._asking = Asking(way, self._pictures, self._single, self.prompts)

    def _way(self) -> Questions:
        ways = {way.name: way for way in self.ways}
        if self.questions is None:
            return self.ways[0]
        if self.questions not in ways:
            raise not_found("way of asking (judge argument questions=)", self.questions, ways)
        return ways[self.questions]

    @classmethod
    def asked(cls) -> Mapping[str, str]:
        """Each question as it is sent for a made-up item, under the way of asking and its kind."""
        found = {}
        for way in cls.ways:
            alone = Pictures(way.point_frames or way.frames, "frames", cls.max_pixels)
            pictures = Pictures(way.frames, "frames", cls.max_pixels)
            for template, text in Asking(way, pictures, alone).samples().items():
                found[f"questions={way.name}, {template}"] = text
        return found

    @property
    def chooses(self) -> bool:
        """Whether verdicts are taken from the answers' probabilities."""
        if self.decode != "auto":
            return self.decode == "choose"
        plain = self._asked.immediate and self.prompts is None and self.temperature == 0
        return plain and self.backend != "openai"

    @cached_property
    def model(self) -> Backend:
        """What runs the checkpoint; its weights are loaded by the first batch."""
        shown = max(self._pictures.frames, self._single.frames) if self.video == "frames" else 1
        most = self._most_media * shown
        return self.connect(self.path, self.revision, most, self.template_arguments)

    def expect(self, plan: Plan) -> None:
        """Take note of how many media answers that mix texts and media show.

        Raises:
            UserError: there is no question about the plan's first item.
        """
        for number, (_, item) in enumerate(plan.items()):
            if number == 0:
                for one in self._asked_about(item, item.candidates):
                    self._asking.expect(one)
                if plan.task.objective not in (None, "interleaved"):
                    return
            self._most_media = max(self._most_media, len(item.media))

    def noted(self) -> Mapping[str, int]:
        """What :meth:`expect` took note of, for replicas in other processes."""
        return {"media": self._most_media}

    def note(self, noted: Mapping[str, int]) -> None:
        """Take note of the same."""
        self._most_media = noted["media"]

    def chat(self, request: Request) -> Chat:
        """The request's question with its media; safe to call from many threads.

        Raises:
            MediaError: an image or video cannot be used.
            UserError: there is no template for such a question, or it fails.
        """
        return self._asking.chat(request)

    def answers(self, request: Request) -> Mapping[str, Verdict | float]:
        """The answers that a request's question allows, and what each means."""
        if isinstance(request.item, PointItem):
            return score_answers(request.item)
        return verdict_answers(request)

    def prepare(self, request: Request) -> Prepared:
        """The request's chats as the backend takes them; raises as :meth:`chat`."""
        if isinstance(request.item, GradeItem):
            return Prepared((self.model.prepare(asked_freely(request, self._pictures)),), {}, True)
        asked = [
            replace(request, item=item, order="ab", choices=SCORE)
            if item is not request.item
            else request
            for item in self._asked_about(request.item, request.shown)
        ]
        answers = self.answers(asked[0]) if self.chooses else {}
        return Prepared(tuple(self.model.prepare(self.chat(one)) for one in asked), answers)

    def _asked_about(self, item: Item, shown: Sequence[Candidate]) -> Sequence[Item]:
        """The item itself, or each candidate of a pair alone."""
        if self.pairs == "verdicts" or isinstance(item, PointItem):
            return (item,)
        about = (item.id, item.modality, item.objective, item.prompt)
        return [PointItem(*about, candidate, item.context) for candidate in shown]

    def size(self, prepared: Prepared) -> int:
        """About how many tokens the chats are long."""
        return sum(map(self.model.size, prepared.chats))

    def judge(self, batch: Sequence[Prepared]) -> list[Output]:
        """Let the checkpoint answer prepared requests."""
        chats = [chat for prepared in batch for chat in prepared.chats]
        if not self.chooses or batch[0].grade:
            tokens = self._grade_tokens if batch[0].grade else self.max_new_tokens
            assert tokens is not None
            replies = self.model.generate(
                chats, max_new_tokens=tokens, temperature=self.temperature
            )
            return [written(reply) for reply in replies]
        answers = [list(prepared.answers) for prepared in batch for _ in prepared.chats]
        choices = iter(self.model.choose(chats, answers, whole=self.normalise == "length"))
        return [
            self._chosen(prepared, list(islice(choices, len(prepared.chats)))) for prepared in batch
        ]

    def _chosen(self, prepared: Prepared, choices: Sequence[Choice]) -> Output:
        for choice in choices:
            if (reason := untold(choice)) is not None:
                return failed(reason)
        if len(choices) == 1:
            return decided(prepared.answers, choices[0], self.normalise, self.tie)
        return Output(
            scores=tuple(expected(prepared.answers, c, self.normalise) for c in choices),
            tokens_in=sum(choice.tokens_in or 0 for choice in choices),
            tokens_out=0,
        )

    def estimate(self, survey: Survey) -> tuple[float | None, float]:
        """Seconds (unknown) and dollars that a plan will cost, by the prices given."""
        shown = max(1, self.frames or 1) if any(a.modality != "image" for a in survey.asks) else 1
        pixels = survey.media * shown * self.max_pixels
        tokens = survey.text_tokens + survey.requests * _QUESTION_TOKENS + pixels / _PIXELS_A_TOKEN
        written = survey.requests * (self.max_new_tokens or 0)
        dollars = tokens * (self.price_in or 0) + written * (self.price_out or 0)
        return None, dollars / 1e6

    def spent(self) -> Mapping[str, object]:
        """What a paid backend has used so far."""
        spent = getattr(self.model, "spent", None)
        return dict(spent()) if spent else {}

    def close(self) -> None:
        """Let go of the weights and the remembered pictures."""
        self._pictures.forget()
        self._single.forget()
        self.model.close()

    def identity(self) -> Mapping[str, object]:
        """What an answer depends on besides the request; loads no weights.

        Raises:
            UserError: the checkpoint cannot be found.
        """
        decoding: dict[str, object] = {
            "decode": "choose",
            "normalise": self.normalise,
            "tie": "likeliest" if self.tie is None else self.tie,
            "pairs": self.pairs,
        }
        if not self.chooses:
            decoding = {
                "decode": "generate",
                "temperature": self.temperature,
                "max_new_tokens": self.max_new_tokens,
            }
        return {
            **self.model.identity(),
            **({"template": dict(self.template_arguments)} if self.template_arguments else {}),
            "questions": self._asked.name,
            "prompts": self._asking.fingerprints(),
            "decoding": decoding,
            "media": self._pictures.identity(),
            **({"single": self._single.identity()} if self._single is not self._pictures else {}),
        }


@judge("vllm")
@dataclass(kw_only=True)
class VLLMJudge(VisionLanguageJudge):
    """Any vision-language checkpoint that vLLM serves, in this process.

    Takes the arguments of ``transformers``.
    """

    backend: BackendName = "vllm"


@judge("openai")
@dataclass(kw_only=True)
class ServerJudge(VisionLanguageJudge):
    """A model behind an OpenAI-compatible server (vLLM, SGLang, hosted); ``url=`` and ``path=``.

    Takes the arguments of ``transformers``; ``path`` is the server's name for the model.
    """

    backend: BackendName = "openai"
