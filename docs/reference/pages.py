"""A hook of MkDocs: adds the pages of the reference that are made from the code itself.

Nothing heavy is imported for them: settings and commands import neither torch nor any model code,
and the Python reference is read without running it.
"""

from __future__ import annotations

import re
from typing import Any

import commands
import public_names
import settings
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

MADE = {
    "reference/commands.md": commands.page,
    "reference/settings.md": settings.page,
    "reference/api.md": public_names.page,
}
_ROLE = re.compile(r":(?:class|func|meth|mod):(?=<code>)")
_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]+\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is made here to what lies in ``docs/``."""
    for path, page in MADE.items():
        files.append(File.generated(config, path, content=page()))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Files outside ``docs/`` are not on the site, so links to them become plain words."""
    return _OUTSIDE.sub(r"\1", markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Docstrings say of some names what they are; readers see the names alone."""
    return _ROLE.sub("", html)
