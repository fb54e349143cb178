"""Which program runs a checkpoint, and how: one table of backends, and the arguments of each."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from ..harness.errors import UserError
from .backends.backend import Backend
from .backends.chats import TemplateArguments
from .backends.transformers import Dtype

BackendName = Literal["transformers", "vllm", "openai"]

_CLASSES: dict[BackendName, tuple[str, str]] = {
    "transformers": ("transformers", "TransformersModel"),
    "vllm": ("vllm", "VLLMModel"),
    "openai": ("openai", "OpenAIServer"),
}
_BATCHES: dict[BackendName, int] = {"transformers": 8, "vllm": 256, "openai": 64}
_OWN = (
    "dtype",
    "device",
    "attention",
    "quantization",
    "trust_remote_code",
    "tensor_parallel",
    "gpu_memory",
    "max_model_len",
    "url",
    "concurrency",
    "timeout",
    "retries",
    "key_variable",
    "price_in",
    "price_out",
    "server",
    "max_tokens",
    "image_format",
    "top_logprobs",
)


@dataclass(kw_only=True)
class Engine:
    """The program that runs a checkpoint; what is None is left to the backend.

    Args:
        backend: ``transformers``, ``vllm`` (in this process) or ``openai`` (a server).
        batch_size: requests answered at a time.
        batch_tokens: the most tokens of a batch, padding included; halved when memory runs out.
        dtype: number format of the weights: auto, float32, bfloat16 or float16.
        device: auto, cpu, cuda, cuda:1, ... (transformers)
        attention: attention implementation, such as flash_attention_2 (transformers).
        quantization: 8bit or 4bit (transformers, with bitsandbytes), or what vLLM offers.
        trust_remote_code: run Python code that comes with the checkpoint.
        tensor_parallel: over how many GPUs a model is spread (vllm).
        gpu_memory: share of the GPU's memory to use (vllm).
        max_model_len: longest chat with its answer, in tokens (vllm).
        url: the server's address up to ``/v1`` (openai).
        concurrency: requests under way at a time (openai).
        timeout: seconds to wait for an answer (openai).
        retries: how often a request is sent again after 429, 5xx or a broken connection (openai).
        key_variable: environment variable that holds the API key (openai).
        price_in: dollars for a million tokens sent (openai).
        price_out: dollars for a million tokens received (openai).
        server: openai, vllm or sglang; auto asks it which (openai).
        max_tokens: what the token limit is called: max_tokens or max_completion_tokens (openai).
        image_format: png, or jpeg, which is smaller and loses detail (openai).
        top_logprobs: likely tokens asked for by ``decode=choose`` (openai).
    """

    backend: BackendName = "transformers"
    batch_size: int | None = None
    batch_tokens: int | None = None
    dtype: Dtype | None = None
    device: str | None = None
    attention: str | None = None
    quantization: str | None = None
    trust_remote_code: bool | None = None
    tensor_parallel: int | None = None
    gpu_memory: float | None = None
    max_model_len: int | None = None
    url: str | None = None
    concurrency: int | None = None
    timeout: float | None = None
    retries: int | None = None
    key_variable: str | None = None
    price_in: float | None = None
    price_out: float | None = None
    server: str | None = None
    max_tokens: str | None = None
    image_format: str | None = None
    top_logprobs: int | None = None

    def connect(
        self,
        path: str,
        revision: str | None,
        max_images: int,
        template_arguments: TemplateArguments = (),
    ) -> Backend:
        """The backend for one checkpoint (for a server: the name of the model it serves).

        Args:
            path: local folder, hub id, or a server's name for the model.
            revision: branch, tag or commit of a hub checkpoint.
            max_images: the most pictures that a chat will have.
            template_arguments: settings of the checkpoint's chat template.

        Raises:
            UserError: an argument is missing, or is not one of the backend's.
        """
        made = self._class
        takes = inspect.signature(made).parameters
        given = {name: getattr(self, name) for name in _OWN}
        given = {name: value for name, value in given.items() if value is not None}
        given |= {"revision": revision} if revision is not None else {}
        for name in given:
            if name not in takes:
                raise UserError(f"judge argument {name}= is not for backend={self.backend}")
        for name, parameter in takes.items():
            required = parameter.default is parameter.empty
            if required and name not in given and parameter is not next(iter(takes.values())):
                raise UserError(f"backend={self.backend} needs the judge argument {name}=...")
        if "max_images" in takes:
            given["max_images"] = max_images
        backend: Backend = made(path, template_arguments=template_arguments, **given)
        return backend

    @property
    def usual_batch(self) -> int:
        """How many requests the backend likes to have at a time."""
        return _BATCHES[self.backend]

    @cached_property
    def _class(self) -> Any:
        module, name = _CLASSES[self.backend]
        return getattr(importlib.import_module(f".backends.{module}", __package__), name)
