"""A request as a chat: its media opened and placed, its question written from a template.

Two pictures or videos, or one, are shown in one user turn, with the question that a template in
``prompts/<folder>`` makes of the item; a template's name tells what it asks about:

    image_generation.j2        two images made from one text
    image_edit_point.j2        one edited image, to be scored
    video_understanding.j2     two answers to a question about a video
    image_interleaved.j2       two answers that mix texts and images
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..harness.errors import UserError
from ..harness.items import Candidate, Item, Mixed, PointItem, Request, Verdict
from ..harness.prompts import Prompts
from ..harness.scores import written
from .answers import score_range
from .backends.chats import Chat, Clip
from .pictures import Pictures
from .unifiedreward.presets import Questions

if TYPE_CHECKING:
    from PIL.Image import Image

    from .pictures import Shown

PROMPTS = Path(__file__).parent / "prompts"


class Asking:
    """Writes requests as chats.

    Args:
        questions: which templates there are.
        pictures: opens the media of pairs.
        single: opens those of a candidate that is shown alone; the same where it is None.
        own: a user's folder, whose templates replace the shipped ones of the same names.

    Raises:
        UserError: the user's folder does not fit, or a template does not compile.
    """

    def __init__(
        self,
        questions: Questions,
        pictures: Pictures,
        single: Pictures | None = None,
        own: Path | None = None,
    ) -> None:
        self.questions = questions
        self._pictures, self._single = pictures, single or pictures
        self._prompts = Prompts(PROMPTS / questions.prompts, own)
        for name in questions.templates:
            self._prompts.template(name)  # a template that does not compile is told now

    def expect(self, item: Item) -> None:
        """Raise :class:`UserError` if there is no question about such an item."""
        name = template(item)
        if name not in self.questions.templates:
            asked = ", ".join(known.removesuffix(".j2") for known in self.questions.templates)
            raise UserError(
                f"questions={self.questions.name} has none about {name.removesuffix('.j2')}, only"
                f" {asked}; say --judge-arg questions=NAME with another of the judge's"
            )

    def chat(self, request: Request) -> Chat:
        """The request's question with its media; safe to call from many threads.

        Raises:
            MediaError: an image or video cannot be used.
            UserError: there is no template for such a question, or it fails.
        """
        item = request.item
        self.expect(item)
        pictures = self._single if isinstance(item, PointItem) else self._pictures
        shown = {"context": [pictures.of(media) for media in item.context]}
        parts = self.parts(
            template(item),
            shown | _opened(request.shown, pictures),
            prompt=item.prompt,
            tie=any(choice.coarse is Verdict.TIE for choice in request.choices),
            **_scale(item),
        )
        return Chat(parts, request.seed)

    def parts(
        self, template: str, shown: Mapping[str, Sequence[Shown | str]], **values: object
    ) -> tuple[Image | Clip | str, ...]:
        """A question with its media, where the template places them or before the text.

        Args:
            template: its name.
            shown: lists of media and texts that the template gets: ``context``, and either
                ``candidates`` or, of candidates that mix the two, the parts of each, ``first`` and
                ``second``.
            values: whatever else it gets, besides ``answers`` (those candidates that are texts) and
                ``frames`` (as how many images each medium is shown; empty where videos are shown
                as videos).

        Raises:
            UserError: there is no such template, it fails, or it places some media only.
        """
        media = [part for group in shown.values() for part in group if not isinstance(part, str)]
        native = any(isinstance(part, Clip) for medium in media for part in medium)
        parts = self._prompts.parts(
            template,
            shown,
            answers=[c for c in shown.get("candidates", ()) if isinstance(c, str)],
            frames=[] if native else [len(medium) for medium in media],
            **values,
        )
        return tuple(chain.from_iterable([p] if isinstance(p, str) else p for p in parts))

    def samples(self) -> Mapping[str, str]:
        """Each template's question about a made-up item, media standing as ``<image>``."""
        return {name: self._sample(name) for name in self.questions.templates}

    def _sample(self, name: str) -> str:
        modality, _, kind = name.removesuffix(".j2").partition("_")
        point = kind.endswith("_point")
        pictures = self._single if point else self._pictures
        medium: Any = ("<image>\n",) * (pictures.frames if modality == "video" else 1)
        count = 1 if point else 2
        texts = [f"<answer {number}>" for number in range(1, count + 1)]
        shown: dict[str, Sequence[Any]] = {
            "context": [] if kind.startswith("generation") else [medium]
        }
        if kind.startswith("interleaved"):
            shown |= {place: [text, medium] for place, text in zip(_PLACES, texts, strict=False)}
        else:
            answered = kind.startswith("understanding")
            shown["candidates"] = texts if answered else [medium] * count
        parts: Sequence[Any] = self.parts(
            name,
            shown,
            prompt="<text>" if kind.startswith(("generation", "edit")) else "<question>",
            tie=True,
            low="<lowest>",
            high="<highest>",
        )
        return "".join(parts)

    def fingerprints(self) -> Mapping[str, str]:
        """Hash of each template, for the manifest."""
        return {name: self._prompts.fingerprint(name) for name in self.questions.templates}


_PLACES = ("first", "second")


def _opened(
    candidates: Sequence[Candidate], pictures: Pictures
) -> dict[str, Sequence[Shown | str]]:
    """The candidates as templates get them: in one list, or each one's parts in a list."""
    mixed = [c.parts for c in candidates if isinstance(c, Mixed)]
    plain = tuple(c for c in candidates if not isinstance(c, Mixed))
    groups = zip(_PLACES, mixed, strict=False) if mixed else [("candidates", plain)]
    return {
        name: [part if isinstance(part, str) else pictures.of(part) for part in group]
        for name, group in groups
    }


def template(item: Item) -> str:
    """File name of the template for such an item."""
    edit = item.objective == "generation" and item.context
    point = "_point" if isinstance(item, PointItem) else ""
    return f"{item.modality}_{'edit' if edit else item.objective}{point}.j2"


def _scale(item: Item) -> dict[str, str]:
    if not isinstance(item, PointItem):
        return {}
    low, high = score_range(item)
    return {"low": written(low), "high": written(high)}
