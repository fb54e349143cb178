"""What a server's refusals mean for the user, where every chat of a run would meet them."""

from __future__ import annotations

from typing import Any

from ...harness.errors import UserError
from .posts import NoAnswerError, Posts, RefusedError


class Mistakes:
    """Errors that name the server, the model and the cure; no key is ever in one."""

    def __init__(self, posts: Posts, model: str) -> None:
        self._posts, self._model = posts, model
        self._server = f"server {posts.url}"
        self._asked = f"model '{model}' at {posts.url}"

    async def refused(self, refused: RefusedError, *, answered: bool) -> UserError | None:
        """The mistake because of which the server would refuse every chat, if it is one.

        ``answered``: it answered others, so that what it forbids is something about one chat.
        """
        said = f"{refused.message} {refused.param}".lower()
        if refused.code == "insufficient_quota" or refused.status == 402:
            return UserError(f"{self._server} wants money first ({refused}); top up the account")
        if refused.status == 401 or (refused.status == 403 and not answered):
            return self.no_entry(refused)
        if 300 <= refused.status < 400:
            return UserError(
                f"{self._server} sends requests elsewhere ({refused}); give the url that it"
                " wants, perhaps with https"
            )
        if refused.status in (404, 405) or refused.code == "model_not_found":
            return await self._not_there(refused)
        if refused.status not in (400, 422):
            return None
        if "logprob" in said:
            return self.no_logprobs(refused)
        if "structured" in said:
            return UserError(
                f"{self._server} does not take structured_outputs ({refused}); give"
                " server=openai or decode=generate"
            )
        if refused.param in ("max_tokens", "max_completion_tokens", "temperature", "seed"):
            return UserError(
                f"{self._asked} does not take `{refused.param}` as it is sent"
                f" ({refused}); give max_tokens=max_completion_tokens, another temperature, or"
                " another model"
            )
        return None

    async def _not_there(self, refused: RefusedError) -> UserError:
        try:
            names = sorted(
                str(model.get("id")) for model in models(await self._posts.get("models"))
            )
        except NoAnswerError:
            names = []
        if names and self._model not in names:
            more = ", ..." if len(names) > 10 else ""
            shown = ", ".join(names[:10])
            return UserError(
                f"{self._server} has no model '{self._model}'; give one of those that it has:"
                f" {shown}{more}"
            )
        return UserError(
            f"{self._server} has no model '{self._model}', or no /chat/completions there"
            f" ({refused}); check the model's name and the url, which ends in /v1 for most servers"
        )

    def no_entry(self, refused: RefusedError) -> UserError:
        """The key is missing or wrong."""
        name = self._posts.key_variable
        if self._posts.has_key:
            said, cure = f"does not accept the key in {name}", f"set {name} to one that it accepts"
        else:
            said, cure = "wants a key", f"set {name}, or name another variable with key_variable="
        return UserError(f"{self._asked} {said} ({refused}); {cure}")

    def unreachable(self, reason: object) -> UserError:
        """No connection can be made."""
        return UserError(f"{self._asked} cannot be reached: {reason}; start it, or check the url")

    def no_listing(self, reason: object) -> UserError:
        """It cannot be found out which server it is, and so how it must be asked."""
        return UserError(
            f"{self._asked} does not tell what server it is ({reason}); give server=openai,"
            " server=vllm or server=sglang"
        )

    def no_logprobs(self, reason: RefusedError | None = None) -> UserError:
        """Log-probabilities are refused, or left out."""
        shown = f" ({reason})" if reason is not None else ""
        return UserError(
            f"{self._asked} gives no log-probabilities as asked{shown}; give decode=generate"
        )


def models(answer: Any) -> list[dict[str, Any]]:
    """The models that a server lists."""
    listed = answer.get("data") if isinstance(answer, dict) else answer
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
