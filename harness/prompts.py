"""Prompt templates: Jinja2 files, the shipped ones or a user's own under the same names."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import UserError

if TYPE_CHECKING:
    from jinja2 import Template


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

    def fingerprint(self, name: str) -> str:
        """Hash of the template's source, for the manifest."""
        assert self._environment.loader is not None
        source, _, _ = self._environment.loader.get_source(self._environment, name)
        return blake2b(source.encode(), digest_size=8).hexdigest()
