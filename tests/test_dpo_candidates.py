"""Candidates: prompts files, durable batches, and real generators with tiny weights."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from unieval.dpo.build_settings import ChatSettings, PipelineSettings
from unieval.dpo.candidates import (
    CandidateStore,
    Made,
    Wanted,
    collect,
    given,
    wanted,
)
from unieval.dpo.generators import ChatGenerator, FileGenerator
from unieval.dpo.making import Here
from unieval.dpo.media_files import MediaFolder
from unieval.dpo.pipeline_generator import PipelineGenerator
from unieval.dpo.prompts_file import Prompt, Prompts, read_prompts
from unieval.harness.errors import MediaError, UserError
from unieval.harness.seeds import seed_for
from unieval.judges.pipelines import pipeline_fingerprint


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in rows))
    return path


def silent(line: str) -> None:
    pass


# --- the prompts file ----------------------------------------------------------------------------


def test_prompts_have_ids_or_numbers(tmp_path):
    file = lines(
        tmp_path / "p.jsonl",
        {"prompt": "a"},
        "",
        {"id": "x", "prompt": "b"},
        {"id": 7, "prompt": "c"},
    )
    found = read_prompts(file, "image", "generation", with_candidates=False)
    assert [(p.id, p.text) for p in found.rows] == [("0", "a"), ("x", "b"), ("7", "c")]


def test_media_are_one_or_several(tmp_path):
    file = lines(
        tmp_path / "p.jsonl",
        {"prompt": "a", "media": "one.png"},
        {"prompt": "b", "media": ["one.png", "sub/../two.png"]},
    )
    found = read_prompts(file, "image", "understanding", with_candidates=False)
    assert [p.media for p in found.rows] == [("one.png",), ("one.png", "two.png")]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"media": "a.png"}, "'prompt' must be a text"),
        ({"prompt": "  ", "media": "a.png"}, "'prompt' must be a text"),
        ({"prompt": 5, "media": "a.png"}, "'prompt' must be a text"),
        ({"prompt": "q"}, "'media' is missing"),
        ({"prompt": "q", "media": []}, "'media' must be a list of texts"),
        ({"prompt": "q", "media": [1]}, "'media' must be a list of texts"),
        ({"prompt": "q", "media": "../a.png"}, "no path within"),
        ({"prompt": "q", "media": "/etc/passwd"}, "no path within"),
        ({"prompt": "q", "media": "https://x/a.png"}, "no path within"),
        ({"prompt": "q", "media": "a.png", "id": None}, "'id' must be"),
        ({"prompt": "q", "media": "a.png", "image": "b.png"}, "unknown field 'image'"),
        ({"prompt": "q", "media": "a.png", "candidates": ["a"]}, "they are to be generated"),
        ({"id": "1", "prompt": "q", "media": "a.png"}, "is that of line 1 too"),
        ("[1]", "expected an object"),
        ("{", "not JSON"),
    ],
)
def test_bad_rows_are_named(tmp_path, row, said):
    file = lines(tmp_path / "p.jsonl", {"id": "1", "prompt": "q", "media": "a.png"}, row)
    with pytest.raises(UserError, match=r"p\.jsonl, line 2") as error:
        read_prompts(file, "image", "understanding", with_candidates=False)
    assert said in str(error.value)


def test_other_bad_files(tmp_path):
    with pytest.raises(UserError, match="holds no prompts"):
        read_prompts(lines(tmp_path / "e.jsonl"), "image", "generation", with_candidates=False)
    with pytest.raises(UserError, match="cannot be read"):
        read_prompts(tmp_path / "none.jsonl", "image", "generation", with_candidates=False)
    two = lines(tmp_path / "v.jsonl", {"prompt": "q", "media": ["a.mp4", "b.mp4"]})
    with pytest.raises(UserError, match="must be one video"):
        read_prompts(two, "video", "understanding", with_candidates=False)
    with_media = lines(tmp_path / "g.jsonl", {"prompt": "q", "media": "a.png"})
    with pytest.raises(UserError, match="objective is generation"):
        read_prompts(with_media, "image", "generation", with_candidates=False)
    without = lines(tmp_path / "c.jsonl", {"prompt": "q"})
    with pytest.raises(UserError, match="'candidates' is missing"):
        read_prompts(without, "image", "generation", with_candidates=True)


# --- durable batches -----------------------------------------------------------------------------


class Counting:
    """Answers with its prompt and seed; remembers its batches."""

    batch_size = 8

    def __init__(self, wrong: Sequence[str] = (), error: Exception | None = None):
        self.batches: list[list[tuple[int, int]]] = []
        self.wrong, self.error = set(wrong), error

    def make(self, batch: Sequence[Wanted]) -> list[Made]:
        self.batches.append([(w.position, w.number) for w in batch])
        if self.error is not None and any(w.prompt.text in self.wrong for w in batch):
            raise self.error
        return [Made(text=f"{w.prompt.text} {w.seed}") for w in batch]

    def identity(self) -> dict:
        return {}

    def close(self) -> None:
        pass


PROMPTS = [Prompt(str(n), f"p{n}") for n in range(6)]


def stored(folder: Path) -> list[tuple]:
    with closing(sqlite3.connect(folder / "candidates.sqlite")) as database:
        return database.execute("SELECT * FROM candidates ORDER BY prompt, number").fetchall()


def gathered(folder: Path, generator: object, asked: list[Wanted]) -> list[tuple]:
    with CandidateStore(folder) as store:
        collect(store, MediaFolder(folder), Here(generator, silent), asked)
    return stored(folder)


def test_batches_are_full_and_seeds_are_the_candidates_own(tmp_path):
    generator = Counting()
    rows = gathered(tmp_path, generator, wanted(PROMPTS, 5, seed=3))
    assert [len(batch) for batch in generator.batches] == [8, 8, 8, 6]
    assert [row[:3] for row in rows][7] == (1, 2, seed_for(3, "1", 2))
    assert rows[7][3] == f"p1 {seed_for(3, '1', 2)}"
    assert len({row[2] for row in rows}) == 30


def test_what_is_there_is_not_made_again(tmp_path):
    class Stops(Counting):
        def make(self, batch):
            if len(self.batches) == 2:
                raise KeyboardInterrupt
            return super().make(batch)

    asked = wanted(PROMPTS, 5, 0)
    with pytest.raises(KeyboardInterrupt):
        gathered(tmp_path, Stops(), asked)
    assert len(stored(tmp_path)) == 16
    rest = Counting()
    rows = gathered(tmp_path, rest, asked)
    assert [len(batch) for batch in rest.batches] == [8, 6]
    (tmp_path / "whole").mkdir()
    assert rows == gathered(tmp_path / "whole", Counting(), asked)
    again = Counting()
    gathered(tmp_path, again, asked)
    assert not again.batches


def test_one_that_fails_costs_nothing_else(tmp_path):
    rows = gathered(tmp_path, Counting(["p3"], ValueError("bad prompt")), wanted(PROMPTS, 5, 0))
    failed = [row for row in rows if row[5] is not None]
    assert {row[0] for row in failed} == {3}
    assert len(failed) == 5
    assert failed[0][5] == "ValueError: bad prompt"


def test_memory_that_runs_out_makes_later_batches_smaller(tmp_path):
    class Small(Counting):
        def make(self, batch):
            if len(batch) > 3:
                raise MemoryError("out of memory")
            return super().make(batch)

    generator, said = Small(), []
    with CandidateStore(tmp_path) as store:
        makers = Here(generator, said.append)
        collect(store, MediaFolder(tmp_path), makers, wanted(PROMPTS, 5, 0))
    assert len(stored(tmp_path)) == 30
    assert all(row[5] is None for row in stored(tmp_path))
    assert len(said) == 2  # 8 to 4, 4 to 2


def test_where_all_fail_it_stops_and_tries_again(tmp_path):
    asked = wanted(PROMPTS[:2], 2, 0)
    with pytest.raises(UserError, match="every candidate failed; the first, prompt '0': ValueErr"):
        gathered(tmp_path, Counting(["p0", "p1"], ValueError("no")), asked)
    assert all(row[5] is None for row in gathered(tmp_path, Counting(), asked))


def test_a_users_mistake_stops_at_once(tmp_path):
    with pytest.raises(UserError, match="no such checkpoint"):
        gathered(tmp_path, Counting(["p0"], UserError("no such checkpoint")), wanted(PROMPTS, 2, 0))


def test_a_folder_is_one_process(tmp_path):
    with CandidateStore(tmp_path), pytest.raises(UserError, match="in use by another process"):
        CandidateStore(tmp_path)


SLOW = """
import sys, time
from pathlib import Path
from unieval.dpo.candidates import CandidateStore, Made, collect, wanted
from unieval.dpo.making import Here
from unieval.dpo.media_files import MediaFolder
from unieval.dpo.prompts_file import Prompt

class Slow:
    batch_size = 4
    def make(self, batch):
        time.sleep(0.02)
        with open(sys.argv[2], "a") as log: log.write("x")
        return [Made(data=f"{w.seed % 3}".encode(), suffix=".png") for w in batch]

folder = Path(sys.argv[1])
folder.mkdir(exist_ok=True)
asked = wanted([Prompt(str(n), "p") for n in range(30)], 4, 0)
with CandidateStore(folder) as store:
    collect(store, MediaFolder(folder), Here(Slow(), print), asked)
"""


@pytest.mark.slow
def test_killed_at_any_time_it_ends_the_same(tmp_path):
    def start(folder: str) -> subprocess.Popen:
        command = [sys.executable, "-c", SLOW, str(tmp_path / folder), str(tmp_path / "log")]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL)

    assert start("whole").wait() == 0
    for batches in (1, 5, 3):
        (tmp_path / "log").write_text("")
        process = start("broken")
        while (tmp_path / "log").stat().st_size < batches and process.poll() is None:
            time.sleep(0.002)
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert start("broken").wait() == 0
    assert stored(tmp_path / "broken") == stored(tmp_path / "whole")
    assert len(stored(tmp_path / "whole")) == 120
    assert len(list((tmp_path / "broken" / "media").iterdir())) == 3


# --- candidates that are there already -----------------------------------------------------------


def test_media_are_kept_by_their_content(tmp_path):
    for name, colour in (("a.png", "red"), ("b.PNG", "red"), ("c.png", "blue")):
        Image.new("RGB", (8, 8), colour).save(tmp_path / name)
    (tmp_path / "broken.png").write_text("no picture")
    (tmp_path / "folder.png").mkdir()
    names = ("a.png", "b.PNG", "c.png", "broken.png", "missing.png", "folder.png")
    prompts = [Prompt("0", "p", (), names)]
    (tmp_path / "out").mkdir()
    rows = gathered(
        tmp_path / "out", FileGenerator(tmp_path, "image", "generation"), given(prompts)
    )
    media = [row[4] for row in rows]
    assert media[0] == media[1] != media[2]
    assert (tmp_path / "out" / media[0]).read_bytes() == (tmp_path / "a.png").read_bytes()
    assert media[3:] == [None] * 3
    reasons = [row[5] for row in rows[3:]]
    assert "not an image" in reasons[0]
    assert "no such file" in reasons[1]
    assert "is a folder" in reasons[2]


# --- a model that answers ------------------------------------------------------------------------


@pytest.fixture
def questions(tmp_path) -> Prompts:
    for n in range(2):
        Image.new("RGB", (56, 56), (100 * n, 50, 0)).save(tmp_path / f"{n}.png")
    rows = [Prompt(str(n), "Image?", (f"{n}.png",)) for n in range(2)]
    return Prompts(tmp_path, [*rows, Prompt("2", "Image?", ("missing.png",))])


def test_answers_are_sampled_by_their_own_seeds(qwen, questions, one_thread):
    settings = ChatSettings(path=str(qwen), max_new_tokens=6, engine={"batch_size": 3})
    generator = ChatGenerator(settings, questions, "image")
    assert generator.batch_size == 3
    asked = wanted(questions.rows, 3, 0)
    together = generator.make(asked)
    assert [m.failure is None for m in together] == [True] * 6 + [False] * 3
    assert "missing.png: no such file" in together[-1].failure
    assert together[-1].own_media
    assert len({m.text for m in together[:6]}) > 3
    alone = [generator.make([each])[0] for each in asked[:6]]
    assert [m.text for m in alone] == [m.text for m in together[:6]]
    assert generator.model.encoded == 2  # each picture once
    identity = generator.identity()
    assert identity["temperature"] == 0.7
    assert identity["fingerprint"]
    generator.close()


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ({"batch_size": "many"}, "candidates.chat.engine.batch_size"),
        ({"url": "http://x"}, "candidates.chat.engine: setting url= is not for backend=transf"),
        ({"backend": "openai"}, "needs the setting url="),
    ],
)
def test_engine_settings_are_checked(qwen, questions, engine, said):
    with pytest.raises(UserError) as error:
        ChatGenerator(ChatSettings(path=str(qwen), engine=engine), questions, "image")
    assert said in str(error.value)


# --- a pipeline that draws or films --------------------------------------------------------------


@pytest.fixture(scope="module")
def drawing(tmp_path_factory) -> Path:
    from tiny_pipelines import save_tiny_sd

    return save_tiny_sd(tmp_path_factory.mktemp("sd"))


def pipeline(path: Path, modality: str = "image", **settings: object) -> PipelineGenerator:
    given_settings = {"steps": 2, "guidance": 1.0, "batch_size": 2, **settings}
    return PipelineGenerator(PipelineSettings(path=str(path), **given_settings), modality)


@pytest.mark.slow
def test_pictures_are_drawn_from_their_own_noise(drawing, one_thread, tmp_path):
    asked = wanted([Prompt("0", "a red square"), Prompt("1", "two yellow stars")], 2, 0)
    first = gathered(tmp_path, pipeline(drawing), asked)
    names = [row[4] for row in first]
    assert len(set(names)) == 4
    with Image.open(tmp_path / names[0]) as picture:
        assert picture.size == (32, 32)
    other = tmp_path / "other"
    other.mkdir()
    assert gathered(other, pipeline(drawing), asked) == first
    identity = pipeline(drawing).identity()
    assert identity["arguments"] == {"num_inference_steps": 2, "guidance_scale": 1.0}
    assert identity["fingerprint"] == pipeline_fingerprint(str(drawing), None)


@pytest.mark.slow
def test_films_are_kept_as_video_files(tmp_path, one_thread):
    from tiny_pipelines import save_tiny_video
    from unieval.harness.items import Media
    from unieval.harness.video import sample_frames

    model = save_tiny_video(tmp_path / "model")
    generator = pipeline(model, "video", num_frames=4, height=32, width=32)
    rows = gathered(tmp_path, generator, wanted([Prompt("0", "a green triangle moves left")], 2, 0))
    assert [row[5] for row in rows] == [None, None]
    assert rows[0][4].endswith(".mp4")
    assert rows[0][4] != rows[1][4]
    frames = sample_frames(Media("video", str(tmp_path / rows[0][4])), 8)
    assert [frame.size for frame in frames] == [(32, 32)] * 4


def test_pipelines_that_do_not_fit_are_refused(drawing, tmp_path):
    asked = wanted([Prompt("0", "a red square")], 2, 0)
    with pytest.raises(UserError, match=r"pipeline\.num_frames: StableDiffusionPipeline takes no"):
        pipeline(drawing, num_frames=8).make(asked)
    with pytest.raises(UserError, match=r"pipeline\.arguments\.colour"):
        pipeline(drawing, arguments={"colour": "red"}).make(asked)
    with pytest.raises(UserError, match=r"no model_index\.json"):
        pipeline(tmp_path).identity()
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(UserError, match="cannot be loaded"):
        pipeline(tmp_path).make(asked)


def test_one_medium_that_cannot_be_opened_is_no_fault_of_the_model(tmp_path):
    rows = gathered(
        tmp_path, Counting(["p3"], MediaError("p3.png: damaged")), wanted(PROMPTS, 2, 0)
    )
    assert [row[6] for row in rows if row[5] is not None] == [1, 1]
