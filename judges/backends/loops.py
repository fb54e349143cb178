"""An event loop on a thread of its own, with the HTTP client that lives there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

_CONNECTING = 10.0
"""Seconds within which a connection must be made."""


class LoopThread:
    """An event loop on a thread, with the client that belongs to it."""

    def __init__(self, headers: dict[str, str], timeout: float, concurrency: int) -> None:
        import httpx2

        self.client = httpx2.AsyncClient(
            headers=headers,
            timeout=httpx2.Timeout(timeout, connect=min(timeout, _CONNECTING)),
            limits=httpx2.Limits(
                max_connections=concurrency, max_keepalive_connections=concurrency
            ),
        )
        self.slots = asyncio.Semaphore(concurrency)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="requests", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Cancel what is under way, close the client and end the thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.run_until_complete(self._leave())
        self.loop.close()

    async def _leave(self) -> None:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self.client.aclose()


async def together(jobs: Callable[[], Sequence[Coroutine[Any, Any, T]]]) -> list[T]:
    """Run jobs at the same time; the first exception, or a cancellation, cancels them all."""
    tasks = [asyncio.ensure_future(job) for job in jobs()]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
