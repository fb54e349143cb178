"""The page of the public Python names, each read by mkdocstrings where it is defined."""

from __future__ import annotations

import unieval

_REGISTERING = """Decorators that take the name of a class of yours, and its group if it has one:
`@task("my-captions")`. [Add a task or a judge](../plugins.md) shows what such classes have.
"""
_HEAD = """# Python

What `unieval` exports; `import unieval` loads none of it before it is used. Everything else is
inner and may change.
"""
CHAPTERS = {
    "Running": ("run",),
    "Registering": ("task", "judge", "model", "grammar"),
    "Items": ("Media", "Mixed", "PairItem", "PointItem", "QuestionItem", "PromptItem", "Verdict"),
    "Reading data": ("Data", "HubSource", "rows", "media", "load_image", "sample_frames"),
    "Judging": ("Request", "Output", "Status", "Supports", "Takes", "Asked", "Parsed"),
    "Figures": ("Judgements", "Points", "Figure", "pairwise_measures", "pointwise_measures"),
    "Choices of answers": ("TWO_WAY", "THREE_WAY", "FOUR_WAY", "SCORE"),
    "Errors": ("UserError", "MediaError"),
}


def page() -> str:
    """The page as Markdown.

    Raises:
        ValueError: a public name is in no chapter, or one in a chapter is not public.
    """
    listed = [name for names in CHAPTERS.values() for name in names]
    if sorted(listed) != sorted(unieval.__all__):
        raise ValueError(f"CHAPTERS and __all__ differ by {set(listed) ^ set(unieval.__all__)}")
    said = {"Registering": _REGISTERING}
    chapters = (
        f"## {title}\n\n{said.get(title, '')}\n{_members(names)}"
        for title, names in CHAPTERS.items()
    )
    return "\n".join([_HEAD, *chapters])


def _members(names: tuple[str, ...]) -> str:
    return "\n".join(f"::: unieval.{name}\n" for name in names)
