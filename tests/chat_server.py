"""A real OpenAI-compatible server on this machine, which does what a test's script says.

Each behaviour is a function that gets the handler and the request's body, and answers. The script
serves one request after the other, whichever comes first; after its end, ``usual`` does.
"""

from __future__ import annotations

import http.server
import json
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

Body = dict[str, Any]
Behaviour = Callable[["Handler", Body], None]


class ChatServer(http.server.ThreadingHTTPServer):
    """What a test sees of the server: requests, headers, and how many were under way at once."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, script: Sequence[Behaviour], usual: Behaviour, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.lock = threading.Lock()
        self.script, self.usual = list(script), usual
        self.bodies: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.connections: set[tuple[str, int]] = set()
        self.sockets: list[socket.socket] = []
        self.under_way = self.most_under_way = self.listings = 0
        self.models: list[str] | None = ["judge"]
        self.owner = "somebody"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def process_request(self, request: Any, client_address: Any) -> None:
        self.sockets.append(request)
        super().process_request(request, client_address)

    def server_close(self) -> None:
        """Gone at once, like a killed server: open connections break too."""
        super().server_close()
        for each in self.sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave early are part of the tests."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ChatServer

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.listings += 1
        if self.path != "/v1/models" or self.server.models is None:
            self.reply(404, {"detail": "Not Found"})
            return
        listed = [{"id": name, "owned_by": self.server.owner} for name in self.server.models]
        self.reply(200, {"object": "list", "data": listed})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.lock:
            server.bodies.append(body)
            server.headers.append(dict(self.headers))
            server.connections.add(self.client_address)
            server.under_way += 1
            server.most_under_way = max(server.most_under_way, server.under_way)
            behave = server.script.pop(0) if server.script else server.usual
        try:
            if self.path == "/v1/chat/completions":
                behave(self, body)
            else:
                self.reply(404, {"detail": "Not Found"})
        finally:
            with server.lock:
                server.under_way -= 1

    def reply(self, status: int, content: Any, **headers: str) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        with self.server.lock:
            # it counts as answered before the client can know
            self.server.under_way -= 1
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)
        with self.server.lock:
            self.server.under_way += 1

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def serving(
    *script: Behaviour, usual: Behaviour | None = None, port: int = 0
) -> Iterator[ChatServer]:
    server = ChatServer(script, usual or says("Image 1 is better"), port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def completion(text: str | None, finish: str = "stop", **more: Any) -> dict[str, Any]:
    """What a server answers with; ``message`` and ``logprobs`` add to the choice."""
    message = {"role": "assistant", "content": text, **more.pop("message", {})}
    choice = {"index": 0, "message": message, "finish_reason": finish, **more}
    usage = {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105}
    return {"object": "chat.completion", "choices": [choice], "usage": usage}


def says(text: str | None, finish: str = "stop", **more: Any) -> Behaviour:
    return lambda handler, body: handler.reply(200, completion(text, finish, **more))


def echoes(handler: Handler, body: Body) -> None:
    """Answers with the last text of the chat."""
    texts = [p["text"] for p in body["messages"][0]["content"] if p["type"] == "text"]
    handler.reply(200, completion(texts[-1]))


def answers(status: int, content: Any = b"", **headers: str) -> Behaviour:
    return lambda handler, body: handler.reply(status, content, **headers)


def refuses(status: int, message: str = "no", **error: Any) -> Behaviour:
    return answers(status, {"error": {"message": message, **error}})


def waits(seconds: float, then: Behaviour = echoes) -> Behaviour:
    def behave(handler: Handler, body: Body) -> None:
        time.sleep(seconds)
        then(handler, body)

    return behave


def drips(handler: Handler, body: Body) -> None:
    """A body that comes byte by byte, always in time for the next, and never ends in time."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.03)
    handler.close_connection = True


def closes(handler: Handler, body: Body) -> None:
    """Closes the connection in the middle of the body."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.close_connection = True


def hangs_up(handler: Handler, body: Body) -> None:
    """Closes the connection before it says anything."""
    handler.close_connection = True


def likely(*steps: dict[str, float]) -> dict[str, Any]:
    """Log-probabilities as servers give them; the first token of a step is the one written."""

    def entry(token: str, p: float) -> dict[str, Any]:
        return {"token": token, "logprob": math.log(p), "bytes": list(token.encode())}

    content = []
    for step in steps:
        tops = [entry(token, p) for token, p in step.items()]
        content.append({**tops[0], "top_logprobs": tops})
    return {"content": content}
