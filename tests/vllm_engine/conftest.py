"""vLLM run for real, in process and as a server; ``make test-vllm`` makes the environment.

Elsewhere these tests are skipped. Starting vLLM takes most of their time, so that each engine and
server is started once, and the server while the engine's tests run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from vllm_engine.servers import Server

CHECKPOINT = Path(__file__).parents[2] / "judges" / "nano" / "checkpoint"


@pytest.fixture(scope="session", autouse=True)
def _vllm() -> None:
    if find_spec("vllm") is None:
        if os.environ.get("UNIEVAL_VLLM") == "1":
            pytest.fail("vLLM is missing from the environment that is made for it")
        pytest.skip("vLLM is not installed here; make test-vllm runs these tests")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, _vllm: None) -> Iterator[Server]:
    """A server of the nano checkpoint; wait until it is ready."""
    one = Server(CHECKPOINT, "nano", tmp_path_factory.mktemp("server") / "log.txt")
    one.start()
    yield one
    one.kill()


@pytest.fixture(scope="module")
def _older_transformers() -> Iterator[None]:
    """Lets the transformers backend run on the transformers that vLLM brings."""
    from transformers import Qwen2_5_VLProcessor

    with pytest.MonkeyPatch.context() as patch:
        # said elsewhere before transformers 5.20
        patch.setattr(Qwen2_5_VLProcessor, "return_mm_token_type_ids", True, raising=False)
        yield
