"""Loading checkpoints: the processor for worker threads, and the weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import Any, Literal, get_args

from ...harness.errors import UserError
from .chats import TemplateArguments
from .checkpoints import Checkpoint
from .llava_next import is_llava_next, load_llava_next_model, load_llava_next_processor
from .memory import keep_freed_memory
from .processors import load_processor, with_template_arguments

Quantization = Literal["none", "8bit", "4bit"]


@dataclass(frozen=True)
class Loading:
    """One checkpoint, and how it is to be loaded.

    Args:
        checkpoint: where it is.
        dtype: number format of the weights.
        device_map: as transformers takes it: ``cpu``, ``cuda:0``, ``auto``.
        attention: attention implementation; None is the model's own choice.
        quantization: weights in 8 or 4 bits.
        trust_remote_code: run Python code that comes with the checkpoint.
        template_arguments: settings of its chat template.
    """

    checkpoint: Checkpoint
    dtype: str
    device_map: str
    attention: str | None
    quantization: Quantization
    trust_remote_code: bool
    template_arguments: TemplateArguments = ()

    def processor(self) -> Any:
        """The processor; loads no weights.

        Raises:
            UserError: not a vision-language checkpoint, or no chat template.
        """
        return with_template_arguments(self._processor(), self.template_arguments)

    def _processor(self) -> Any:
        checkpoint = self.checkpoint
        if is_llava_next(checkpoint.config):
            return load_llava_next_processor(checkpoint.source, revision=checkpoint.revision)
        _ = self._config  # what is no vision-language model is told before its processor fails
        return load_processor(checkpoint.source, **self._where)

    def model(self) -> Any:
        """The model with its weights.

        Raises:
            UserError: not a vision-language checkpoint, or weights that do not fit it.
        """
        if self.device_map == "cpu":
            keep_freed_memory()
        if is_llava_next(self.checkpoint.config):
            return load_llava_next_model(
                self.checkpoint.source,
                revision=self.checkpoint.revision,
                dtype=self.dtype,
                device_map=self.device_map,
                attention=self.attention,
                **self._quantized(),
            )
        from transformers import AutoModelForImageTextToText

        model, report = AutoModelForImageTextToText.from_pretrained(
            self.checkpoint.source,
            config=self._config,
            **self._where,
            **self._quantized(),
            dtype=self.dtype,
            device_map=self.device_map,
            use_safetensors=True,
            output_loading_info=True,
            **({} if self.attention is None else {"attn_implementation": self.attention}),
        )
        if report["missing_keys"]:
            raise UserError(
                f"checkpoint {self.checkpoint.source} lacks {len(report['missing_keys'])} weights"
                f" of its architecture {type(model).__name__}"
                f" ({sorted(report['missing_keys'])[0]}, ...); convert it to the layout that"
                " transformers expects"
            )
        return model

    def ends(self, tokenizer: Any) -> frozenset[int]:
        """The tokens that end an answer, by the checkpoint's settings; loads no weights."""
        from transformers import GenerationConfig

        config = self.checkpoint.config
        usual = (config.get("text_config") or config).get("eos_token_id")
        try:
            own = GenerationConfig.from_pretrained(self.checkpoint.source, **self._where)
        except OSError:  # it has none
            return end_tokens(usual, tokenizer.eos_token_id)
        return end_tokens(own.eos_token_id, tokenizer.eos_token_id)

    @cached_property
    def _where(self) -> dict[str, Any]:
        return {
            "revision": self.checkpoint.revision or "main",
            "trust_remote_code": self.trust_remote_code,
        }

    @cached_property
    def _config(self) -> Any:
        from transformers import AutoConfig
        from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

        config = AutoConfig.from_pretrained(self.checkpoint.source, **self._where)
        remote = "AutoModelForImageTextToText" in (getattr(config, "auto_map", None) or {})
        if type(config) not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING and not remote:
            raise UserError(
                f"checkpoint {self.checkpoint.source} is no vision-language model (its type is"
                f" '{config.model_type}'); give one that transformers loads for image-text-to-text"
            )
        return config

    def _quantized(self) -> dict[str, Any]:
        if self.quantization == "none":
            return {}
        known = get_args(Quantization)
        if self.quantization not in known:
            raise UserError(
                f"quantization={self.quantization} is not one of transformers' here; use"
                f" {' or '.join(known[1:])}, or leave it out"
            )
        if find_spec("bitsandbytes") is None:
            raise UserError(
                f"quantization={self.quantization} of checkpoint {self.checkpoint.source} needs"
                " bitsandbytes, which is not installed; pip install bitsandbytes, or leave"
                " quantization=none"
            )
        import torch
        from transformers import BitsAndBytesConfig

        if self.quantization == "8bit":
            return {"quantization_config": BitsAndBytesConfig(load_in_8bit=True)}
        in_4_bits = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=getattr(torch, self.dtype, torch.bfloat16),
        )
        return {"quantization_config": in_4_bits}


def end_tokens(*ids: int | list[int] | None) -> frozenset[int]:
    """All of these that are tokens."""
    flat = [one if isinstance(one, list) else [one] for one in ids]
    return frozenset(token for part in flat for token in part if token is not None)


@contextmanager
def user_errors(path: str) -> Iterator[None]:
    """Loading problems as one line; transformers' own are paragraphs.

    Raises:
        UserError: anything went wrong.
    """
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
