"""Many requests to one HTTP server at a time: bounded, repeated after passing trouble, counted.

A request is repeated, after a wait that doubles, when the server is busy (429) or in trouble (500,
502, 503, 504), cannot be reached, closes the connection, is too slow or answers with something that
is no answer at all. Every other refusal stands.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from random import Random
from time import time
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ...harness.errors import UserError
from .loops import LoopThread, together

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

_BUSY = frozenset({429, 500, 502, 503, 504})
_LONGEST_WAIT = 60.0
_FIRST_RETRIES = 1
"""Retries before the server answered for the first time: a wrong address is told soon."""


class NoAnswerError(Exception):
    """A request that got no answer, with the reason."""


class UnreachableError(NoAnswerError):
    """The same where no connection was made."""


class RefusedError(NoAnswerError):
    """The same where the server refused the request, and would again."""

    def __init__(self, status: int, message: str, code: str, param: str) -> None:
        super().__init__(f"HTTP {status}{': ' if message else ''}{message}")
        self.status, self.message, self.code, self.param = status, message, code, param


@dataclass
class Counts:
    """How many times something was sent, and how many of these were repetitions."""

    requests: int = 0
    retries: int = 0


class Posts:
    """Requests to one server, sent from a thread of their own.

    Args:
        url: what the addresses of requests begin with.
        key_variable: name of the environment variable that holds the key, if there is one.
        concurrency: how many requests may be under way at a time; one that waits to be repeated
            counts, so a busy server is asked less.
        timeout: seconds for each try, its whole answer included.
        retries: how often a request is repeated.
        backoff: seconds before the first repetition.

    Raises:
        UserError: an argument is out of range; no message repeats an address's password or a key.
    """

    def __init__(
        self,
        url: str,
        *,
        key_variable: str,
        concurrency: int,
        timeout: float,
        retries: int,
        backoff: float,
    ) -> None:
        for name, value, low in (("concurrency", concurrency, 1), ("retries", retries, 0)):
            if value < low:
                raise UserError(f"judge argument {name}={value} must be at least {low}")
        for name, seconds in (("timeout", timeout), ("backoff", backoff)):
            if not seconds > 0:
                raise UserError(f"judge argument {name}={seconds} must be more than 0")
        if not (key_variable.isascii() and key_variable.isidentifier()):
            raise UserError(
                "judge argument key_variable must be the name of an environment variable, such as"
                " OPENAI_API_KEY, not a key itself"
            )
        self.url, self.key_variable = checked(url), key_variable
        self.concurrency, self.timeout, self.retries = concurrency, timeout, retries
        self.backoff = backoff
        self.counts = Counts()
        self._reached = False
        self._running: LoopThread | None = None

    @property
    def has_key(self) -> bool:
        """Whether the environment holds a key."""
        return bool(self._key())

    def run(self, jobs: Callable[[], Sequence[Coroutine[Any, Any, T]]]) -> list[T]:
        """Run jobs at the same time on the thread; their results in order.

        The first exception cancels the other jobs, and so does an interrupt.
        """
        if self._running is None:
            self._running = LoopThread(self._headers(), self.timeout, self.concurrency)
        running = self._running
        future = asyncio.run_coroutine_threadsafe(together(jobs), running.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def post(
        self, path: str, body: dict[str, Any], seed: int, sound: Callable[[Any], bool]
    ) -> Any:
        """Send JSON to an address below the server's; the JSON that comes back.

        Args:
            path: the address.
            body: what is sent.
            seed: decides how waits vary.
            sound: tells an answer from garbage, which is asked for again.

        Raises:
            NoAnswerError: there was none, after all repetitions.
        """
        content = json.dumps(body).encode()
        return await self._send("POST", path, content, seed, sound)

    async def get(self, path: str) -> Any:
        """The JSON at an address below the server's.

        Raises:
            NoAnswerError: there was none, after all repetitions.
        """
        return await self._send(
            "GET", path, None, 0, lambda answer: isinstance(answer, (dict, list))
        )

    def close(self) -> None:
        """Cut off what is under way and close the connections; the next request opens new ones."""
        running, self._running = self._running, None
        if running is not None:
            running.close()

    def _key(self) -> str:
        return os.environ.get(self.key_variable, "").strip()

    def _headers(self) -> dict[str, str]:
        key = self._key()
        if not key:
            return {}
        if not (key.isascii() and key.isprintable()):
            raise UserError(f"the key in {self.key_variable} has characters that no key has")
        return {"Authorization": f"Bearer {key}"}

    async def _send(
        self,
        method: str,
        path: str,
        content: bytes | None,
        seed: int,
        sound: Callable[[Any], bool],
    ) -> Any:
        running = self._running
        assert running is not None  # requests are made by run() only
        vary = Random(seed)
        async with running.slots:
            tries = 0
            while True:
                tries += 1
                self.counts.requests += method == "POST"
                self.counts.retries += method == "POST" and tries > 1
                try:
                    return await self._try(running.client, method, path, content, sound)
                except _PassingError as trouble:
                    early = trouble.unreachable and not self._reached
                    if tries > (min(self.retries, _FIRST_RETRIES) if early else self.retries):
                        kind = UnreachableError if trouble.unreachable else NoAnswerError
                        times = "once" if tries == 1 else f"{tries} times"
                        raise kind(f"{trouble} (tried {times})") from None
                    wait = min(_LONGEST_WAIT, self.backoff * 2.0 ** (tries - 1))
                    wait *= vary.uniform(0.5, 1)
                    wait = max(wait, trouble.wait)
                await asyncio.sleep(wait)

    async def _try(
        self,
        client: httpx2.AsyncClient,
        method: str,
        path: str,
        content: bytes | None,
        sound: Callable[[Any], bool],
    ) -> Any:
        import httpx2

        headers = {} if content is None else {"Content-Type": "application/json"}
        address = f"{self.url}/{path}"
        try:
            async with asyncio.timeout(self.timeout):
                answer = await client.request(method, address, content=content, headers=headers)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.InvalidURL) as error:
            raise _PassingError(self._said(error, "no connection"), unreachable=True) from None
        except (TimeoutError, httpx2.TimeoutException):
            raise _PassingError(f"no answer within {self.timeout:g} seconds") from None
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise _PassingError(self._said(error, "the connection broke")) from None
        self._reached = True
        if answer.status_code in _BUSY:
            refused = self._refused(answer)
            if refused.code != "insufficient_quota":  # no wait brings money back
                raise _PassingError(str(refused), wait=_asked_wait(answer.headers))
            raise refused
        if answer.status_code != 200:
            raise self._refused(answer)
        found = _json(answer.content)
        if not sound(found):
            raise _PassingError("what came back is no answer: " + self._shown(answer.text))
        return found

    def _refused(self, answer: httpx2.Response) -> RefusedError:
        found = _json(answer.content)
        error = found.get("error", found) if isinstance(found, dict) else {}
        if not isinstance(error, dict):
            error = {"message": error}
        message = error.get("message") or error.get("detail") or ""
        text = message if isinstance(message, str) else json.dumps(message)
        # what a server says of a key that it does not accept may hold a part of it
        shown = "" if answer.status_code == 401 else self._shown(text or answer.text)
        param, code = (str(error.get(name) or "") for name in ("param", "code"))
        return RefusedError(answer.status_code, shown, code, param)

    def _said(self, error: Exception, otherwise: str) -> str:
        return self._shown(str(error)) or f"{otherwise} ({type(error).__name__})"

    def _shown(self, text: str) -> str:
        """What a server said as part of one line, without the key."""
        key = self._key()
        hidden = text.replace(key, "***") if key else text
        line = " ".join(hidden.split())
        return line if len(line) <= 300 else f"{line[:300]}..."


def checked(url: str) -> str:
    """A server's address without what programs add to it.

    Raises:
        UserError: it is none, or has a password or key in it, which is not repeated.
    """
    cure = "give url=http://HOST:PORT/v1 or the like"
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        shown = url if "@" not in url and "?" not in url else "given"
        raise UserError(f"the url {shown} is no address of a server; {cure}")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UserError(
            f"the url of the server at {parts.hostname} must have no user, password or parameters"
            f" in it; {cure}, and the key in an environment variable"
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return f"{parts.scheme}://{parts.netloc}{path}"


class _PassingError(Exception):
    """Trouble that may be over soon; ``wait`` is how many seconds the server asks for."""

    def __init__(self, reason: str, *, unreachable: bool = False, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.unreachable, self.wait = unreachable, wait


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _asked_wait(headers: httpx2.Headers) -> float:
    """How many seconds Retry-After asks for, in either of its forms, within bounds."""
    value = headers.get("Retry-After", "")
    try:
        wait = float(value)
    except ValueError:
        try:
            wait = parsedate_to_datetime(value).timestamp() - time()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return min(_LONGEST_WAIT, wait) if wait > 0 else 0.0  # nan is not
