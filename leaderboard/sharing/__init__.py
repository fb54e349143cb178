"""Runs and leaderboards at other places: data-set repositories of the hub, and all of fsspec's.

What is shared is listed with sizes and hashes in ``inventory.json``, which comes last: without it,
or with files that are not as it says, a copy is not whole.
"""

from __future__ import annotations

from .pull import pull
from .push import Pushed, push

__all__ = ["Pushed", "pull", "push"]
