"""Vision-language checkpoints run by `transformers`: batches of chats in, texts out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from ...harness.errors import UserError
from .chats import Chat, model_inputs, placed
from .checkpoints import Checkpoint, locate
from .processors import load_processor

Dtype = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the checkpoint wrote. ``truncated``: it reached the token limit before ending."""

    text: str
    token_ids: tuple[int, ...]
    tokens_in: int
    truncated: bool


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
        trust_remote_code: run Python code that comes with the checkpoint. Weights are read from
            safetensors files in any case.
    """

    def __init__(
        self,
        path: str,
        *,
        revision: str | None = None,
        dtype: Dtype = "auto",
        device: str = "auto",
        attention: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        self.path, self.revision = path, revision
        self.dtype, self.device, self.attention = dtype, device, attention
        self.trust_remote_code = trust_remote_code
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
        if self._on_cpu:
            return "float32"
        config = self.checkpoint.config
        for part in (config, config.get("text_config") or {}):
            name = part.get("dtype") or part.get("torch_dtype")
            if name:
                return str(name)
        return "auto"

    @cached_property
    def _on_cpu(self) -> bool:
        if self.device != "auto":
            return self.device == "cpu"
        import torch

        return not torch.cuda.is_available()

    def load(self) -> Loaded:
        """Processor and weights, loaded at the first call.

        Raises:
            UserError: not a vision-language checkpoint, no safetensors weights, weights that do
                not fit its architecture, no chat template, or the hub cannot be reached.
        """
        if self._loaded is None:
            with _user_errors(self.path):
                self._loaded = self._load()
        return self._loaded

    def close(self) -> None:
        """Let go of the weights."""
        self._loaded = None

    def generate(
        self, chats: Sequence[Chat], *, max_new_tokens: int, temperature: float = 0.0
    ) -> list[Reply]:
        """Answer the chats as one batch, padded on the left.

        Greedy at temperature 0, whatever the checkpoint's own generation settings say. Above it,
        every chat draws from a generator of its own seed, and the draw is the largest of logits
        plus noise, so its result does not depend on what else is in the batch.
        """
        return self.load().generate(chats, max_new_tokens, temperature)

    def _load(self) -> Loaded:
        from transformers import AutoConfig, AutoModelForImageTextToText, GenerationConfig
        from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

        source = self.checkpoint.source
        where: dict[str, Any] = {
            "revision": self.checkpoint.revision or "main",
            "trust_remote_code": self.trust_remote_code,
        }
        config = AutoConfig.from_pretrained(source, **where)
        remote = "AutoModelForImageTextToText" in (getattr(config, "auto_map", None) or {})
        if type(config) not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING and not remote:
            raise UserError(
                f"checkpoint {self.path} is no vision-language model (its type is"
                f" '{config.model_type}'); give one that transformers loads for image-text-to-text"
            )
        processor = load_processor(source, **where)
        model, report = AutoModelForImageTextToText.from_pretrained(
            source,
            config=config,
            **where,
            dtype=self.resolved_dtype,
            device_map=self._device_map(),
            use_safetensors=True,
            output_loading_info=True,
            **({} if self.attention is None else {"attn_implementation": self.attention}),
        )
        if report["missing_keys"]:
            raise UserError(
                f"checkpoint {self.path} lacks {len(report['missing_keys'])} weights of its"
                f" architecture {type(model).__name__} ({sorted(report['missing_keys'])[0]}, ...);"
                " convert it to the layout that transformers expects"
            )
        ends = _as_set(model.generation_config.eos_token_id, processor.tokenizer.eos_token_id)
        # Checkpoints ship sampling settings, which generate() would mix into ours.
        model.generation_config = GenerationConfig(
            do_sample=False,
            eos_token_id=sorted(ends),
            pad_token_id=processor.tokenizer.pad_token_id,
        )
        return Loaded(model.eval(), processor, frozenset(ends))

    def _device_map(self) -> str:
        return "cpu" if self._on_cpu else self.device


@dataclass(frozen=True)
class Loaded:
    """A model in memory with its processor and the tokens that end its answers."""

    model: Any
    processor: Any
    ends: frozenset[int]

    def generate(
        self, chats: Sequence[Chat], max_new_tokens: int, temperature: float
    ) -> list[Reply]:
        """Answer the chats as one batch; see :meth:`TransformersModel.generate`."""
        import torch

        inputs = model_inputs(self.processor, chats)
        noise = [_GumbelNoise([c.seed for c in chats], temperature)] if temperature > 0 else []
        with torch.inference_mode():
            tokens = self.model.generate(
                **placed(inputs, self.model),
                max_new_tokens=max_new_tokens,
                logits_processor=noise,
            )
        written = tokens[:, inputs["input_ids"].shape[1] :].tolist()
        lengths = inputs["attention_mask"].sum(dim=1).tolist()
        return [self._reply(row, length) for row, length in zip(written, lengths, strict=True)]

    def _reply(self, row: list[int], tokens_in: int) -> Reply:
        end = next((i for i, token in enumerate(row) if token in self.ends), None)
        ids = row if end is None else row[: end + 1]
        text = self.processor.tokenizer.decode(ids, skip_special_tokens=True)
        return Reply(text, tuple(ids), tokens_in, truncated=end is None)


class _GumbelNoise:
    """Makes the greedy choice an exact sample of softmax(logits / temperature), row by row."""

    def __init__(self, seeds: Sequence[int], temperature: float) -> None:
        import torch

        self._temperature = temperature
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import torch

        waits = torch.empty(scores.shape, dtype=torch.float64)
        for row, generator in zip(waits, self._generators, strict=True):
            row.exponential_(generator=generator)
        noise = -waits.clamp_min_(1e-300).log_()
        return scores / self._temperature + noise.to(scores.device, scores.dtype)


def _as_set(*ids: int | list[int] | None) -> set[int]:
    flat = [one if isinstance(one, list) else [one] for one in ids]
    return {token for part in flat for token in part if token is not None}


@contextmanager
def _user_errors(path: str) -> Iterator[None]:
    """Loading problems as one line; transformers' own are paragraphs."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # a broken checkpoint can fail in any way
        reason = " ".join(str(error).split())[:300]
        cure = (
            "use a smaller dtype or a device with more memory"
            if "memory" in reason
            else "it must be a vision-language checkpoint that transformers knows, complete, with"
            " weights in safetensors files"
        )
        raise UserError(
            f"checkpoint {path} cannot be loaded ({type(error).__name__}: {reason}); {cure}"
        ) from error
