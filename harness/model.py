"""What a model under test is: it answers questions, or makes media for prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from .errors import UserError
from .items import Kind, Modality, Output
from .judge import ALL_MODALITIES


@dataclass(frozen=True)
class Takes:
    """What a model can do; the plan refuses a task outside it before anything is loaded.

    ``questions``: it answers questions about media of these modalities. ``prompts``: it makes media
    of these modalities. ``needs_media``: it opens the images and videos it is asked about.
    """

    questions: frozenset[Modality] = ALL_MODALITIES
    prompts: frozenset[Modality] = frozenset()
    needs_media: bool = True


@runtime_checkable
class Model(Protocol):
    """Answers requests about questions or prompts; takes batches.

    It may have the optional members of a :class:`~.judge.Judge` as well: ``prepare``, ``size``,
    ``batch_size``, ``batch_tokens``, ``identity``, ``expect``, ``noted``, ``note``, ``estimate``,
    ``spent``, ``close``.
    """

    @property
    def supports(self) -> Takes:
        """What it can do."""
        ...

    def respond(self, batch: Sequence[Any]) -> Sequence[Output]:
        """Answer each request of the batch, in order: a text, or the media that were ``made``."""
        ...


def check_model(name: str, model: object) -> Model:
    """The object, if it is a model.

    Raises:
        UserError: it is none; the message says what it lacks.
    """
    if not isinstance(getattr(model, "supports", None), Takes):
        raise UserError(
            f"model '{name}' has no `supports`; set `supports = unieval.Takes(...)` on it"
        )
    if not isinstance(model, Model):
        raise UserError(f"model '{name}' has no `respond` method")
    return model


def check_takes(task: str, kind: Kind, modality: Modality | None, name: str, takes: Takes) -> None:
    """Refuse a model that cannot do what a task asks for.

    Raises:
        UserError: names what the model lacks, and the cure.
    """
    able = takes.questions if kind == "question" else takes.prompts
    if modality is None or modality in able:
        return
    wanted = f"answer questions about {modality}s" if kind == "question" else f"make {modality}s"
    raise UserError(f"model '{name}' does not {wanted}, which {task} needs; choose another model")
