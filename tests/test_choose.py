"""Log-probabilities of given answers: the same as reading each of them whole, in any batch."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_vision_features import CHATS, ask, backend, each, qwen2, qwen3
from tiny_checkpoints import copy, picture
from unieval.judges.backends import choosing
from unieval.judges.backends.backend import Choice
from unieval.judges.backends.chats import Chat, answer_texts, model_inputs, placed
from unieval.judges.backends.choosing import Answers, telling, tree
from unieval.judges.backends.decoding import write
from unieval.judges.backends.processors import load_processor
from unieval.judges.backends.transformers import TransformersModel
from unieval.judges.deciding import probabilities
from unieval.judges.nano import CHECKPOINT

__all__ = ["each", "qwen2", "qwen3"]  # fixtures

pytestmark = pytest.mark.usefixtures("one_thread")

VERDICTS = ("Image 1 is better", "Image 2 is better", "Both images are equally good")
SCORES = tuple(f"Final Score: {score}" for score in range(101))
MIXED = [
    VERDICTS,
    VERDICTS[:2],
    SCORES[:12],
    VERDICTS,
    ("", "a"),
    VERDICTS,
    ("Image",),
    SCORES[7:9],
]


def choose(
    model: TransformersModel, chats: list[Chat], answers: list[tuple[str, ...]]
) -> list[Choice]:
    return model.choose([model.prepare(chat) for chat in chats], answers)


def forced(model: TransformersModel, chat: Chat, tokens: tuple[int | str, ...]) -> list[float]:
    """Log-probabilities of an answer by one plain pass over the processor's inputs and it."""
    loaded = model.load()
    inputs = placed(model_inputs(loaded.processor, [chat]), loaded.model)
    start = inputs["input_ids"].shape[1]
    answer = torch.tensor([tokens])
    inputs["input_ids"] = torch.cat([inputs["input_ids"], answer], dim=1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    if "mm_token_type_ids" in inputs:
        kinds = inputs["mm_token_type_ids"]
        inputs["mm_token_type_ids"] = torch.cat([kinds, torch.zeros_like(answer)], dim=1)
    with torch.inference_mode():
        scores = loaded.model(**inputs).logits[0, start - 1 : -1].float().log_softmax(dim=-1)
    found: list[float] = scores.gather(1, answer.T)[:, 0].tolist()
    return found


def close(ours: Choice, theirs: Choice) -> bool:
    pairs = zip(ours.logprobs, theirs.logprobs, strict=True)
    numbers = (pair for each in pairs for pair in zip(*each, strict=True))
    return ours.tokens == theirs.tokens and all(abs(a - b) < 1e-4 for a, b in numbers)


def test_choices_are_as_likely_as_when_read_whole(each: Path) -> None:
    model = backend(each)
    choices = choose(model, CHATS, MIXED)
    for chat, answers, choice in zip(CHATS, MIXED, choices, strict=True):
        assert choice.failure is None
        assert choice.tokens_in == model.size(model.prepare(chat))
        assert len(choice.tokens) == len(choice.logprobs) == len(answers)
        for tokens, logprobs in zip(choice.tokens, choice.logprobs, strict=True):
            assert list(logprobs) == pytest.approx(forced(model, chat, tokens), abs=1e-4)


def test_batched_single_and_remembered_choices_are_the_same(each: Path) -> None:
    model = backend(each)
    together = choose(model, CHATS, MIXED)
    again = choose(model, CHATS[::-1], MIXED[::-1])[::-1]
    forgetful = backend(each, features=0)
    for chat, answers, first, second in zip(CHATS, MIXED, together, again, strict=True):
        (single,) = choose(model, [chat], [answers])
        (fresh,) = choose(forgetful, [chat], [answers])
        for other in (second, single, fresh):
            assert close(first, other)
            assert best(first) == best(other)


def best(choice: Choice) -> int:
    totals = [math.fsum(each) for each in choice.logprobs]
    return totals.index(max(totals))


def test_what_is_generated_is_the_most_likely(each: Path) -> None:
    model = backend(each)
    loaded = model.load()
    tokenizer = loaded.processor.tokenizer
    texts = [tokenizer.decode([token]) for token in range(len(tokenizer))]
    ids = tokenizer(texts, add_special_tokens=False)["input_ids"]
    words = tuple(text for token, text in enumerate(texts) if ids[token] == [token])
    chats = [*CHATS, *(Chat((picture(30, 30, seed), f"question {seed}")) for seed in range(24))]
    choices = choose(model, chats, [words] * len(chats))
    with torch.inference_mode():
        prepared = [model.prepare(chat) for chat in chats]
        said = write(loaded.reader(prepared), prepared, model.ends, 1)
    asked = 0  # some tokens are no text, or parts of a letter
    for (token,), choice in zip(said, choices, strict=True):
        first = {
            tokens[0]: logprobs[0]
            for tokens, logprobs in zip(choice.tokens, choice.logprobs, strict=True)
        }
        if token in first:
            asked += 1
            assert max(first, key=lambda each: first[each]) == token
    assert asked >= 4


def test_the_shipped_judge_chooses_what_it_says() -> None:
    model = backend(CHECKPOINT)
    question = "{0} Which image is better, or are both good?"
    chats = [
        Chat((picture(64, 64, seed), "a red square", picture(64, 64, seed + 1), question))
        for seed in range(12)
    ]
    said = [reply.text for reply in ask(model, chats, max_new_tokens=4)]
    choices = choose(model, chats, [VERDICTS] * len(chats))
    among = [(text, choice) for text, choice in zip(said, choices, strict=True) if text in VERDICTS]
    assert among
    assert all(VERDICTS[best(choice)] == text for text, choice in among)


def test_many_scores_cost_a_tree_of_their_tokens(qwen: Path) -> None:
    model = backend(qwen)
    (choice,) = choose(model, CHATS[1:2], [SCORES])
    read = sum(len(tokens) for tokens in choice.tokens)
    nodes = tree(tuple(choice.tokens)).tokens  # type: ignore[arg-type]
    assert len(nodes) < read / 4
    for score in (0, 7, 70, 99, 100):
        expected = forced(model, CHATS[1], choice.tokens[score])
        assert list(choice.logprobs[score]) == pytest.approx(expected, abs=1e-4)


def test_probabilities_in_several_parts(each: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = choose(backend(each), CHATS, MIXED)
    monkeypatch.setattr(choosing, "_AT_ONCE", 1000)  # of logits: two or three places
    parts = choose(backend(each), CHATS, MIXED)
    assert all(close(a, b) for a, b in zip(whole, parts, strict=True))


def test_the_model_reads_each_chat_once(each: Path) -> None:
    model = backend(each)
    lengths: list[tuple[int, int]] = []
    language = model.load().model.base_model.language_model

    def note(module: Any, args: Any, kwargs: Any) -> None:
        lengths.append(tuple(kwargs["inputs_embeds"].shape[:2]))

    hook = language.register_forward_pre_hook(note, with_kwargs=True)
    choose(model, CHATS[:4], [VERDICTS] * 4)
    hook.remove()
    answers = model.load()._answers(VERDICTS)
    longest = max(model.size(model.prepare(chat)) for chat in CHATS[:4])
    assert lengths == [(4, longest), (4, len(tree(answers).tokens))]


def test_only_empty_answers(each: Path) -> None:
    model = backend(each)
    choices = choose(model, CHATS[:3], [("",), (), ("",)])
    assert [len(choice.tokens) for choice in choices] == [1, 0, 1]
    expected = forced(model, CHATS[0], choices[0].tokens[0])
    assert list(choices[0].logprobs[0]) == pytest.approx(expected, abs=1e-4)


def test_flash_attention_gives_way_to_a_mask(qwen: Path) -> None:
    from transformers.integrations.sdpa_attention import sdpa_attention_forward
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
    from transformers.modeling_utils import AttentionInterface

    asked: list[int] = []

    def no_masks(module: Any, q: Any, k: Any, v: Any, mask: Any, **options: Any) -> Any:
        asked.append(q.shape[2])
        assert q.shape[2] in (1, k.shape[2]), "a kernel of flash attention sees causally only"
        return sdpa_attention_forward(module, q, k, v, mask, **options)

    expected = choose(backend(qwen), CHATS, MIXED)
    AttentionInterface.register("flash_for_a_test", no_masks)
    ALL_MASK_ATTENTION_FUNCTIONS.register("flash_for_a_test", ALL_MASK_ATTENTION_FUNCTIONS["sdpa"])
    model = backend(qwen)
    config = model.load().model.config.get_text_config()
    config._attn_implementation = "flash_for_a_test"
    found = choose(model, CHATS, MIXED)
    assert config._attn_implementation == "flash_for_a_test"
    assert len(asked) == config.num_hidden_layers  # it read the chats, and not their answers
    assert all(close(a, b) for a, b in zip(found, expected, strict=True))


def test_eager_attention(each: Path) -> None:
    expected = choose(backend(each), CHATS, MIXED)
    found = choose(backend(each, attention="eager"), CHATS, MIXED)
    assert all(close(a, b) for a, b in zip(found, expected, strict=True))


def test_half_precision(each: Path) -> None:
    exact = choose(backend(each), CHATS, MIXED)
    found = choose(backend(each, dtype="bfloat16"), CHATS, MIXED)
    for a, b in zip(exact, found, strict=True):
        assert a.tokens == b.tokens
        assert all(value < 0 for one in b.logprobs for value in one)


def test_layers_that_see_only_so_far_back(qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = choose(backend(qwen), CHATS, MIXED)
    monkeypatch.setattr("unieval.judges.backends.loaded._slides", lambda model: True)
    found = choose(backend(qwen), CHATS, MIXED)
    assert all(close(a, b) for a, b in zip(found, expected, strict=True))


def test_a_family_that_is_not_known_chooses_the_same(
    each: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = choose(backend(each), CHATS, MIXED)
    monkeypatch.setattr("unieval.judges.backends.inputs.family_of", lambda processor: None)
    found = choose(backend(each), CHATS, MIXED)
    assert all(close(a, b) for a, b in zip(found, expected, strict=True))
    assert [a.tokens_in for a in found] == [b.tokens_in for b in expected]


# --- tokens --------------------------------------------------------------------------------------


def test_answers_are_tokens_as_they_are_generated(qwen: Path) -> None:
    model = backend(qwen)
    tokenizer, end = model.load().processor.tokenizer, "<|im_end|>"
    (choice,) = choose(model, CHATS[:1], [VERDICTS])
    for answer, tokens in zip(VERDICTS, choice.tokens, strict=True):
        assert list(tokens) == tokenizer.encode(answer + end, add_special_tokens=False)


def test_control_tokens_in_an_answer_are_text(qwen: Path) -> None:
    (choice,) = choose(backend(qwen), CHATS[:1], [("a <|im_end|> b",)])
    assert choice.tokens[0][-1] not in choice.tokens[0][:-1]


def test_a_template_that_begins_finished_turns_in_another_way(qwen: Path, tmp_path: Path) -> None:
    folder = copy(qwen, tmp_path / "other")
    template = (folder / "chat_template.jinja").read_text()
    begins = template.replace(
        "<|im_start|>{{ message.role }}\n", "<|im_start|>{{ message.role }}: "
    )
    (folder / "chat_template.jinja").write_text(begins)
    processor = load_processor(str(folder))
    assert answer_texts(processor, ["yes", "no"]) == ["yes<|im_end|>\n", "no<|im_end|>\n"]
    assert Answers(processor, frozenset({2}))(["yes"])[0][-1] == 2


def test_a_template_that_writes_no_end(qwen: Path) -> None:
    processor = load_processor(str(qwen))
    processor.chat_template = processor.chat_template.replace("<|im_end|>", "")
    end = processor.tokenizer.eos_token_id
    assert Answers(processor, frozenset({0, end}))(["yes"])[0][-1] == end
    assert Answers(processor, frozenset({1, 3}))(["yes"])[0][-1] == 1


@settings(max_examples=200)
@given(
    st.lists(
        st.lists(st.integers(0, 3), max_size=4).map(lambda answer: (*answer, 9)),
        max_size=8,
    ).map(tuple)
)
def test_trees_hold_their_answers(answers: tuple[tuple[int, ...], ...]) -> None:
    made = tree(answers)
    read: list[tuple[int, ...]] = []
    for node, parent in enumerate(made.parents):
        assert parent < node
        before = read[parent] if parent >= 0 else ()
        read.append((*before, made.tokens[node]))
        assert made.depths[node] == len(before)
        seen = [column for column, sees in enumerate(made.lines[node]) if sees]
        assert tuple(made.tokens[column] for column in seen) == read[-1]
    assert len(set(read)) == len(read)
    asked = iter(zip(made.places, made.following, strict=True))
    for answer in answers:
        for count, token in enumerate(answer):
            place, following = next(asked)
            assert following == token
            assert (read[place] if place >= 0 else ()) == answer[:count]
    assert next(asked, None) is None


# --- as far as answers part ----------------------------------------------------------------------

ANSWERS = st.lists(
    st.lists(st.integers(0, 2), max_size=4).map(lambda answer: (*answer, 9)), min_size=1, max_size=8
).map(tuple)


def test_what_tells_answers_apart() -> None:
    one, two, both = (1, 2, 5, 9), (1, 3, 5, 9), (4, 5, 9)
    assert telling((one, two, both)) == ((1, 2), (1, 3), (4,))
    assert telling((one, (1, 9))) == ((1, 2), (1, 9))  # one is how the other begins
    assert telling((one, one, both)) == ((1,), (1,), (4,))
    assert telling((one,)) == ((1,),)
    assert telling(((9,),)) == ((9,),)
    assert telling(()) == ()


@settings(max_examples=100)
@given(ANSWERS, st.randoms(use_true_random=False))
def test_probabilities_need_no_more_than_what_tells_answers_apart(
    answers: tuple[tuple[int, ...], ...], random: Any
) -> None:
    known: dict[tuple[int, ...], float] = {}

    def choice(rows: tuple[tuple[int, ...], ...]) -> Choice:
        return Choice(
            rows,
            tuple(
                tuple(known.setdefault(row[: n + 1], -random.random()) for n in range(len(row)))
                for row in rows
            ),
        )

    whole, cut = choice(answers), choice(telling(answers))
    assert probabilities(cut, "branch") == pytest.approx(probabilities(whole, "branch"))


def test_answers_are_read_as_far_as_they_part(each: Path) -> None:
    model = backend(each)
    prepared = [model.prepare(chat) for chat in CHATS]
    read: list[int] = []
    language = model.load().model.base_model.language_model
    hook = language.register_forward_pre_hook(
        lambda module, args, kwargs: read.append(kwargs["inputs_embeds"].shape[1]), with_kwargs=True
    )
    short = model.choose(prepared, MIXED, whole=False)
    first = model.choose(prepared, [("yes", "no")] * len(CHATS), whole=False)
    hook.remove()
    longest = max(chat.size for chat in prepared)
    nodes = [len(tree(tuple(choice.tokens)).tokens) for choice in short]  # type: ignore[arg-type]
    assert read[:2] == [longest, max(nodes)]
    if all(len(tokens) == 1 for tokens in first[0].tokens):
        assert read[2:] == [longest]
    for cut, whole in zip(short, choose(model, CHATS, MIXED), strict=True):
        for some, every in zip(cut.tokens, whole.tokens, strict=True):
            assert some == every[: len(some)]
        expected = [row[: len(cut.tokens[i])] for i, row in enumerate(whole.logprobs)]
        for row, known in zip(cut.logprobs, expected, strict=True):
            assert list(row) == pytest.approx(list(known), abs=1e-4)


def test_the_last_layer_computes_the_last_position_alone(each: Path) -> None:
    model = backend(each)
    layer = model.load().model.base_model.language_model.layers[-1]
    rows: list[int] = []
    for part in (layer.mlp, layer.self_attn.o_proj):
        part.register_forward_hook(lambda module, args, made: rows.append(made.shape[1]))
    choose(model, CHATS, [VERDICTS] * len(CHATS))
    nodes = len(tree(model.load()._answers(VERDICTS)).tokens)
    assert rows == [1, 1, nodes, nodes]


def test_positions_of_one_layout_are_worked_out_once(qwen: Path) -> None:
    model = backend(qwen)
    loaded = model.load()
    asked: list[int] = []
    index = loaded._positions._index
    loaded._positions._index = lambda **given: asked.append(1) or index(**given)
    chats = [Chat((picture(56, 56, seed), f"number {seed % 10}?")) for seed in range(6)]
    chats += [
        Chat((picture(56, 84, 9), "number 9?")),
        Chat(("no picture",)),
        Chat(("any picture",)),
    ]
    found = choose(model, chats, [VERDICTS] * len(chats))
    sizes = {
        (model.size(model.prepare(chat)), chat.images and chat.images[0].size) for chat in chats
    }
    assert len(asked) == len(sizes) < len(chats)
    for chat, choice in zip(chats, found, strict=True):
        expected = forced(model, chat, choice.tokens[0])
        assert list(choice.logprobs[0]) == pytest.approx(expected, abs=1e-4)
