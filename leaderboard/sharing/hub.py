"""A folder in a data-set repository of the Hugging Face hub; a push is one commit."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...harness.errors import UserError
from .inventory import NAME

_ADDRESS = re.compile(
    r"hf://datasets/(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[^/@]+))?(/(?P<path>.*))?"
)
_SAFE = re.compile(r"([\w -][\w. -]*/)*[\w -][\w. -]*|")


@dataclass
class HubPlace:
    """See :class:`~.places.Place`.

    Args:
        name: the address.
        repo: ``OWNER/NAME``.
        revision: branch, or commit to read from.
        path: folder in the repository; empty for its root.
        private: whether a repository that has to be made is.
    """

    name: str
    repo: str
    revision: str | None
    path: str
    private: bool
    _head: str | None = field(default=None, init=False)

    @classmethod
    def of(cls, address: str, private: bool) -> HubPlace:
        """From an address.

        Raises:
            UserError: it is none of a data set.
        """
        found = _ADDRESS.fullmatch(address.rstrip("/"))
        path = (found["path"] or "") if found else ""
        if found is None or not _SAFE.fullmatch(path):
            raise UserError(
                f"{address} is no address of a data set on the hub; expected"
                " hf://datasets/OWNER/NAME[@REVISION][/PATH]"
            )
        return cls(address.rstrip("/"), found["repo"], found["revision"], path, private)

    @cached_property
    def _api(self) -> Any:
        from huggingface_hub import HfApi

        # The library reads the variable when it is imported, which may have been long ago.
        return HfApi(endpoint=os.environ.get("HF_ENDPOINT"), library_name="unieval")

    def read(self, file: str) -> bytes | None:
        """See :class:`~.places.Place`."""
        from huggingface_hub.errors import RemoteEntryNotFoundError, RepositoryNotFoundError

        with TemporaryDirectory(prefix="unieval-") as folder:
            try:
                return Path(self._downloaded(file, folder)).read_bytes()
            except (RemoteEntryNotFoundError, RepositoryNotFoundError):
                return None
            except Exception as error:
                raise self._failed(error, f"cannot read {file}") from None

    def fetch(self, file: str, target: Path) -> None:
        """See :class:`~.places.Place`."""
        with TemporaryDirectory(prefix="unieval-", dir=target.parent) as folder:
            try:
                Path(self._downloaded(file, folder)).resolve().replace(target)
            except Exception as error:
                raise self._failed(error, f"cannot read {file}") from None

    def _downloaded(self, file: str, folder: str) -> str:
        """Read at the commit that was met first: a copy is not mixed with a later one."""
        if self._head is None:
            info = self._api.repo_info(self.repo, repo_type="dataset", revision=self.revision)
            self._head = info.sha
        local: str = self._api.hf_hub_download(
            self.repo,
            self._in_repo(file),
            repo_type="dataset",
            revision=self._head,
            cache_dir=folder,
        )
        return local

    def write(self, files: Mapping[str, Path], listing: bytes, obsolete: Collection[str]) -> None:
        """See :class:`~.places.Place`; all or nothing, and nothing if others were faster."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        content = {**files, NAME: listing}
        changes = [
            *(CommitOperationAdd(self._in_repo(name), own) for name, own in content.items()),
            *(CommitOperationDelete(self._in_repo(name)) for name in obsolete),
        ]
        try:
            self._api.create_repo(
                self.repo, repo_type="dataset", private=self.private, exist_ok=True
            )
            done = self._api.create_commit(
                self.repo,
                changes,
                commit_message=f"unieval: {self.path or 'a copy'}",
                repo_type="dataset",
                revision=self.revision,
                parent_commit=self._head,
            )
        except Exception as error:
            raise self._failed(error, "nothing was changed there") from None
        self._refuse_gaps(content, done.oid)

    def _refuse_gaps(self, files: Collection[str], commit: str) -> None:
        """A repository's own rules can leave files out of a commit without a word."""
        try:
            listed = self._api.list_repo_tree(
                self.repo, self.path or None, recursive=True, revision=commit, repo_type="dataset"
            )
            there = {entry.path for entry in listed}
        except Exception as error:
            raise self._failed(error, "pushed, but what is there cannot be listed") from None
        if missing := sorted(name for name in files if self._in_repo(name) not in there):
            raise UserError(
                f"{self.name}: the copy is not whole, as the hub left out {', '.join(missing)};"
                " look at the repository's .gitignore, and push again"
            )

    def _in_repo(self, file: str) -> str:
        return f"{self.path}/{file}" if self.path else file

    def _failed(self, error: Exception, what: str) -> UserError:
        said = getattr(error, "server_message", None) or str(error)
        reason = said.strip().partition("\n")[0] or type(error).__name__
        return UserError(
            f"{self.name}: {what}: {reason}. Check the address, the network and `hf auth login`"
        )
