"""What makes candidates: a model that answers, a pipeline that draws or films, or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..harness.errors import MediaError, UserError
from ..harness.items import Media, Modality, Objective
from .candidates import Generator, Made, Wanted
from .media_files import read_checked
from .pipeline_generator import PipelineGenerator

if TYPE_CHECKING:
    from ..judges.backends.backend import Backend, Reply
    from .build_settings import BuildSettings, ChatSettings
    from .prompts_file import Prompts


def generator(settings: BuildSettings, prompts: Prompts) -> Generator:
    """The generator that the settings name; nothing is loaded yet.

    Raises:
        UserError: one of its settings does not fit, or a package is missing.
    """
    of = settings.candidates
    if of.chat is not None:
        return ChatGenerator(of.chat, prompts, settings.modality)
    if of.pipeline is not None:
        return PipelineGenerator(of.pipeline, settings.modality)
    return FileGenerator(prompts.folder, settings.modality, settings.objective)


class ChatGenerator:
    """Answers by a vision-language checkpoint, each sampled by its own seed.

    Args:
        settings: which checkpoint, and how.
        prompts: what is asked, and where the media lie.
        modality: of the media.

    Raises:
        UserError: a setting of the engine does not fit.
    """

    def __init__(self, settings: ChatSettings, prompts: Prompts, modality: Modality) -> None:
        from pydantic import TypeAdapter, ValidationError

        from ..judges.engine import Engine
        from ..judges.pictures import Pictures

        self.settings, self.modality, self.folder = settings, modality, prompts.folder
        self._pictures = Pictures(settings.frames, settings.video, settings.max_pixels)
        most = max(len(prompt.media) for prompt in prompts.rows)
        if modality == "video" and settings.video == "frames":
            most = settings.frames
        try:
            engine = TypeAdapter(Engine).validate_python(settings.engine)
            self.model: Backend = engine.connect(settings.path, settings.revision, most)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UserError(f"candidates.chat.engine.{where}: {first['msg']}") from None
        except UserError as error:
            said = str(error).replace("judge argument ", "setting ")
            raise UserError(f"candidates.chat.engine: {said}") from None
        self.batch_size = engine.batch_size or engine.usual_batch

    def make(self, wanted: Sequence[Wanted]) -> list[Made]:
        """Answer each; those whose media cannot be opened fail alone."""
        chats: dict[int, Any] = {}
        made: dict[int, Made] = {}
        for place, each in enumerate(wanted):
            try:
                chats[place] = self.model.prepare(self._chat(each))
            except MediaError as error:
                made[place] = Made(failure=str(error), own_media=True)
        if chats:
            replies = self.model.generate(
                list(chats.values()),
                max_new_tokens=self.settings.max_new_tokens,
                temperature=self.settings.temperature,
            )
            made.update(zip(chats, map(_answer, replies), strict=True))
        return [made[place] for place in range(len(wanted))]

    def _chat(self, wanted: Wanted) -> Any:
        from ..judges.backends.chats import Chat

        assert wanted.seed is not None
        parts: list[Any] = []
        for name in wanted.prompt.media:
            path = self.folder / name
            parts += self._pictures.of(Media(self.modality, str(path), name=name))
        return Chat((*parts, wanted.prompt.text), wanted.seed)

    def identity(self) -> Mapping[str, object]:
        """Checkpoint, decoding and how media are shown."""
        own = self.settings
        return {
            **self.model.identity(),
            "temperature": own.temperature,
            "max_new_tokens": own.max_new_tokens,
            "media": self._pictures.identity(),
        }

    def close(self) -> None:
        """Let go of the weights and the remembered pictures."""
        self._pictures.forget()
        self.model.close()


def _answer(reply: Reply) -> Made:
    if reply.failure is not None:
        return Made(failure=reply.failure)
    return Made(text=reply.text.strip(), truncated=reply.truncated)


class FileGenerator:
    """Candidates that are there already, read from the prompts' own rows.

    Args:
        folder: what media are relative to.
        modality: image or video.
        objective: texts, or media.
    """

    batch_size = 64

    def __init__(self, folder: Path, modality: Modality, objective: Objective) -> None:
        self.folder, self.modality, self.objective = folder, modality, objective
        self._seen: tuple[int, str | None] = -1, None

    def make(self, wanted: Sequence[Wanted]) -> list[Made]:
        """Read each; media that cannot be used fail alone."""
        return [self._made(each) for each in wanted]

    def _made(self, wanted: Wanted) -> Made:
        value = wanted.prompt.candidates[wanted.number]
        if self.objective == "understanding":
            wrong = self._wrong_media(wanted)
            return Made(text=value) if wrong is None else Made(failure=wrong, own_media=True)
        try:
            data = read_checked(self.folder, value, self.modality)
        except MediaError as error:
            return Made(failure=str(error))
        return Made(data=data, suffix=Path(value).suffix.lower())

    def _wrong_media(self, wanted: Wanted) -> str | None:
        """What is wrong with what a prompt asks about; looked at once for all its candidates."""
        if self._seen[0] != wanted.position:
            wrong = None
            try:
                for name in wanted.prompt.media:
                    read_checked(self.folder, name, self.modality)
            except MediaError as error:
                wrong = str(error)
            self._seen = wanted.position, wrong
        return self._seen[1]

    def identity(self) -> Mapping[str, object]:
        """Nothing besides the prompts."""
        return {"from": "file"}

    def close(self) -> None:
        """Nothing to let go of."""
