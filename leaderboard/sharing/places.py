"""Where copies are: a folder anywhere that fsspec reads and writes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

from ...harness.errors import UserError
from ...harness.progress import progress
from .inventory import NAME

HUB = "hf://"


class Place(Protocol):
    """A folder at another place. Every error is a UserError that names it."""

    name: str

    def read(self, file: str) -> bytes | None:
        """The content of a small file; *None* if there is none."""
        ...

    def fetch(self, file: str, target: Path) -> None:
        """Copy a file from there."""
        ...

    def write(self, files: Mapping[str, Path], listing: bytes, obsolete: Collection[str]) -> None:
        """Put files there, and at last their listing; take away what is obsolete."""
        ...


def place_of(address: str, *, private: bool = True) -> Place:
    """The place of an address.

    Args:
        address: ``hf://datasets/OWNER/NAME[@REVISION][/PATH]``, or whatever fsspec knows:
            ``s3://bucket/runs/a``, ``file:///disk/a``, a local path.
        private: whether a repository that has to be made is.

    Raises:
        UserError: no such protocol, or one that is not installed.
    """
    from .hub import HubPlace

    return HubPlace.of(address, private) if address.startswith(HUB) else FilePlace(address)


class FilePlace:
    """A folder of a file system that fsspec knows."""

    def __init__(self, address: str) -> None:
        import fsspec

        self.name = address.rstrip("/")
        try:
            self._files, self._root = fsspec.url_to_fs(self.name)
        except (ImportError, ValueError) as error:
            raise UserError(f"{address}: {error}") from None

    def read(self, file: str) -> bytes | None:
        """See :class:`Place`."""
        try:
            content: bytes = self._files.cat_file(self._path(file))
        except FileNotFoundError:
            return None
        except Exception as error:  # every file system has its own
            raise self._failed("read", file, error) from None
        return content

    def fetch(self, file: str, target: Path) -> None:
        """See :class:`Place`."""
        try:
            self._files.get_file(self._path(file), str(target))
        except Exception as error:
            raise self._failed("read", file, error) from None

    def write(self, files: Mapping[str, Path], listing: bytes, obsolete: Collection[str]) -> None:
        """See :class:`Place`; without its listing a copy is known not to be whole."""
        at = NAME
        try:
            for at in (NAME, *obsolete):
                self._remove(at)
            with progress(f"pushing to {self.name}", len(files)) as shown:
                for at, path in files.items():
                    self._files.makedirs(self._path(at).rpartition("/")[0], exist_ok=True)
                    self._files.put_file(str(path), self._path(at))
                    shown.advance(1, 0)
            at = NAME
            self._files.pipe_file(self._path(NAME), listing)
        except Exception as error:
            raise self._failed("written", at, error, "the copy is not whole: push again") from None

    def _remove(self, file: str) -> None:
        if self._files.exists(self._path(file)):
            self._files.rm_file(self._path(file))

    def _path(self, file: str) -> str:
        return f"{self._root}/{file}"

    def _failed(self, what: str, file: str, error: Any, then: str = "") -> UserError:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        return UserError(f"{self.name}/{file} cannot be {what}: {reason}" + (then and f"; {then}"))
