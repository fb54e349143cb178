"""Local copies of media that stand on the web or on the Hugging Face hub, fetched once."""

from __future__ import annotations

import os
import re
import tempfile
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import unquote, urlsplit

from .cache import cache_folder
from .errors import MediaError

_HUB_PAGE = re.compile(
    r"https://(?:www\.)?huggingface\.co/(?:(?P<kind>datasets|spaces)/)?(?P<repo>[^/]+/[^/]+)"
    r"/(?:resolve|blob|raw)/(?P<revision>[^/]+)/(?P<file>.+)"
)
_HUB_URI = re.compile(
    r"hf://(?:(?P<kind>datasets|spaces|models)/)?(?P<repo>[^/@]+/[^/@]+)(?:@(?P<revision>[^/]+))?"
    r"/(?P<file>.+)"
)
_KINDS = {"datasets": "dataset", "spaces": "space"}
_LOCKS = tuple(Lock() for _ in range(64))


def is_address(uri: str) -> bool:
    """Whether ``uri`` has to be fetched, rather than being a local path."""
    return re.match(r"(https?|hf)://", uri) is not None


def fetched(uri: str, *, max_bytes: int, timeout: float) -> Path:
    """A local copy of an ``http(s)`` or ``hf`` address.

    Files of huggingface.co go through huggingface_hub's cache, all others into
    ``$UNIEVAL_CACHE`` (default ``~/.cache/unieval``); a file there is complete, because it is
    written under another name first.

    Args:
        uri: the address; for the hub also its pages (``/blob/``, ``/resolve/``) and
            ``hf://datasets/OWNER/NAME[@REVISION]/FILE``.
        max_bytes: a longer download from elsewhere than the hub is broken off.
        timeout: seconds for each wait on the network.

    Raises:
        MediaError: the file cannot be had; says why.
    """
    bare = uri.partition("?")[0]
    match = _HUB_PAGE.fullmatch(bare) or _HUB_URI.fullmatch(bare)
    if match:
        return _from_hub(match)
    if uri.startswith("hf://"):
        raise MediaError("not a hub address; write hf://datasets/OWNER/NAME[@REVISION]/FILE")
    name = blake2b(uri.encode(), digest_size=16).hexdigest() + Path(urlsplit(uri).path).suffix[:8]
    folder = cache_folder() / "downloads"
    path = folder / name
    with _LOCKS[hash(uri) % len(_LOCKS)]:  # both orders of a pair ask for it at the same time
        if not path.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            _download(uri, path, max_bytes, timeout)
    return path


def _from_hub(match: re.Match[str]) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    revision = match["revision"]
    asked: dict[str, Any] = {
        "repo_id": match["repo"],
        "filename": unquote(match["file"]),
        "repo_type": _KINDS.get(match["kind"]),
        "revision": revision and unquote(revision),
    }
    try:
        try:
            # media do not change, and asking the hub about each one again would take seconds
            return Path(hf_hub_download(**asked, local_files_only=True))
        except LocalEntryNotFoundError:
            return Path(hf_hub_download(**asked))
    except Exception as error:
        raise MediaError(_no_download(error)) from error


def _download(uri: str, path: Path, max_bytes: int, timeout: float) -> None:
    from http.client import HTTPException
    from urllib.request import Request, urlopen

    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f"{path.stem}.")
    try:
        with (
            os.fdopen(handle, "wb") as file,
            urlopen(Request(uri, headers={"User-Agent": "unieval"}), timeout=timeout) as web,
        ):
            stated = web.headers.get("Content-Length")
            size = 0
            while block := web.read(1 << 20):
                size += len(block)
                if size > max_bytes:
                    raise MediaError(f"more than {max_bytes:,} bytes; leave the item out")
                file.write(block)
        if stated is not None and size < int(stated):
            raise MediaError(f"the download ended after {size:,} of {stated} bytes; try again")
        Path(partial).replace(path)
    except (OSError, HTTPException) as error:
        raise MediaError(_no_download(error)) from error
    finally:
        Path(partial).unlink(missing_ok=True)


def _no_download(error: Exception) -> str:
    reason = (str(error).splitlines() or [""])[0]
    return (
        f"cannot be downloaded ({type(error).__name__}: {reason}); check the address and the"
        " network, or give local media"
    )
