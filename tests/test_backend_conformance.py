"""The backends that need no environment of their own pass the suite for all."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from threading import Lock
from typing import Any

import pytest
from backend_conformance import *  # noqa: F403
from chat_server import Body, Handler, completion, serving
from PIL import Image
from unieval.judges.backends.backend import Backend
from unieval.judges.backends.chats import Chat
from unieval.judges.backends.openai import OpenAIServer
from unieval.judges.backends.transformers import TransformersModel
from unieval.judges.nano import CHECKPOINT
from unieval.reward_training.nano.vocabulary import answers

pytestmark = pytest.mark.usefixtures("one_thread")


class Served:
    """The nano checkpoint behind a server; each of its answers is one token."""

    def __init__(self) -> None:
        self.model = TransformersModel(str(CHECKPOINT))
        self.lock = Lock()

    def __call__(self, handler: Handler, body: Body) -> None:
        with self.lock:
            said = self.completion(body)
        handler.reply(200, said)

    def completion(self, body: Body) -> dict[str, Any]:
        prepared = self.model.prepare(self.chat(body))
        (reply,) = self.model.generate(
            [prepared], max_new_tokens=body["max_tokens"], temperature=body["temperature"]
        )
        finish = "length" if reply.truncated else "stop"
        more = {"logprobs": self.logprobs(prepared, reply.text)} if body.get("logprobs") else {}
        made = completion(reply.text, finish, **more)
        made["usage"] = {
            "prompt_tokens": reply.tokens_in,
            "completion_tokens": reply.tokens_out,
        }
        return made

    def chat(self, body: Body) -> Chat:
        (turn,) = body["messages"]
        parts = [
            part["text"] if part["type"] == "text" else picture_in(part["image_url"]["url"])
            for part in turn["content"]
        ]
        return Chat(tuple(parts), body["seed"])

    def logprobs(self, prepared: Any, said: str) -> dict[str, Any]:
        known = answers()
        (choice,) = self.model.choose([prepared], [known])
        entries = [
            {"token": text, "logprob": row[0], "bytes": list(text.encode())}
            for text, row in zip(known, choice.logprobs, strict=True)
        ]
        entries.sort(key=lambda entry: -entry["logprob"])
        written = next((e for e in entries if e["token"] == said), entries[0])
        return {"content": [{**written, "top_logprobs": entries[:20]}]}


def picture_in(url: str) -> Image.Image:
    assert url.startswith("data:image/png;base64,")
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")


@pytest.fixture(scope="module", params=["transformers", "openai"])
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    if request.param == "transformers":
        yield TransformersModel(str(CHECKPOINT))
        return
    with serving(usual=Served()) as server:
        client = OpenAIServer("judge", server.url, backoff=0.01)
        yield client
        client.close()
