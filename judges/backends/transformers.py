"""Vision-language checkpoints run by `transformers`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from threading import Lock
from typing import Any, Literal

from .backend import Choice, Reply
from .chats import Chat, TemplateArguments
from .checkpoints import Checkpoint, locate
from .inputs import Preparation, Prepared
from .loaded import Loaded
from .loading import Loading, Quantization, end_tokens, user_errors

Dtype = Literal["auto", "float32", "bfloat16", "float16"]


class TransformersModel:
    """A checkpoint that ``AutoModelForImageTextToText`` loads, loaded on first use.

    Args:
        path: local folder or hub id.
        revision: branch, tag or commit of a hub checkpoint.
        dtype: ``auto`` is float32 on a CPU (half precision is far slower there) and the
            checkpoint's own type elsewhere.
        device: ``auto`` spreads the model over all GPUs, or uses the CPU if there is none.
        attention: attention implementation (``sdpa``, ``eager``, ``flash_attention_2``); the
            default is the model's own choice.
        quantization: weights in 8 or 4 bits; needs bitsandbytes.
        trust_remote_code: run Python code that comes with the checkpoint. Weights are read from
            safetensors files in any case.
        features: how many bytes of vision features are remembered; the default is 1 GiB on a GPU
            and 256 MiB on a CPU.
        template_arguments: settings of the checkpoint's chat template.
    """

    chooses = True

    def __init__(
        self,
        path: str,
        *,
        revision: str | None = None,
        dtype: Dtype = "auto",
        device: str = "auto",
        attention: str | None = None,
        quantization: Quantization = "none",
        trust_remote_code: bool = False,
        features: int | None = None,
        template_arguments: TemplateArguments = (),
    ) -> None:
        self.path, self.revision = path, revision
        self.dtype, self.device, self.attention = dtype, device, attention
        self.quantization, self.trust_remote_code = quantization, trust_remote_code
        self._features, self._template_arguments = features, template_arguments
        self._lock = Lock()
        self._preparation: Preparation | None = None
        self._loaded: Loaded | None = None

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """Where the checkpoint is and which one; loads no weights.

        Raises:
            UserError: there is no such checkpoint, or the hub cannot be reached.
        """
        return locate(self.path, self.revision)

    @cached_property
    def resolved_dtype(self) -> str:
        """The number format of the weights once loaded; loads no weights."""
        if self.dtype != "auto":
            return self.dtype
        if self.on_cpu:
            return "float32"
        config = self.checkpoint.config
        for part in (config, config.get("text_config") or {}):
            name = part.get("dtype") or part.get("torch_dtype")
            if name:
                return str(name)
        return "auto"

    @cached_property
    def on_cpu(self) -> bool:
        """Whether the weights will be in the CPU's memory; loads none."""
        if self.device != "auto":
            return self.device == "cpu"
        import torch

        return not torch.cuda.is_available()

    def prepare(self, chat: Chat) -> Prepared:
        """Token ids and preprocessed media; safe to call from many threads, needs no weights.

        Raises:
            UserError: the checkpoint cannot be used, or cannot be shown the chat's media.
        """
        return self.preparation(chat)

    @property
    def preparation(self) -> Preparation:
        """Makes chats ready; its processor is loaded at the first call."""
        with self._lock:
            if self._preparation is None:
                with user_errors(self.path):
                    self._preparation = Preparation(self._loading.processor())
            return self._preparation

    @cached_property
    def ends(self) -> frozenset[int]:
        """The tokens that end an answer; loads no weights.

        Raises:
            UserError: the checkpoint cannot be used.
        """
        with user_errors(self.path):
            return self._loading.ends(self.preparation.processor.tokenizer)

    @property
    def encoded(self) -> int:
        """How many images and clips the vision tower has encoded so far."""
        features = None if self._loaded is None else self._loaded.features
        return 0 if features is None else features.encoded

    def size(self, prepared: Prepared) -> int:
        """How many tokens a prepared chat is long (about, where its family is not known)."""
        return prepared.size

    def generate(
        self, batch: Sequence[Prepared], *, max_new_tokens: int, temperature: float = 0.0
    ) -> list[Reply]:
        """Answer prepared chats as one batch, padded on the left.

        Greedy at temperature 0, whatever the checkpoint's own generation settings say. Above it,
        every chat draws from a generator of its own seed, and the draw is the largest of logits
        plus noise, so its result does not depend on what else is in the batch.

        Raises:
            UserError: as :meth:`load`.
        """
        return self.load().generate(batch, max_new_tokens, temperature)

    def choose(
        self, batch: Sequence[Prepared], answers: Sequence[Sequence[str]], *, whole: bool = True
    ) -> list[Choice]:
        """How likely each of the given answers is, after reading each chat once.

        Args:
            batch: prepared chats.
            answers: for each chat, the texts that its turn may consist of.
            whole: tell of all their tokens, not only up to those that tell them apart.

        Raises:
            UserError: as :meth:`load`.
        """
        return self.load().choose(batch, answers, whole)

    def identity(self) -> Mapping[str, object]:
        """What an answer depends on besides the chat; loads no weights.

        Raises:
            UserError: the checkpoint cannot be found.
        """
        return {
            "backend": "transformers",
            "checkpoint": self.path,
            "fingerprint": self.checkpoint.fingerprint,
            "dtype": self.resolved_dtype,
            "attention": self.attention or "default",
            **({} if self.quantization == "none" else {"quantization": self.quantization}),
        }

    def close(self) -> None:
        """Let go of the weights and of what is remembered of media."""
        self._loaded = None
        if self._preparation is not None:
            self._preparation.forget()

    def load(self) -> Loaded:
        """Processor and weights, loaded at the first call.

        Raises:
            UserError: not a vision-language checkpoint, no safetensors weights, weights that do
                not fit its architecture, no chat template, or the hub cannot be reached.
        """
        if self._loaded is None:
            preparation = self.preparation
            with user_errors(self.path):
                self._loaded = self._ready(self._loading.model(), preparation)
        return self._loaded

    @cached_property
    def _loading(self) -> Loading:
        return Loading(
            self.checkpoint,
            self.resolved_dtype,
            "cpu" if self.on_cpu else self.device,
            self.attention,
            self.quantization,
            self.trust_remote_code,
            self._template_arguments,
        )

    def _ready(self, model: Any, preparation: Preparation) -> Loaded:
        from transformers import GenerationConfig

        tokenizer = preparation.processor.tokenizer
        ends = end_tokens(model.generation_config.eos_token_id, tokenizer.eos_token_id)
        # Checkpoints ship sampling settings, which generate() would mix into ours.
        model.generation_config = GenerationConfig(
            do_sample=False, eos_token_id=sorted(ends), pad_token_id=tokenizer.pad_token_id
        )
        kept = self._features
        if kept is None:
            kept = _KEPT_ON_CPU if model.device.type == "cpu" else _KEPT_ON_GPU
        return Loaded(model.eval(), preparation, ends, kept)


_KEPT_ON_CPU, _KEPT_ON_GPU = 256 << 20, 1 << 30
