"""The backend for OpenAI-compatible servers, against a real server on this machine."""

from __future__ import annotations

import base64
import io
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from chat_server import (
    ChatServer,
    answers,
    closes,
    completion,
    drips,
    echoes,
    hangs_up,
    likely,
    refuses,
    says,
    serving,
    waits,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from unieval.harness.errors import UserError
from unieval.judges.backends.chats import Chat, Clip
from unieval.judges.backends.http_choices import read_choice
from unieval.judges.backends.openai import OpenAIServer

KEY = "sk-nobody-may-see-this"
Connect = Callable[..., OpenAIServer]
ASKED = {"max_new_tokens": 8}


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def connect() -> Iterator[Connect]:
    made = []

    def to(where: ChatServer | str, /, **options: Any) -> OpenAIServer:
        url = where if isinstance(where, str) else where.url
        usual = {"backoff": 0.001, "retries": 3, "timeout": 5.0}
        made.append(OpenAIServer("judge", url, **{**usual, **options}))
        return made[-1]

    yield to
    for backend in made:
        backend.close()


def picture(colour: str = "red", size: tuple[int, int] = (40, 30)) -> Image.Image:
    return Image.new("RGB", size, colour)


def chats(backend: OpenAIServer, count: int) -> list[Any]:
    return [backend.prepare(Chat((f"question {i}",), seed=i)) for i in range(count)]


# What is sent


def test_every_request_says_how_to_answer(connect: Connect):
    seed = 2**62 + 12345
    with serving() as server:
        backend = connect(server)
        parts = (picture("red"), "first", picture("blue"), "second", "")
        chat = backend.prepare(Chat(parts, seed=seed))
        backend.generate([chat], max_new_tokens=7, temperature=0.5)
    [body] = server.bodies
    [message] = body.pop("messages")
    assert body == {
        "model": "judge",
        "temperature": 0.5,
        "max_tokens": 7,
        "seed": seed % 2**31,
        "n": 1,
        "stream": False,
    }
    assert message["role"] == "user"
    kinds = [part["type"] for part in message["content"]]
    assert kinds == ["image_url", "text", "image_url", "text"]
    url = message["content"][0]["image_url"]["url"]
    head, _, data = url.partition(",")
    assert head == "data:image/png;base64"
    shown = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (shown.size, shown.getpixel((0, 0))) == ((40, 30), (255, 0, 0))
    assert message["content"][1] == {"type": "text", "text": "first"}


def test_greedy_is_temperature_zero(connect: Connect):
    with serving() as server:
        backend = connect(server, max_tokens="max_completion_tokens")
        backend.generate(chats(backend, 1), max_new_tokens=7)
    assert server.bodies[0]["temperature"] == 0
    assert server.bodies[0]["max_completion_tokens"] == 7
    assert "max_tokens" not in server.bodies[0]


@pytest.mark.parametrize("owner", ["vllm", "sglang", "somebody"])
def test_a_checkpoints_own_sampling_settings_are_switched_off(connect: Connect, owner: str):
    with serving() as server:
        server.owner = owner
        backend = connect(server)
        for _ in range(2):
            backend.generate(chats(backend, 1), **ASKED)
    assert server.listings == 1
    for body in server.bodies:
        own = {body.get("repetition_penalty"), body.get("top_p")}
        assert own == ({None} if owner == "somebody" else {1.0})
        assert body.get("top_k") == (None if owner == "somebody" else -1)


def test_servers_that_list_no_models_are_asked_as_any(connect: Connect):
    with serving() as server:
        server.models = None
        backend = connect(server)
        assert backend.generate(chats(backend, 1), **ASKED)[0].text == "Image 1 is better"


def test_a_server_that_does_not_tell_what_it_is_must_be_named(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("chat_server.Handler.do_GET", lambda handler: handler.reply(503, {}))
    with serving() as server:
        backend = connect(server)
        with pytest.raises(UserError, match=r"HTTP 503.*tried 4 times.*server=openai"):
            backend.generate(chats(backend, 1), **ASKED)
    assert not server.bodies
    assert backend.spent()["requests"] == 0


def test_a_named_server_is_not_asked_what_it_is(connect: Connect):
    with serving() as server:
        backend = connect(server, server="vllm")
        backend.generate(chats(backend, 1), **ASKED)
    assert server.listings == 0
    assert server.bodies[0]["min_p"] == 0


def test_images_are_encoded_once_from_many_threads(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
):
    saved = []
    save = Image.Image.save
    monkeypatch.setattr(
        Image.Image,
        "save",
        lambda self, *args, **more: (saved.append(1), save(self, *args, **more)),
    )
    backend = connect("http://localhost:1/v1")
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: backend.prepare(Chat((picture(), f"{i}"))), range(32)))
    assert len(saved) == 1
    assert len({id(chat.content[0]["image_url"]["url"]) for chat in made}) == 1
    flat = backend.prepare(Chat((picture().convert("L").convert("RGB"), picture("red", (30, 40)))))
    assert len({part["image_url"]["url"] for part in (*flat.content, made[0].content[0])}) == 3


def test_kept_images_are_bounded():
    from unieval.judges.backends.data_urls import DataUrls

    urls = DataUrls("png", kept=1000)
    for i in range(50):
        urls.served(Chat((Image.new("RGB", (8, 8), (i, 0, 0)),)))
    assert urls._size == sum(len(f.result()) for f in urls._made.values()) <= 1000
    urls.forget()
    assert not urls._made


def test_jpeg_is_used_when_asked_for(connect: Connect):
    backend = connect("http://localhost:1/v1", image_format="jpeg")
    url = backend.prepare(Chat((picture().convert("RGBA"),))).content[0]["image_url"]["url"]
    assert url.startswith("data:image/jpeg;base64,")
    assert backend.identity()["image_format"] == "jpeg, quality 95"


def test_clips_are_refused(connect: Connect):
    with pytest.raises(UserError, match="video=frames"):
        connect("http://localhost:1/v1").prepare(Chat((Clip((picture(), picture()), 2.0),)))


# Answers


def test_replies_come_in_order_and_connections_are_used_again(connect: Connect):
    slow_first = waits(0.05)
    with serving(slow_first, usual=echoes) as server:
        backend = connect(server, concurrency=4)
        replies = backend.generate(chats(backend, 40), **ASKED)
        replies += backend.generate(chats(backend, 40), **ASKED)
    assert [reply.text for reply in replies] == [f"question {i}" for i in range(40)] * 2
    assert {(reply.tokens_in, reply.tokens_out, reply.failure) for reply in replies} == {
        (100, 5, None)
    }
    assert len(server.connections) <= 4
    assert len(server.bodies) == 80


def test_concurrency_is_bounded_and_used(connect: Connect):
    with serving(usual=waits(0.1)) as server:
        backend = connect(server, concurrency=5)
        backend.generate(chats(backend, 30), **ASKED)
    assert server.most_under_way == 5


def test_the_token_limit_counts_as_cut_off(connect: Connect):
    with serving(says("Image 1 is", "length"), says("Image 1 is better")) as server:
        backend = connect(server, concurrency=1)
        cut, whole = backend.generate(chats(backend, 2), **ASKED)
    assert (cut.text, cut.truncated, whole.truncated) == ("Image 1 is", True, False)


def test_thoughts_are_no_answer(connect: Connect):
    script = (
        says("Image 2 is better", message={"reasoning_content": "Image 1 is better"}),
        says(None, "length", message={"reasoning": "Image 1 is better"}),
        says(None, message={"reasoning_content": "Image 1 is better"}),
    )
    with serving(*script) as server:
        backend = connect(server, concurrency=1)
        replies = backend.generate(chats(backend, 3), **ASKED)
    found = [(reply.text, reply.truncated, reply.failure) for reply in replies]
    assert found == [("Image 2 is better", False, None), ("", True, None), ("", False, None)]


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (answers(200, {**completion("x"), "choices": []}), "empty"),
        (says(None, "content_filter"), r"empty \(content_filter\)"),
        (says(None, message={"refusal": "I must not"}), "I must not"),
        (answers(200, {"choices": [{"index": 0}], "usage": None}), "empty"),
        (answers(200, {"choices": ["?"]}), "empty"),
        (refuses(400, "the chat is too long"), "HTTP 400: the chat is too long"),
        (refuses(413), "HTTP 413"),
        (answers(422, {"detail": [{"msg": "bad"}]}), r'HTTP 422: \[{"msg": "bad"}\]'),
        (answers(418, b"<p>teapot</p>"), "HTTP 418: <p>teapot</p>"),
    ],
)
def test_a_chat_that_fails_is_asked_once_and_fails_alone(
    connect: Connect, behave: Any, reason: str
):
    with serving(says("fine"), behave, says("fine")) as server:
        backend = connect(server, concurrency=1)
        good, bad, also_good = backend.generate(chats(backend, 3), **ASKED)
    assert (good.text, also_good.text) == ("fine", "fine")
    assert bad.text == ""
    assert bad.failure is not None
    import re

    assert re.search(reason, bad.failure), bad.failure
    assert len(server.bodies) == 3


# Trouble that passes


@pytest.mark.parametrize(
    "trouble",
    [
        refuses(429),
        *(refuses(status) for status in (500, 502, 503, 504)),
        answers(200, b"<html>gateway</html>"),
        answers(200, b"\xff\xfe\x00"),
        answers(200, b'{"choices": [{"mess'),
        answers(200, b"[" * 100_000),
        answers(200, {"error": {"message": "overloaded"}}),
        answers(200, []),
        answers(200, b"\x1f\x8bgarbage", Content_Encoding="gzip"),
        closes,
        hangs_up,
    ],
)
def test_passing_trouble_is_tried_again(connect: Connect, trouble: Any):
    with serving(trouble, trouble, usual=echoes) as server:
        backend = connect(server)
        [reply] = backend.generate(chats(backend, 1), **ASKED)
    assert (reply.text, reply.failure) == ("question 0", None)
    assert len(server.bodies) == 3
    assert len({str(body) for body in server.bodies}) == 1
    assert (backend.spent()["requests"], backend.spent()["retries"]) == (3, 2)


@pytest.mark.parametrize("slow", [waits(1.2), drips])
def test_a_slow_answer_is_asked_for_again(connect: Connect, slow: Any):
    with serving(slow, usual=echoes) as server:
        backend = connect(server, timeout=0.6)
        [reply] = backend.generate(chats(backend, 1), **ASKED)
    assert (reply.text, backend.spent()["retries"]) == ("question 0", 1)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (refuses(429, "slow down"), "HTTP 429: slow down (tried 4 times)"),
        (refuses(503, "busy"), "HTTP 503: busy (tried 4 times)"),
        (answers(200, b"<html>"), "what came back is no answer: <html> (tried 4 times)"),
        (waits(0.5), "no answer within 0.2 seconds (tried 4 times)"),
    ],
)
def test_trouble_that_stays_is_a_reason(connect: Connect, trouble: Any, reason: str):
    with serving(usual=trouble) as server:
        backend = connect(server, timeout=0.2 if "within" in reason else 5)
        [reply] = backend.generate(chats(backend, 1), **ASKED)
    assert reply.failure == reason
    assert len(server.bodies) == 4


def test_nothing_is_lost_or_twice_amid_trouble(connect: Connect):
    bad = [refuses(429), closes, refuses(500), answers(200, b"?"), hangs_up, refuses(503)]
    with serving(*bad * 5, usual=echoes) as server:
        backend = connect(server, retries=40)
        replies = backend.generate(chats(backend, 60), **ASKED)
    assert [reply.text for reply in replies] == [f"question {i}" for i in range(60)]
    assert len(server.bodies) == 90
    assert backend.spent()["retries"] == 30
    assert backend.spent()["tokens_in"] == 60 * 100


@pytest.mark.parametrize(("value", "least"), [("0.3", 0.3), ("0", 0), ("soon", 0), ("-5", 0)])
def test_retry_after_is_honoured(connect: Connect, value: str, least: float):
    with serving(answers(429, {}, Retry_After=value), usual=echoes) as server:
        backend = connect(server)
        began = time.monotonic()
        [reply] = backend.generate(chats(backend, 1), **ASKED)
    assert reply.failure is None
    assert least <= time.monotonic() - began < least + 3


def test_retry_after_is_bounded_and_may_be_a_date():
    from email.utils import formatdate

    import httpx2
    from unieval.judges.backends.posts import _asked_wait

    def asked(value: str) -> float:
        return _asked_wait(httpx2.Headers({"Retry-After": value}))

    assert asked("86400") == 60
    assert 5 < asked(formatdate(time.time() + 10, usegmt=True)) <= 10
    assert asked(formatdate(time.time() - 10, usegmt=True)) == 0
    assert asked("nan") == asked("") == asked("99999999999-12-12") == 0


# Mistakes


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("kind", ["auto", "openai"])
def test_a_server_that_is_not_there_is_told_at_once(connect: Connect, kind: str):
    url = f"http://127.0.0.1:{free_port()}/v1"
    backend = connect(url, server=kind, retries=50, backoff=0.1)
    with pytest.raises(UserError, match=f"'judge' at {url} cannot be reached.*check the url"):
        backend.generate(chats(backend, 3), **ASKED)


def test_a_server_that_dies_stops_the_run_and_one_that_returns_goes_on(connect: Connect):
    with serving(usual=echoes) as server:
        port = server.server_port
        backend = connect(server)
        assert backend.generate(chats(backend, 1), **ASKED)[0].failure is None
    with pytest.raises(UserError, match=r"cannot be reached.*tried 4 times"):
        backend.generate(chats(backend, 2), **ASKED)
    with serving(usual=echoes, port=port):
        assert backend.generate(chats(backend, 2), **ASKED)[1].text == "question 1"


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (refuses(401, "bad key"), r"wants a key \(HTTP 401\); set OPENAI_API_KEY"),
        (refuses(403, "not you"), r"wants a key \(HTTP 403: not you\)"),
        (refuses(402, "pay"), "wants money"),
        (refuses(429, "quota", code="insufficient_quota"), "top up the account"),
        (answers(308, b"", Location="https://elsewhere"), "perhaps with https"),
        (refuses(400, "what?", param="temperature"), "`temperature`.*another temperature"),
        (refuses(400, "use the other", param="max_tokens"), "max_tokens=max_completion_tokens"),
    ],
)
def test_what_every_chat_would_meet_is_the_users_mistake(
    connect: Connect, behave: Any, reason: str
):
    with serving(usual=behave) as server:
        backend = connect(server)
        with pytest.raises(UserError, match=reason) as caught:
            backend.generate(chats(backend, 20), **ASKED)
    assert server.url in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_one_forbidden_chat_among_others_fails_alone(connect: Connect):
    with serving(says("fine"), refuses(403, "flagged"), usual=says("fine")) as server:
        backend = connect(server, concurrency=1)
        replies = backend.generate(chats(backend, 3), **ASKED)
    assert [reply.failure for reply in replies] == [None, "HTTP 403: flagged", None]


def test_an_unknown_model_is_told_with_the_known_ones(connect: Connect):
    with serving(usual=refuses(404, "no such model")) as server:
        server.models = ["other", "another"]
        backend = connect(server)
        with pytest.raises(UserError, match=r"no model 'judge'.* it has: another, other"):
            backend.generate(chats(backend, 3), **ASKED)


def test_an_address_without_v1_is_told(connect: Connect):
    with serving() as server:
        backend = connect(server.url.removesuffix("/v1"))
        with pytest.raises(UserError, match="ends in /v1"):
            backend.generate(chats(backend, 3), **ASKED)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000/v1",
        "ftp://host/v1",
        "http:///v1",
        "http://host:port/v1",
        "http://[::1/v1",
    ],
)
def test_an_address_that_is_none_is_refused(url: str):
    with pytest.raises(UserError, match="url=http://HOST:PORT/v1"):
        OpenAIServer("judge", url)


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hunter2@host:80/v1",
        "http://hunter2@host/v1",
        "http://host/v1?key=hunter2",
        "http://host/v1#hunter2",
        "http://me:hunter2@host:port/v1",
        "htp://me:hunter2@host/v1",
    ],
)
def test_an_address_with_a_secret_is_refused_and_not_repeated(url: str):
    with pytest.raises(UserError) as caught:
        OpenAIServer("judge", url)
    assert "hunter2" not in str(caught.value)


def test_the_whole_endpoint_may_be_given():
    assert OpenAIServer("judge", "http://host:80/v1/chat/completions/").url == "http://host:80/v1"


@pytest.mark.parametrize(
    "options",
    [
        {"concurrency": 0},
        {"retries": -1},
        {"timeout": 0},
        {"backoff": math.nan},
        {"price_in": -1, "price_out": 1},
        {"price_in": 1},
        {"image_format": "bmp"},
        {"top_logprobs": 0},
    ],
)
def test_arguments_out_of_range_are_refused(options: dict[str, Any]):
    with pytest.raises(UserError, match=str(next(iter(options)))):
        OpenAIServer("judge", "http://host/v1", **options)


# Keys, money, the end


def test_the_key_is_sent_and_shown_nowhere(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(0)
    monkeypatch.setenv("MY_KEY", f" {KEY}\n")
    bad = refuses(400, f"Bearer {KEY} asked too much")
    unknown = refuses(401, f"Incorrect API key provided: {KEY[:6]}***{KEY[-4:]}")
    with serving(says("fine"), bad, unknown) as server:
        backend = connect(server, key_variable="MY_KEY", concurrency=1)
        good, failed = backend.generate(chats(backend, 2), **ASKED)
        with pytest.raises(UserError, match="does not accept the key in MY_KEY") as caught:
            backend.generate(chats(backend, 1), **ASKED)
    assert {headers["Authorization"] for headers in server.headers} == {f"Bearer {KEY}"}
    assert good.failure is None
    assert failed.failure == "HTTP 400: Bearer *** asked too much"
    shown = [repr(backend), str(vars(backend)), str(backend.identity()), str(backend.spent())]
    shown += [str(caught.value), repr(failed), caplog.text, str(backend._posts.__dict__)]
    assert KEY not in "".join(shown)
    assert KEY[-4:] not in str(caught.value)


def test_without_a_key_none_is_sent(connect: Connect):
    with serving() as server:
        backend = connect(server)
        backend.generate(chats(backend, 1), **ASKED)
    assert "Authorization" not in server.headers[0]


def test_a_key_in_place_of_its_name_is_refused_and_not_repeated(connect: Connect):
    with pytest.raises(UserError, match="name of an environment variable") as caught:
        connect("http://host/v1", key_variable=KEY)
    assert KEY not in str(caught.value)


def test_a_broken_key_is_not_repeated(connect: Connect, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\nmore")
    backend = connect("http://127.0.0.1:9/v1")
    with pytest.raises(UserError, match="OPENAI_API_KEY") as caught:
        backend.generate(chats(backend, 1), **ASKED)
    assert KEY not in str(caught.value)


def test_spending_counts_what_was_of_no_use_too(connect: Connect):
    script = (refuses(500), answers(200, {**completion("x"), "choices": []}), refuses(400))
    with serving(*script) as server:
        backend = connect(server, price_in=2.0, price_out=10.0, concurrency=1)
        backend.generate(chats(backend, 3), **ASKED)
    dollars = (200 * 2 + 10 * 10) / 1e6
    assert backend.spent() == {
        "requests": 4,
        "retries": 1,
        "tokens_in": 200,
        "tokens_out": 10,
        "dollars": pytest.approx(dollars),
    }
    assert backend.price(200, 10) == pytest.approx(dollars)
    assert connect(server).price(1, 1) is None
    assert connect(server).spent()["dollars"] is None


def test_identity_contacts_nobody(connect: Connect):
    backend = connect("http://127.0.0.1:9/v1/")
    assert backend.identity() == {
        "backend": "openai",
        "model": "judge",
        "url": "http://127.0.0.1:9/v1",
        "server": "auto",
        "image_format": "png",
    }


def test_closing_twice_and_asking_again(connect: Connect):
    before = threading.active_count()
    with serving(usual=echoes) as server:
        backend = connect(server)
        assert backend.generate([], **ASKED) == []
        backend.close()
        backend.generate(chats(backend, 1), **ASKED)
        backend.close()
        backend.close()
        assert not [t for t in threading.enumerate() if t.name == "requests"]
        assert backend.generate(chats(backend, 1), **ASKED)[0].text == "question 0"
        backend.close()
    assert threading.active_count() <= before + 1


def test_an_interrupt_ends_a_batch_at_once(connect: Connect):
    with serving(usual=waits(20)) as server:
        backend = connect(server, timeout=30)

        def interrupt() -> None:
            while server.under_way < 8:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            backend.generate(chats(backend, 8), **ASKED)
        backend.close()
        assert time.monotonic() - began < 5


# Choosing


PAIR = ("Image 1 is better", "Image 2 is better", "Both images are equally good")
WROTE_FIRST = likely(
    {"Image": 0.7, "Both": 0.2, "The": 0.1},
    {" 1": 0.6, " 2": 0.3, "1": 0.05},
    {" is": 0.9},
    {" better": 0.8},
    {"<|im_end|>": 0.95},
)


def logs(*values: float) -> tuple[Any, ...]:
    return tuple(
        pytest.approx(math.log(v)) if v else pytest.approx(math.nan, nan_ok=True) for v in values
    )


def test_choosing_reads_one_request(connect: Connect):
    with serving(usual=says("Image 1 is better", logprobs=WROTE_FIRST)) as server:
        backend = connect(server)
        assert backend.chooses
        [choice] = backend.choose(chats(backend, 1), [PAIR])
    [body] = server.bodies
    assert (body["logprobs"], body["top_logprobs"], body["temperature"]) == (True, 20, 0)
    assert (body["max_tokens"], body["seed"]) == (16, 0)
    assert choice.failure is None
    assert choice.tokens_in == 100
    assert choice.tokens == (
        ("Image", " 1", " is", " better", "<|im_end|>"),
        ("Image", " 2", " is better"),
        ("Both", " images are equally good"),
    )
    # both ways to write 1 count
    assert choice.logprobs[0] == logs(0.7, 0.65, 0.9, 0.8, 0.95)
    assert choice.logprobs[1] == logs(0.7, 0.3, 0)
    assert choice.logprobs[2] == logs(0.2, 0)


def test_a_vllm_server_is_held_to_the_answers(connect: Connect):
    with serving(usual=says("Image 1 is better", logprobs=WROTE_FIRST)) as server:
        server.owner = "vllm"
        backend = connect(server)
        backend.choose(chats(backend, 1), [(*PAIR, PAIR[0])])
        backend.generate(chats(backend, 1), **ASKED)
    assert server.bodies[0]["structured_outputs"] == {"choice": list(PAIR)}
    assert "structured_outputs" not in server.bodies[1]


def read(texts: tuple[str, ...], *steps: dict[str, float], finish: str = "stop", said: str = ""):
    written = said or "".join(next(iter(step)) for step in steps)
    choice = completion(written, finish, logprobs=likely(*steps))["choices"][0]
    return read_choice(choice, texts, 10)


def test_answers_are_known_up_to_where_they_part():
    choice = read(PAIR, {"Both": 0.6, "Image": 0.3, " Image": 0.05}, {" images": 1.0})
    assert choice.tokens[2][:2] == ("Both", " images")
    assert choice.tokens[0] == ("Image", " 1 is better")
    assert choice.logprobs[0] == choice.logprobs[1] == logs(0.35, 0)


def test_words_in_pieces_are_followed():
    first = {"Im": 0.5, "Image": 0.2, "B": 0.1, "Both": 0.1}
    choice = read(PAIR, first, {"age": 0.9}, {" 2": 0.6, " 1": 0.4}, {" is": 1.0})
    assert choice.tokens[0] == ("Im", "age", " 1", " is better")
    assert choice.logprobs[0] == logs(0.7, 0.9, 0.4, 0)
    assert choice.tokens[2] == ("Both", " images are equally good")
    assert choice.logprobs[2] == logs(0.2, 0)


def test_spaces_do_not_matter():
    choice = read(PAIR, {"\n": 0.9}, {"Image": 0.5, "Both": 0.5}, {"1": 0.6, "2": 0.4}, {"is": 1.0})
    assert choice.tokens[1] == ("\n", "Image", "2", " is better")
    assert choice.logprobs[1] == logs(0.9, 0.5, 0.4, 0)


def test_written_text_that_is_no_answer_still_tells():
    choice = read(PAIR, {"The": 0.8, "Both": 0.15}, {" first": 1.0})
    assert choice.failure is None
    assert choice.tokens[2] == ("Both", " images are equally good")
    assert choice.logprobs[0] == logs(0)
    assert choice.tokens[0] == ("Image 1 is better",)


@pytest.mark.parametrize(
    "steps",
    [
        [{"The": 0.8, "A": 0.2}, {" first": 1.0}],
        [{"The": 0.8, "Image": 0.2}, {" first": 1.0}],
        [{"Image": 0.8, "Both": 0.2}, {" A": 1.0}],
        [{"Image": 0.8, "Both": 0.2}],
        [],
    ],
)
def test_where_nothing_tells_the_answers_apart_the_chat_fails(steps: list[dict[str, float]]):
    choice = read(PAIR, *steps, finish="length")
    assert choice.failure is not None
    assert "do not tell which answer" in choice.failure
    assert choice.tokens == choice.logprobs == ()


def test_an_answer_that_another_begins_with():
    one, ten = "Score: 1", "Score: 10"
    end = {"<eos>": 0.9, "0": 0.1}
    choice = read((one, ten), {"Score:": 1.0}, {" 1": 0.5}, end, said="Score: 1")
    assert choice.tokens == (("Score:", " 1", "<eos>"), ("Score:", " 1", "0"))
    assert choice.logprobs[1] == logs(1, 0.5, 0.1)
    choice = read((one, ten), {"Score:": 1.0}, {" 1": 0.5}, {"0": 0.9, "<eos>": 0.1})
    assert choice.tokens == (("Score:", " 1"), ("Score:", " 1", "0"))
    # where 10 is one token, what begins with 1 is not on its way
    choice = read((one, ten), {"Score:": 1.0}, {" 1": 0.5, " 10": 0.4}, said="Score: 1")
    assert choice.tokens == (("Score:", " 1"), ("Score:", " 10"))
    assert choice.logprobs[1] == logs(1, 0.4)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([*PAIR, "Image", " "]),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=3,
)
TOKEN = {
    "token": st.sampled_from(["Image", "Im", " 1", "2", " is", " better", "Both", ""]) | ANYTHING,
    "logprob": st.floats(-20, 0) | ANYTHING,
}
TOP = st.lists(st.fixed_dictionaries(TOKEN) | ANYTHING, max_size=4) | ANYTHING
STEPS = st.lists(st.fixed_dictionaries({**TOKEN, "top_logprobs": TOP}) | ANYTHING, max_size=6)


@given(content=STEPS, text=ANYTHING, finish=st.sampled_from(["stop", "length", None]))
@settings(max_examples=150, deadline=None)
def test_odd_log_probabilities_do_no_harm(content: Any, text: Any, finish: Any):
    choice = {"logprobs": {"content": content}, "message": {"content": text}}
    found = read_choice({**choice, "finish_reason": finish}, PAIR, None)
    if found.failure is not None:
        return
    for tokens, logprobs, answer in zip(found.tokens, found.logprobs, PAIR, strict=True):
        assert len(tokens) == len(logprobs)
        assert all(math.isnan(p) or p <= 0 for p in logprobs)
        assert "".join("".join(tokens).split()).startswith("".join(answer.split()))


@pytest.mark.parametrize("refuse", [True, False])
def test_a_server_without_log_probabilities_is_told(connect: Connect, refuse: bool):
    usual = refuses(400, "logprobs are not for this model") if refuse else says("Image 1 is better")
    with serving(usual=usual) as server:
        backend = connect(server)
        with pytest.raises(UserError, match="decode=generate"):
            backend.choose(chats(backend, 4), [PAIR] * 4)
        assert backend.chooses is refuse
    with pytest.raises(UserError, match="decode=generate"):
        connect(server, logprobs=False).choose(chats(backend, 1), [PAIR])


def test_choosing_fails_one_by_one(connect: Connect):
    good = says("Image 1 is better", logprobs=WROTE_FIRST)
    bad = (refuses(400, "too long"), answers(200, {"choices": []}), says("Image 1 is better"))
    with serving(good, *bad, good) as server:
        backend = connect(server, concurrency=1)
        found = backend.choose(chats(backend, 5), [PAIR] * 5)
    assert [choice.failure is None for choice in found] == [True, False, False, False, True]
    assert backend.chooses


# A whole run


def test_a_run_stores_no_key_and_goes_on_after_the_server_was_away(
    unieval: Callable[..., Any], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
):
    from conftest import write_jsonl

    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name in ("left", "right"):
        picture(size=(32, 32)).save(tmp_path / f"{name}.png")
    rows = [
        {
            "idx": i,
            "prompt": f"prompt {i}",
            "left_image": "left.png",
            "right_image": "right.png",
            "vote_type": "leftvote",
        }
        for i in range(6)
    ]
    data, out = write_jsonl(tmp_path / "items.jsonl", rows), tmp_path / "run"

    def run(url: str) -> Any:
        judge = ("--judge-arg", "path=judge", "--judge-arg", f"url={url}")
        few = ("--judge-arg", "retries=0", "--judge-arg", "batch_size=4")
        return unieval(
            *("run", "--judge", "openai", *judge, *few, "--task", "genai-bench-image"),
            *("--data", data, "--out", out, "--order", "both", "--json"),
        )

    with serving(usual=says("Image 1 is better")) as server:
        port = server.server_port
        server.script = [server.usual] * 4 + [refuses(402, "pay")]
        stopped = run(server.url)
        assert stopped.code == 2, stopped.err
        asked = len(server.bodies)
    assert run(f"http://127.0.0.1:{port}/v1").code == 2  # nobody is there
    with serving(usual=says("Image 1 is better"), port=port) as server:
        finished = run(server.url)
        assert finished.code == 0, finished.err
        assert len(server.bodies) == 12 - 4
        assert all(body["temperature"] == 0 and "seed" in body for body in server.bodies)
    assert 5 <= asked <= 8
    assert not [f for f in out.rglob("*") if f.is_file() and KEY.encode() in f.read_bytes()]
    assert KEY not in stopped.err + stopped.out + finished.err + finished.out


def test_importing_it_imports_no_network_code():
    script = (
        "import sys, unieval.judges.backends.openai as o; o.OpenAIServer('judge', 'http://host/v1')"
        "; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not {"httpx2", "PIL", "torch", "numpy"} & set(done.stdout.split())
