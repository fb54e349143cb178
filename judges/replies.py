"""Between requests and backends: a question that is ready to be asked, and what was replied."""

from __future__ import annotations

from itertools import chain
from typing import Any

from ..harness.items import GradeItem, Output, QuestionItem, Request, Status
from .backends.backend import Reply
from .backends.chats import Chat
from .pictures import Pictures


def asked_freely(request: Request, pictures: Pictures) -> Chat:
    """The request as a chat whose text is the item's own: its media, then all that is asked.

    Raises:
        MediaError: an image or video cannot be used.
    """
    item = request.item
    text = item.text(request.order) if isinstance(item, QuestionItem | GradeItem) else item.prompt
    media: tuple[Any, ...] = tuple(chain.from_iterable(pictures.of(one) for one in item.media))
    return Chat((*media, text), request.seed)


def written(reply: Reply) -> Output:
    """What a checkpoint wrote, or the reason why it did not."""
    if reply.failure is not None:
        return failed(reply.failure)
    return Output(
        text=reply.text,
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
        truncated=reply.truncated,
    )


def failed(reason: str) -> Output:
    """The output of a chat that was not answered."""
    return Output(failure=(Status.REQUEST_FAILED, reason))
