"""Prompt templates: Jinja2 files, the shipped ones or a user's own under the same names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from secrets import randbits
from typing import TYPE_CHECKING, TypeVar

from .errors import UserError

if TYPE_CHECKING:
    from jinja2 import Template

T = TypeVar("T")

_CURE = "place every medium once, or none to have all of them before the text"


class Prompts:
    """Templates by name, compiled once.

    Args:
        shipped: folder of the templates that come with the program.
        override: a user's folder; a file of the same relative name there wins.

    Raises:
        UserError: the override is not a folder, or holds no template of a shipped name.
    """

    def __init__(self, shipped: Path, override: Path | None = None) -> None:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        names = {p.relative_to(shipped).as_posix() for p in shipped.rglob("*.j2")}
        if override is not None:
            if not override.is_dir():
                raise UserError(f"prompts folder {override} does not exist")
            own = {p.relative_to(override).as_posix() for p in override.rglob("*.j2")}
            if not own & names:
                raise UserError(
                    f"prompts folder {override} overrides nothing; name its files like the shipped"
                    f" ones: {', '.join(sorted(names))}"
                )
        folders = [str(f) for f in (override, shipped) if f is not None]
        self._environment = Environment(
            loader=FileSystemLoader(folders),
            undefined=StrictUndefined,
            keep_trailing_newline=False,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # a prompt is text for a model, not HTML
        )

    def template(self, name: str) -> Template:
        """The compiled template of one file name.

        Raises:
            UserError: there is none, or it does not compile; names file and line.
        """
        from jinja2 import TemplateNotFound, TemplateSyntaxError

        try:
            return self._environment.get_template(name)
        except TemplateNotFound:
            raise UserError(f"prompt template '{name}' does not exist") from None
        except TemplateSyntaxError as error:
            raise UserError(
                f"prompt template {error.filename}, line {error.lineno}: {error.message}"
            ) from None

    def text(self, name: str, **values: object) -> str:
        """A template's text.

        Raises:
            UserError: there is no such template, or it fails.
        """
        from jinja2 import TemplateError

        try:
            return self.template(name).render(**values)
        except TemplateError as error:
            raise UserError(f"prompt template '{name}': {error.message}") from None

    def parts(
        self, name: str, shown: Mapping[str, Sequence[T | str]], **values: object
    ) -> list[T | str]:
        """A template's text, cut where the template places media, with the media there.

        Args:
            name: the template.
            shown: lists that the template gets; what is no text in them is a medium, which it
                places by ``{{ candidates[0] }}``. If it places none, all of them come first, in
                the order given.
            values: whatever else the template gets.

        Raises:
            UserError: there is no such template, it fails, or it places a medium twice or some
                media but not all.
        """
        media = {
            f"{group}[{i}]": one
            for group, members in shown.items()
            for i, one in enumerate(members)
            if not isinstance(one, str)
        }
        marks = _Marks(list(media))
        groups = {
            group: [
                one if isinstance(one, str) else marks.of(f"{group}[{i}]")
                for i, one in enumerate(members)
            ]
            for group, members in shown.items()
        }
        texts, places = marks.cut(self.text(name, **groups, **values))
        if marks.spoilt(texts):
            raise UserError(
                f"prompt template '{name}' alters what stands for a medium; write it bare, as in"
                " {{ candidates[0] }}"
            )
        if not places:
            return [*media.values(), *texts]
        for place in media:
            if places.count(place) != 1:
                wrong = "twice" if place in places else f"nowhere, but {places[0]}"
                raise UserError(f"prompt template '{name}' places {place} {wrong}; {_CURE}")
        found: list[T | str] = [texts[0]]
        for place, text in zip(places, texts[1:], strict=True):
            found += [media[place], text]
        return [part for part in found if part != ""]

    def fingerprint(self, name: str) -> str:
        """Hash of the template's source, for the manifest."""
        assert self._environment.loader is not None
        source, _, _ = self._environment.loader.get_source(self._environment, name)
        return blake2b(source.encode(), digest_size=8).hexdigest()


class _Marks:
    """What stands for media while a template is rendered.

    Drawn at random for each rendering, so no text that was written before can hold one.
    """

    def __init__(self, places: Sequence[str]) -> None:
        self._places, self._secret = places, randbits(64)

    def of(self, place: str) -> str:
        """The mark of a place."""
        return f"\0{self._secret}.{self._places.index(place)}\0"

    def cut(self, text: str) -> tuple[list[str], list[str]]:
        """The texts around the marks, and the marks' places."""
        first, *others = text.split(f"\0{self._secret}.")
        cut = [piece.partition("\0") for piece in others]
        return [first, *(text for _, _, text in cut)], [self._places[int(i)] for i, _, _ in cut]

    def spoilt(self, texts: Sequence[str]) -> bool:
        """Whether there is something of a mark in the texts."""
        return any(str(self._secret) in text for text in texts)
