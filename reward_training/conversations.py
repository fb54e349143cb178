"""Preferences as conversations: the judge's own question, and the answer to be learnt.

A row is what TRL's ``SFTTrainer`` takes for vision-language models; its loss falls on the
completion alone::

    {"images": [<first>, <second>],
     "prompt": [{"role": "user", "content": "Two images were generated ..."}],
     "completion": [{"role": "assistant", "content": "Image 1 is better"}]}

Images go before the text, as TRL and the judge both put them. Questions about pairs, and the
pictures of all questions, are prepared by the judge itself, so that training and use agree.
Questions about one candidate are this folder's ``prompts``, answered ``Final Score: 3.5``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from ..harness.errors import UserError
from ..harness.items import THREE_WAY, TWO_WAY, Candidate, Media, PairItem, Request, Verdict
from ..harness.prompts import Prompts
from ..harness.seeds import seed_for
from ..judges.vlm import VisionLanguageJudge
from .preferences import Preference

if TYPE_CHECKING:
    from PIL.Image import Image

_POINTWISE = Path(__file__).parent / "prompts"
_NOUNS = {"image": "Image", "video": "Video"}


class Message(TypedDict):
    """One turn of a conversation."""

    role: str
    content: str


class Row(TypedDict):
    """One conversation to learn from."""

    images: list[Image]
    prompt: list[Message]
    completion: list[Message]


class Conversations:
    """Makes conversations of preferences.

    Args:
        frames: how many frames of a video are shown; give the judge the same.
        max_pixels: larger pictures are scaled down to this many pixels; give the judge the same.
        prompts: folder of templates that replace the judge's own, as for the judge.
        point_prompts: folder of templates that replace those of this package.
        rationale: put the rationale, where there is one, before the answer, between ``<think>``
            and ``</think>``; the judge then needs room for it (``max_new_tokens``).
        two_way: share of pairs without a tie whose question offers no tie, because some benchmarks
            ask so. Which pairs is decided by each one's own seed.
        seed: seeds ``two_way``.

    Raises:
        UserError: a number is out of range, or a folder of templates does not fit.
    """

    def __init__(
        self,
        *,
        frames: int = VisionLanguageJudge.frames,
        max_pixels: int = VisionLanguageJudge.max_pixels,
        prompts: Path | None = None,
        point_prompts: Path | None = None,
        rationale: bool = False,
        two_way: float = 0.25,
        seed: int = 0,
    ) -> None:
        if not 0 <= two_way <= 1:
            raise UserError(f"two_way={two_way} must be a share from 0 to 1")
        # its weights are never loaded, so it needs no checkpoint
        self._judge = VisionLanguageJudge(
            path="", frames=frames, max_pixels=max_pixels, prompts=prompts
        )
        self._pointwise = Prompts(_POINTWISE, point_prompts)
        self.rationale, self.two_way, self.seed = rationale, two_way, seed

    def row(self, preference: Preference) -> Row:
        """The conversation of one preference; opens its media.

        Raises:
            MediaError: an image or video cannot be used.
            UserError: a template fails.
        """
        ask = self._pair if preference.kind == "pair" else self._point
        images, question = ask(preference)
        return Row(
            images=images,
            prompt=[Message(role="user", content=question)],
            completion=[Message(role="assistant", content=self.completion(preference))],
        )

    def completion(self, preference: Preference) -> str:
        """What the model learns to write."""
        said = answer(preference)
        if not self.rationale or preference.rationale is None:
            return said
        return f"<think>\n{preference.rationale.strip()}\n</think>\n{said}"

    def offers_tie(self, pair: Preference) -> bool:
        """Whether the question about a pair lets the answer be a tie."""
        assert pair.verdict is not None
        if pair.verdict.coarse is Verdict.TIE:
            return True
        drawn = seed_for(self.seed, "two way", pair.source, pair.id)
        return drawn >= self.two_way * (1 << 63)

    def _pair(self, preference: Preference) -> tuple[list[Image], str]:
        first, second = preference.candidates
        assert preference.verdict is not None
        asked = self._judge.prepare(
            _request(preference, preference.context, (first, second), self.offers_tie(preference))
        )
        return list(asked.images), asked.text

    def _point(self, preference: Preference) -> tuple[list[Image], str]:
        from jinja2 import TemplateError

        assert preference.score_range is not None
        pictures = [self._pictures(preference, media) for media in preference.media]
        (candidate,) = preference.candidates
        name = f"{preference.modality}_{preference.objective}.j2"
        low, high = preference.score_range
        try:
            question = self._pointwise.template(name).render(
                prompt=preference.prompt,
                answer=candidate if isinstance(candidate, str) else "",
                frames=[len(shown) for shown in pictures],
                low=written(low),
                high=written(high),
            )
        except TemplateError as error:
            raise UserError(f"prompt template '{name}': {error.message}") from None
        return [picture for shown in pictures for picture in shown], question

    def _pictures(self, preference: Preference, media: Media) -> list[Image]:
        """One medium as the judge shows it; the judge opens pictures only for a whole request."""
        return list(self._judge.prepare(_request(preference, (media,), ("", ""), True)).images)


def answer(preference: Preference) -> str:
    """The literal answer: ``Image 1 is better``, ``Both videos are equally good``, a score, ..."""
    if preference.verdict is None:
        assert preference.score is not None
        return f"Final Score: {written(preference.score)}"
    noun = "Answer" if preference.objective == "understanding" else _NOUNS[preference.modality]
    match preference.verdict.coarse:
        case Verdict.FIRST:
            return f"{noun} 1 is better"
        case Verdict.SECOND:
            return f"{noun} 2 is better"
        case _:
            return f"Both {noun.lower()}s are equally good"


def written(score: float) -> str:
    """A score as it is written: one decimal at most, whole numbers without a point.

    >>> written(3.6666), written(4.0), written(85)
    ('3.7', '4', '85')
    """
    text = f"{score:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _request(
    preference: Preference,
    context: tuple[Media, ...],
    candidates: tuple[Candidate, Candidate],
    tie: bool,
) -> Request:
    texts = isinstance(candidates[0], str)
    item = PairItem(
        id=preference.id,
        modality=preference.modality,
        objective="understanding" if texts else "generation",
        prompt=preference.prompt,
        candidates=candidates,
        label=Verdict.TIE,  # the judge does not look at it
        context=context,
    )
    return Request("training", item, "ab", 0, 0, THREE_WAY if tie else TWO_WAY)
