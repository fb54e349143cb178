"""How much is judged at a time: so many requests, and so many tokens with their padding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .errors import UserError

Asked = TypeVar("Asked")
Said = TypeVar("Said")


@dataclass
class Batches:
    """The limits of a batch; they shrink when memory runs out, for the rest of the run.

    Args:
        requests: the most requests in one batch.
        tokens: the most tokens, each request counting as the longest of its batch; *None* is no
            limit.
    """

    requests: int
    tokens: int | None = None

    def first(self, sizes: Sequence[int]) -> int:
        """How many of the requests make the next batch; at least one.

        Args:
            sizes: length of each request in tokens, shortest first.
        """
        most = min(self.requests, len(sizes))
        if self.tokens is None:
            return most
        fitting = (n for n in range(most, 1, -1) if n * sizes[n - 1] <= self.tokens)
        return next(fitting, 1)

    def shrink(self, sizes: Sequence[int]) -> str:
        """Allow half of a batch that was too big for the memory; says so in one line.

        Args:
            sizes: length of each of its requests in tokens; all zero where nobody knows.
        """
        count, tokens = len(sizes), len(sizes) * max(sizes)
        if tokens:
            self.tokens = tokens // 2
            return (
                f"out of memory with {count} requests of up to {max(sizes):,} tokens: going on with"
                f" at most {self.tokens:,} tokens at a time"
            )
        self.requests = max(1, count // 2)
        return f"out of memory with {count} requests: going on with {self.requests} at a time"


def isolated(
    ask: Callable[[Sequence[Asked]], Sequence[Said]],
    batch: Sequence[Asked],
    sizes: Sequence[int],
    batches: Batches,
    failed: Callable[[Exception], Said],
    notify: Callable[[str], None],
) -> list[Said]:
    """What is said to a batch; one that fails is halved until the failing requests stand alone.

    Args:
        ask: answers a batch, one for each request in order.
        batch: the requests.
        sizes: length of each in tokens, shortest first.
        batches: limits, which shrink when memory runs out.
        failed: what is said to a request that fails alone.
        notify: told when the limits shrink.

    Raises:
        UserError: as ``ask`` does; no request is to blame for that.
    """
    at = batches.first(sizes)
    if at == len(batch):  # else the limits have shrunk since it was put together
        try:
            return list(ask(batch))
        except UserError:
            raise
        except Exception as error:
            if len(batch) == 1:
                return [failed(error)]
            if is_out_of_memory(error):
                notify(batches.shrink(sizes))
        at = len(batch) // 2
    return [
        *isolated(ask, batch[:at], sizes[:at], batches, failed, notify),
        *isolated(ask, batch[at:], sizes[at:], batches, failed, notify),
    ]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error says that memory ran out, whoever's it was."""
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or "out of memory" in str(error).lower()
