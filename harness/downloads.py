"""Local copies of media on the web, in object stores or on the Hugging Face hub, fetched once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from .errors import MediaError
from .media_cache import copy_of

_HUB_PAGE = re.compile(
    r"https://(?:www\.)?huggingface\.co/(?:(?P<kind>datasets|spaces)/)?(?P<repo>[^/]+/[^/]+)"
    r"/(?:resolve|blob|raw)/(?P<revision>[^/]+)/(?P<file>.+)"
)
_HUB_URI = re.compile(
    r"hf://(?:(?P<kind>datasets|spaces|models)/)?(?P<repo>[^/@]+/[^/@]+)(?:@(?P<revision>[^/]+))?"
    r"/(?P<file>.+)"
)
_KINDS = {"datasets": "dataset", "spaces": "space"}
_STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "hdfs", "webhdfs", "oci", "oss")
"""What is read with fsspec. Its other file systems stay closed: ``file`` leads out of the data."""


def is_address(uri: str) -> bool:
    """Whether ``uri`` has to be fetched, rather than being a local path."""
    return re.match(rf"(https?|hf|{'|'.join(_STORES)})://", uri) is not None


def fetched(uri: str, *, max_bytes: int, timeout: float) -> Path:
    """A local copy of an ``http(s)``, ``hf`` or object-store address.

    Files of huggingface.co go through huggingface_hub's cache, all others through
    :mod:`.media_cache`. Object stores (``s3://``, ``gs://``, ``abfs://``, ...) are read by fsspec,
    whose package for the store must be installed and finds its own credentials.

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
    on_the_web = uri.startswith("http")

    def fetch(file: BinaryIO) -> None:
        if on_the_web:
            _download(uri, file, max_bytes, timeout)
        else:
            _read(uri, file, max_bytes)

    try:
        return copy_of(uri, Path(urlsplit(uri).path).suffix[:8], fetch)
    except OSError as error:
        raise MediaError(_no_download(error)) from error


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


def _download(uri: str, file: BinaryIO, max_bytes: int, timeout: float) -> None:
    from http.client import HTTPException
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(uri, headers={"User-Agent": "unieval"}), timeout=timeout) as web:
            stated = web.headers.get("Content-Length")
            size = _copy(web, file, max_bytes)
    except (OSError, HTTPException) as error:
        raise MediaError(_no_download(error)) from error
    if stated is not None and size < int(stated):
        raise MediaError(f"the download ended after {size:,} of {stated} bytes; try again")


def _read(uri: str, file: BinaryIO, max_bytes: int) -> None:
    import fsspec

    try:
        with fsspec.open(uri, "rb") as stored:
            _copy(stored, file, max_bytes)
    except MediaError:
        raise
    except ImportError as error:
        raise MediaError(f"cannot be read: {error}") from error
    except Exception as error:  # every store has errors of its own
        raise MediaError(_no_download(error)) from error


def _copy(source: Any, file: BinaryIO, max_bytes: int) -> int:
    """How many bytes there were."""
    size = 0
    while block := source.read(1 << 20):
        size += len(block)
        if size > max_bytes:
            raise MediaError(f"more than {max_bytes:,} bytes; leave the item out")
        file.write(block)
    return size


def _no_download(error: Exception) -> str:
    reason = (str(error).splitlines() or [""])[0]
    return (
        f"cannot be downloaded ({type(error).__name__}: {reason}); check the address and the"
        " network, or give local media"
    )
