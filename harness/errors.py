"""What can go wrong in a way the user can mend."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """A mistake in the input: one line that names the thing, the place and the cure.

    The command line prints it without a traceback and exits with code 2.
    """


class MediaError(Exception):
    """One image or video that cannot be used; the sample is recorded as ``media_failed``."""


def not_found(kind: str, name: str, known: Iterable[str]) -> UserError:
    """Build the error for an unknown name, with the nearest known one as a suggestion."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"; did you mean '{near[0]}'?" if near else "."
    return UserError(f"{kind} '{name}' not found{hint} Known: {', '.join(names) or 'none'}")
