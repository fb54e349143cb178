"""What runs a checkpoint: chats in, texts or log-probabilities of given answers out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .chats import Chat


@dataclass(frozen=True, slots=True)
class Reply:
    """What the checkpoint wrote.

    ``truncated``: it reached the token limit before ending. ``failure`` is the reason why this
    chat alone was not answered; all else is empty then.
    """

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None
    truncated: bool = False
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """How likely each of some given answers is, token by token.

    Args:
        tokens: for each answer, its tokens as it follows the chat, then what ends the turn
            (where the backend sees it); or fewer, where answers are not asked for whole.
        logprobs: as long as ``tokens``: the log-probability of each token after the chat and the
            answer's tokens before it; nan where the backend could not tell.
        tokens_in: how many tokens the chat is long.
        failure: the reason why this chat alone was not answered; all else is empty then.
    """

    tokens: tuple[tuple[int | str, ...], ...]
    logprobs: tuple[tuple[float, ...], ...]
    tokens_in: int | None = None
    failure: str | None = None


class Backend(Protocol):
    """Runs one checkpoint; what is prepared by it is answered by it.

    ``chooses``: it can tell the log-probabilities of given answers.
    """

    @property
    def chooses(self) -> bool:
        """Whether :meth:`choose` works."""
        ...

    def prepare(self, chat: Chat) -> Any:
        """The chat as the backend takes it; safe to call from many threads, needs no weights."""
        ...

    def size(self, prepared: Any) -> int:
        """About how many tokens a prepared chat is long."""
        ...

    def generate(
        self, batch: Sequence[Any], *, max_new_tokens: int, temperature: float = 0.0
    ) -> list[Reply]:
        """Let the checkpoint answer prepared chats as one batch.

        Greedy at temperature 0, whatever the checkpoint's own generation settings say. Above it,
        every chat samples by its own seed, whatever else is in the batch.

        Raises:
            UserError: the checkpoint cannot be loaded or reached.
        """
        ...

    def choose(
        self, batch: Sequence[Any], answers: Sequence[Sequence[str]], *, whole: bool = True
    ) -> list[Choice]:
        """How likely each of the answers is that are given for each chat.

        Args:
            batch: prepared chats.
            answers: for each chat, the texts that its turn may consist of.
            whole: tell of all their tokens. Otherwise a backend may stop where an answer's tokens
                tell it from all others, which is enough for ``branch``.

        Raises:
            UserError: the checkpoint cannot be loaded or reached.
        """
        ...

    def identity(self) -> Mapping[str, object]:
        """What an answer depends on besides the chat; loads no weights, starts no server.

        Raises:
            UserError: the checkpoint cannot be found.
        """
        ...

    def close(self) -> None:
        """Let go of the weights, connections and processes."""
        ...
