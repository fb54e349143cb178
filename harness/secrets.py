"""Secrets taken out of what is written or shown: keys, tokens, and passwords in addresses.

What a model or a data set says is no place for a user's secrets and stays as it is; errors, logs,
manifests and tracebacks may quote a header, an address or the environment.
"""

from __future__ import annotations

import os
import re
from typing import Any

HIDDEN = "***"

_SECRET = (
    r"(?:token|secret|signature|password|passwd|credentials?|api-?_?key|access-?_?key(?:id)?|auth)"
)
_PATTERNS = (
    # scheme://user:password@host
    (re.compile(r"(?<=://)[^/\s@'\"]+@"), f"{HIDDEN}@"),
    # ?token=..., &X-Amz-Signature=..., &sig=..., &key=...
    (re.compile(rf"([?&](?:[\w.-]*{_SECRET}|sig|key)=)[^&\s\"'#]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    # api_key=..., hf_token=... as an argument of its own
    (re.compile(rf"^((?:\w+_)?{_SECRET}=).+", re.IGNORECASE | re.DOTALL), rf"\1{HIDDEN}"),
    # Authorization: Bearer ...
    (
        re.compile(r"(authorization[\"']?\s*[:=]\s*)[\"']?(?:\w+\s+)?[^\s\"',}]+", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(\bbearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1{HIDDEN}"),
    # keys that tell by their form what they are
    (re.compile(r"\b(?:hf_\w{16,}|sk-[\w-]{16,}|gh[a-z]_\w{20,}|AKIA[0-9A-Z]{16})"), HIDDEN),
)
_VARIABLE = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$")
_SHORTEST = 8
"""Shorter values are no secrets, and hiding them would garble the text."""


def environment_secrets() -> dict[str, str]:
    """Environment variables called ``..._KEY``, ``..._TOKEN`` and the like, with their values."""
    return {
        name: value.strip()
        for name, value in os.environ.items()
        if len(value.strip()) >= _SHORTEST and _VARIABLE.search(name.upper())
    }


def scrubbed(text: str) -> str:
    """The text with ``***`` in the place of what looks like a secret.

    Secrets are passwords and tokens in addresses, ``Authorization`` headers, keys of well-known
    forms, and the values of environment variables called ``..._KEY``, ``..._TOKEN`` and the like.

    >>> scrubbed("GET https://me:pw@host/a?size=2&token=abc")
    'GET https://***@host/a?size=2&token=***'
    """
    for value in environment_secrets().values():
        text = text.replace(value, HIDDEN)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def scrubbed_tree(value: Any) -> Any:
    """The same for every text in lists and objects, and for what stands under a secret's name."""
    if isinstance(value, dict):
        return {key: _under(key, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [scrubbed_tree(each) for each in value]
    return scrubbed(value) if isinstance(value, str) else value


def _under(name: object, value: Any) -> Any:
    if isinstance(value, str) and isinstance(name, str):
        return scrubbed(f"{name}={value}").removeprefix(f"{name}=")
    return scrubbed_tree(value)
