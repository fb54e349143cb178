"""Loading what transformers reads from a folder or the hub."""

from __future__ import annotations

from typing import Any

from ...harness.errors import UserError
from ..backends.checkpoints import Checkpoint


def pretrained(kind: Any, found: Checkpoint, **options: Any) -> Any:
    """What ``kind.from_pretrained`` makes of a checkpoint.

    Raises:
        UserError: it is damaged, incomplete, or cannot be fetched.
    """
    try:
        return kind.from_pretrained(found.source, revision=found.revision or "main", **options)
    except Exception as error:  # a broken checkpoint can fail in any way
        reason = " ".join(str(error).split())[:300]
        raise UserError(
            f"checkpoint {found.source} cannot be loaded ({type(error).__name__}: {reason});"
            " download it again"
        ) from error
