"""What a training needs around it: packages, silence, and errors of workers in one line."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..harness.errors import UserError
from .rows import in_words
from .settings import CommonSettings


def require_packages(settings: CommonSettings) -> None:
    """See that everything that training imports is there.

    Raises:
        UserError: something is not installed.
    """
    from importlib.util import find_spec

    wanted = ["trl", "tensorboard", "matplotlib"]
    wanted += ["peft"] if settings.training.lora is not None else []
    missing = [name for name in wanted if find_spec(name) is None]
    if missing:
        raise UserError(f"training needs {', '.join(missing)}: pip install 'unieval[train]'")
    if settings.training.wandb and find_spec("wandb") is None:
        raise UserError("training.wandb: Weights & Biases is not installed: pip install wandb")


def end_together(state: Any) -> None:
    """Wait until every process of a training is done, and let their group end before they do.

    A process that ends within its group can be aborted by the group's own threads.

    Args:
        state: of accelerate: a ``PartialState`` or an ``Accelerator``.
    """
    import torch.distributed

    state.wait_for_everyone()
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        atexit.unregister(_leave)
        atexit.register(_leave)


def _leave() -> None:
    import torch.distributed

    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


@contextmanager
def worker_errors() -> Iterator[None]:
    """An error that a data loader's process raised comes as that process's traceback; unwrap it."""
    try:
        yield
    except UserError as error:
        raise in_words(error) from None


@contextmanager
def quiet(*others: Any) -> Iterator[None]:
    """No bar for every loading and saving, and no advice from libraries to each other.

    Args:
        others: logging modules of libraries besides transformers, made like its own.
    """
    import warnings

    from transformers.utils import logging

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # data loaders fork
    before = [
        (each, each.is_progress_bar_enabled(), each.get_verbosity()) for each in (logging, *others)
    ]
    for each, _, _ in before:
        each.disable_progress_bar()
        each.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        for each, shown, level in before:
            each.set_verbosity(level)
            if shown:
                each.enable_progress_bar()
