"""The hub's API on this machine, as far as data sets are pushed to it and read from it.

Made after what ``huggingface_hub`` asks for: repositories are created, files announced
(``preupload``), large ones stored by the protocol of Git LFS, a commit is lines of JSON, and files
are read at a commit (``resolve``). Contents are kept by commit, so older ones can be read.
"""

from __future__ import annotations

import base64
import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1, sha256
from typing import Any
from urllib.parse import unquote, urlsplit

REPO = r"(?P<repo>[\w.-]+/[\w.-]+)"


class HubServer(http.server.ThreadingHTTPServer):
    """What a test sees: commits of each repository, oldest first, and the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.commits: dict[str, list[tuple[str, dict[str, bytes]]]] = {}
        self.private: dict[str, bool] = {}
        self.large: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.tokens: set[str | None] = set()
        self.ignored: set[str] = set()
        self.broken: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def files(self, repo: str) -> dict[str, bytes]:
        return self.commits[repo][-1][1]

    def commit(self, repo: str, files: dict[str, bytes]) -> str:
        count = len(self.commits.setdefault(repo, []))
        name = sha1(f"{repo} {count}".encode()).hexdigest()
        self.commits[repo].append((name, files))
        return name

    def at(self, repo: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        for name, files in reversed(self.commits.get(repo, [])):
            if revision in ("main", name):
                return name, files
        return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HubServer

    def log_message(self, *arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.route("GET")

    def do_HEAD(self) -> None:
        self.route("HEAD")

    def do_POST(self) -> None:
        self.route("POST")

    def do_PUT(self) -> None:
        self.route("PUT")

    def route(self, method: str) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append(f"{method} {path}")
        if path.startswith(("/api/repos/", "/api/datasets/")):  # others are public, or signed
            self.server.tokens.add(self.headers.get("Authorization"))
        if self.server.broken is not None and self.server.broken in path:
            self.answer(400, {"error": "no more of this"})
            return
        for verb, pattern, action in ROUTES:
            if method in verb and (found := re.fullmatch(pattern, path)):
                action(self, **found.groupdict())
                return
        self.answer(404, {"error": f"no such place: {path}"})

    def answer(self, code: int, content: Any, **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def missing(self, what: str) -> None:
        self.answer(404, {"error": what}, X_Error_Code=what)

    def create(self) -> None:
        asked = json.loads(self.body)
        repo = f"{asked['organization']}/{asked['name']}"
        assert asked["type"] == "dataset"
        known = repo in self.server.commits
        if not known:
            self.server.private[repo] = asked.get("visibility") == "private"
            self.server.commit(repo, {".gitattributes": b"*.sqlite filter=lfs\n"})
        self.answer(409 if known else 200, {"url": f"{self.server.url}/datasets/{repo}"})

    def info(self, repo: str, revision: str | None = None) -> None:
        found = self.server.at(repo, revision or "main")
        if found is None:
            self.missing("RepoNotFound" if repo not in self.server.commits else "RevisionNotFound")
            return
        siblings = [{"rfilename": name} for name in found[1]]
        self.answer(200, {"id": repo, "sha": found[0], "siblings": siblings, "tags": []})

    def preupload(self, repo: str, revision: str) -> None:
        told = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(".sqlite") else "regular",
                "shouldIgnore": file["path"] in self.server.ignored,
            }
            for file in json.loads(self.body)["files"]
        ]
        self.answer(200, {"files": told})

    def batch(self, repo: str) -> None:
        objects = [
            {**own, "actions": {"upload": {"href": f"{self.server.url}/large/{own['oid']}"}}}
            for own in json.loads(self.body)["objects"]
        ]
        self.answer(200, {"transfer": "basic", "objects": objects})

    def store(self, oid: str) -> None:
        assert sha256(self.body).hexdigest() == oid
        self.server.large[oid] = self.body
        self.answer(200, {})

    def change(self, repo: str, revision: str) -> None:
        head, *lines = [json.loads(line) for line in self.body.splitlines()]
        before, files = self.server.commits[repo][-1]
        if head["value"].get("parentCommit", before) != before:
            self.answer(
                412, {"error": "A commit has happened since. Please refresh and try again."}
            )
            return
        files = dict(files)
        for line in lines:
            own = line["value"]
            if line["key"] == "file":
                files[own["path"]] = base64.b64decode(own["content"])
            elif line["key"] == "lfsFile":
                files[own["path"]] = self.server.large[own["oid"]]
            else:
                assert line["key"] == "deletedFile"
                del files[own["path"]]
        name = self.server.commit(repo, files)
        url = f"{self.server.url}/datasets/{repo}/commit/{name}"
        self.answer(200, {"success": True, "commitUrl": url, "commitOid": name})

    def tree(self, repo: str, revision: str, path: str | None = None) -> None:
        found = self.server.at(repo, revision)
        if found is None:
            self.missing("RevisionNotFound")
            return
        within = f"{path}/" if path else ""
        entries = [
            {"type": "file", "path": name, "size": len(content), "oid": sha1(content).hexdigest()}
            for name, content in found[1].items()
            if name.startswith(within)
        ]
        self.answer(200, entries)

    def resolve(self, repo: str, revision: str, path: str) -> None:
        found = self.server.at(repo, revision)
        if found is None:
            self.missing("RepoNotFound" if repo not in self.server.commits else "RevisionNotFound")
        elif path not in found[1]:
            self.answer(404, {}, X_Error_Code="EntryNotFound", X_Repo_Commit=found[0])
        else:
            content = found[1][path]
            tag = f'"{sha256(content).hexdigest()}"'
            self.answer(200, content, ETag=tag, X_Repo_Commit=found[0])


ROUTES = [
    ("POST", r"/api/repos/create", Handler.create),
    ("GET", rf"/api/datasets/{REPO}(/revision/(?P<revision>[^/]+))?", Handler.info),
    ("POST", rf"/api/datasets/{REPO}/preupload/(?P<revision>[^/]+)", Handler.preupload),
    ("POST", rf"/api/datasets/{REPO}/commit/(?P<revision>[^/]+)", Handler.change),
    ("GET", rf"/api/datasets/{REPO}/tree/(?P<revision>[^/]+)(/(?P<path>.*))?", Handler.tree),
    ("POST", rf"/datasets/{REPO}\.git/info/lfs/objects/batch", Handler.batch),
    ("PUT", r"/large/(?P<oid>[0-9a-f]{64})", Handler.store),
    ("GET HEAD", rf"/datasets/{REPO}/resolve/(?P<revision>[^/]+)/(?P<path>.*)", Handler.resolve),
]


@contextmanager
def hub_server() -> Iterator[HubServer]:
    server = HubServer()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
