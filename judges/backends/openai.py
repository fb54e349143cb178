"""Checkpoints behind servers that speak OpenAI's chat completions: vLLM, SGLang, hosted ones.

Each chat is one request with one user turn, its images and texts in the chat's order, and is sent
with its own seed and a fixed temperature: what a server would fill in itself (vLLM and SGLang take
a checkpoint's own sampling settings) is said. How a turn becomes tokens is the server's business:
it applies its chat template, and control tokens within texts mean there what the server lets them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from ...harness.errors import UserError
from .backend import Choice, Reply
from .chats import Chat, TemplateArguments
from .data_urls import DataUrls, ImageFormat, ServedChat
from .http_choices import has_logprobs, read_choice
from .http_mistakes import Mistakes, models
from .posts import NoAnswerError, Posts, RefusedError, UnreachableError

Server = Literal["auto", "openai", "vllm", "sglang"]
MaxTokens = Literal["max_tokens", "max_completion_tokens"]

_OWN_SETTINGS = ("vllm", "sglang")
"""Servers that sample as the checkpoint's own settings say, unless told otherwise."""
_NEUTRAL = {
    "top_p": 1.0,
    "top_k": -1,
    "min_p": 0.0,
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
}
_LONGEST_CHOICE = 32


class OpenAIServer:
    """A model that a server runs, asked over HTTP at ``URL/chat/completions``.

    Nothing is sent before the first batch. Then the server is asked which models it has, and
    whether it is vLLM or SGLang, unless ``server`` says so.

    Args:
        model: the server's name for the model.
        url: the server's address, most often up to ``/v1``.
        concurrency: requests under way at a time.
        timeout: seconds to wait for an answer.
        retries: how often a request is repeated after 429, 5xx, a broken connection or a timeout.
        key_variable: environment variable that holds the key, if the server wants one.
        price_in: dollars for a million tokens sent.
        price_out: dollars for a million tokens received.
        image_format: ``png`` (exact) or ``jpeg`` (smaller).
        logprobs: whether the server gives log-probabilities of tokens; ``auto`` finds out.
        top_logprobs: of how many tokens at each place.
        max_tokens: the name of the field that bounds an answer's length.
        server: ``vllm`` and ``sglang`` are sent the fields that they have beyond OpenAI's;
            ``auto`` asks the server what it is.
        backoff: seconds before the first repetition.
        template_arguments: settings of the model's chat template, for vLLM and SGLang.

    Raises:
        UserError: an argument is out of range, or the url is none or has a password in it.
    """

    def __init__(
        self,
        model: str,
        url: str,
        *,
        concurrency: int = 16,
        timeout: float = 180.0,
        retries: int = 6,
        key_variable: str = "OPENAI_API_KEY",
        price_in: float | None = None,
        price_out: float | None = None,
        image_format: ImageFormat = "png",
        logprobs: bool | Literal["auto"] = "auto",
        top_logprobs: int = 20,
        max_tokens: MaxTokens = "max_tokens",
        server: Server = "auto",
        backoff: float = 1.0,
        template_arguments: TemplateArguments = (),
    ) -> None:
        if (price_in is None) != (price_out is None):
            raise UserError("judge arguments price_in= and price_out= go together; give both")
        for name, price in (("price_in", price_in), ("price_out", price_out)):
            if price is not None and not 0 <= price < math.inf:
                raise UserError(f"judge argument {name}={price} must be a number of dollars, 0 up")
        if top_logprobs < 1:
            raise UserError(f"judge argument top_logprobs={top_logprobs} must be at least 1")
        self.model = model
        self._prices = None if price_in is None or price_out is None else (price_in, price_out)
        self._posts = Posts(
            url,
            key_variable=key_variable,
            concurrency=concurrency,
            timeout=timeout,
            retries=retries,
            backoff=backoff,
        )
        self._mistakes = Mistakes(self._posts, model)
        self._images = DataUrls(image_format)
        self._logprobs, self._top_logprobs = logprobs, top_logprobs
        self._max_tokens, self._server = max_tokens, server
        self._kind: str | None = None if server == "auto" else server
        self._template_arguments = dict(template_arguments)
        self._tokens_in = self._tokens_out = 0
        self._answered = False

    @property
    def url(self) -> str:
        """The server's address, as all addresses of requests begin."""
        return self._posts.url

    @property
    def chooses(self) -> bool:
        """Whether :meth:`choose` works, as far as is known: a server tells with its answers."""
        return self._logprobs is not False

    def prepare(self, chat: Chat) -> ServedChat:
        """The chat with its images as data URLs; safe to call from many threads.

        Raises:
            UserError: it has a clip.
        """
        return self._images.served(chat)

    def size(self, prepared: ServedChat) -> int:
        """About how many tokens a prepared chat is long."""
        return prepared.size

    def generate(
        self, batch: Sequence[ServedChat], *, max_new_tokens: int, temperature: float = 0.0
    ) -> list[Reply]:
        """Let the model answer prepared chats, many at a time.

        A chat that gets no answer after all repetitions has a reason in its reply. What a
        reasoning model thought before it answered is not part of the text.

        Raises:
            UserError: the server cannot be reached, does not accept the key, or has no such model.
        """
        fields = {"temperature": temperature, self._max_tokens: max_new_tokens}
        answers = self._asked(batch, lambda texts: fields, [()] * len(batch))
        return [
            Reply("", failure=str(answer)) if isinstance(answer, NoAnswerError) else _reply(answer)
            for answer in answers
        ]

    def choose(
        self, batch: Sequence[ServedChat], answers: Sequence[Sequence[str]], *, whole: bool = True
    ) -> list[Choice]:
        """How likely each of the answers is that are given for each chat.

        The model writes greedily, and the likeliest tokens that the server reports beside tell of
        the answers. So the tokens of an answer are known up to where it parts from what was
        written; the rest of its text stands as one token, not known. Tokens are strings. Where
        none of that tells which answer is the likeliest, the chat has failed.

        A vLLM server is held to the answers, so its log-probabilities are among those tokens only
        that lead on to one of them.

        Raises:
            UserError: as :meth:`generate`; the server gives no log-probabilities.
        """
        if not self.chooses:
            raise self._mistakes.no_logprobs()
        found = self._asked(batch, self._choosing, answers)
        return [self._choice(*pair) for pair in zip(found, answers, strict=True)]

    def identity(self) -> Mapping[str, object]:
        """What an answer depends on besides the chat, as far as it is known; contacts nobody."""
        return {
            "backend": "openai",
            "model": self.model,
            "url": self.url,
            "server": self._server,
            "image_format": self._images.identity,
        }

    def spent(self) -> Mapping[str, int | float | None]:
        """What was used so far: requests, retries, tokens, dollars (None where no price is given).

        Tokens count wherever the server reported them, answers that were of no use included.
        """
        return {
            "requests": self._posts.counts.requests,
            "retries": self._posts.counts.retries,
            "tokens_in": self._tokens_in,
            "tokens_out": self._tokens_out,
            "dollars": self.price(self._tokens_in, self._tokens_out),
        }

    def price(self, tokens_in: int, tokens_out: int) -> float | None:
        """What tokens cost in dollars; None where no price is given."""
        if self._prices is None:
            return None
        price_in, price_out = self._prices
        return (tokens_in * price_in + tokens_out * price_out) / 1e6

    def close(self) -> None:
        """Close the connections and drop the images kept."""
        self._posts.close()
        self._images.forget()

    def _asked(
        self,
        batch: Sequence[ServedChat],
        fields: Callable[[Sequence[str]], Mapping[str, Any]],
        answers: Sequence[Sequence[str]],
    ) -> list[dict[str, Any] | NoAnswerError]:
        """The server's answers to the chats, or for each the reason why there is none.

        ``fields`` are those of a request that depend on its answers, the texts to choose from.
        """
        if not batch:
            return []
        if self._kind is None:
            [self._kind] = self._posts.run(lambda: [self._found_kind()])
        found = self._posts.run(
            lambda: [
                self._answer(chat, fields(texts), texts)
                for chat, texts in zip(batch, answers, strict=True)
            ]
        )
        if all(isinstance(answer, UnreachableError) for answer in found):
            raise self._mistakes.unreachable(found[0])
        return found

    async def _answer(
        self, chat: ServedChat, fields: Mapping[str, Any], texts: Sequence[str]
    ) -> dict[str, Any] | NoAnswerError:
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": list(chat.content)}],
            "n": 1,
            "stream": False,
            "seed": chat.seed % 2**31,  # what every server takes
            **fields,
            **self._beyond(texts),
        }
        try:
            answer = await self._posts.post("chat/completions", body, chat.seed, _is_answer)
        except RefusedError as refused:
            mistake = await self._mistakes.refused(refused, answered=self._answered)
            if mistake is not None:
                raise mistake from None
            return refused
        except NoAnswerError as none:
            return none
        self._answered = True
        self._count(answer)
        assert isinstance(answer, dict)
        return answer

    async def _found_kind(self) -> str:
        """Which server it is, by the name that it gives as its models' owner."""
        try:
            answer = await self._posts.get("models")
        except UnreachableError as none:
            raise self._mistakes.unreachable(none) from None
        except RefusedError as refused:
            if refused.status == 401:
                raise self._mistakes.no_entry(refused) from None
            return "openai"  # hosted ones need not list their models
        except NoAnswerError as none:  # a guess could change how every chat is answered
            raise self._mistakes.no_listing(none) from None
        owners = {model.get("owned_by") for model in models(answer)}
        return next((kind for kind in _OWN_SETTINGS if kind in owners), "openai")

    def _choosing(self, texts: Sequence[str]) -> dict[str, Any]:
        """The fields of a request that tells how likely some texts are."""
        longest = max(len(text) for text in texts)
        return {
            "temperature": 0.0,
            self._max_tokens: min(_LONGEST_CHOICE, longest // 2 + 2),
            "logprobs": True,
            "top_logprobs": self._top_logprobs,
        }

    def _beyond(self, texts: Sequence[str]) -> Mapping[str, Any]:
        """The fields that the server has beyond OpenAI's."""
        if self._kind not in _OWN_SETTINGS:
            return {}
        fields: dict[str, Any] = dict(_NEUTRAL)
        if self._template_arguments:
            fields["chat_template_kwargs"] = self._template_arguments
        if self._kind == "vllm" and texts:
            # with all else ruled out, the tokens that lead to answers are among the likeliest
            fields["structured_outputs"] = {"choice": list(dict.fromkeys(texts))}
        return fields

    def _choice(self, answer: dict[str, Any] | NoAnswerError, texts: Sequence[str]) -> Choice:
        if isinstance(answer, NoAnswerError):
            return Choice((), (), failure=str(answer))
        first = _first(answer)
        if first is None:
            return Choice((), (), failure=_EMPTY)
        if not has_logprobs(first):
            if self._logprobs == "auto":
                self._logprobs = False
                raise self._mistakes.no_logprobs()
            return Choice((), (), failure="the answer came without log-probabilities")
        self._logprobs = True
        return read_choice(first, texts, _usage(answer, "prompt_tokens"))

    def _count(self, answer: Any) -> None:
        self._tokens_in += _usage(answer, "prompt_tokens") or 0
        self._tokens_out += _usage(answer, "completion_tokens") or 0


_EMPTY = "the server's answer is empty"


def _reply(answer: dict[str, Any]) -> Reply:
    first = _first(answer)
    if first is None:
        return Reply("", failure=_EMPTY)
    message = first["message"]
    cut = first.get("finish_reason") == "length"
    text = message.get("content")
    thought = message.get("reasoning_content") or message.get("reasoning")
    if text is None and (thought or cut):  # it thought, and did not come to say anything
        text = ""
    if not isinstance(text, str):
        reason = message.get("refusal") or first.get("finish_reason")
        return Reply("", failure=f"{_EMPTY} ({str(reason)[:200]})")
    return Reply(
        text, _usage(answer, "prompt_tokens"), _usage(answer, "completion_tokens"), truncated=cut
    )


def _first(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first choice, if there is one with a message."""
    choices = answer["choices"]
    first = choices[0] if choices else None
    whole = isinstance(first, dict) and isinstance(first.get("message"), dict)
    return first if whole else None


def _is_answer(found: Any) -> bool:
    return isinstance(found, dict) and isinstance(found.get("choices"), list)


def _usage(answer: Mapping[str, Any], name: str) -> int | None:
    usage = answer.get("usage")
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if isinstance(count, int) and count >= 0 else None
