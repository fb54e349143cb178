"""The Diffusion-DPO loss against a computation of its own, and by what it must do."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from unieval.dpo.diffusion.loss import errors, preference_loss

SHAPES = [(4, 8, 8), (16, 3, 4, 6)]


def by_hand(model_w, model_l, ref_w, ref_l, target_w, target_l, beta, smoothing=0.0):
    """The loss of one pair, written out sample by sample in float64."""

    def mse(a, b):
        total = 0.0
        for x, y in zip(a.ravel(), b.ravel(), strict=True):
            total += (float(x) - float(y)) ** 2
        return total / a.size

    inside = (mse(model_w, target_w) - mse(model_l, target_l)) - (
        mse(ref_w, target_w) - mse(ref_l, target_l)
    )
    margin = -0.5 * beta * inside
    log_sigmoid = -np.log1p(np.exp(-margin))
    log_other = -np.log1p(np.exp(margin))
    return -((1 - smoothing) * log_sigmoid + smoothing * log_other), margin


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_that_of_the_paper_written_in_numpy(shape, smoothing):
    rng = np.random.default_rng(1)
    pairs, beta = 3, 5.0
    model, ref, target = (rng.normal(size=(2 * pairs, *shape)) for _ in range(3))
    found = preference_loss(
        errors(torch.tensor(model), torch.tensor(target)),
        errors(torch.tensor(ref), torch.tensor(target)),
        beta=beta,
        label_smoothing=smoothing,
    )
    each = [
        by_hand(
            *(model[i], model[i + pairs], ref[i], ref[i + pairs]),
            *(target[i], target[i + pairs], beta, smoothing),
        )
        for i in range(pairs)
    ]
    assert float(found.loss) == pytest.approx(np.mean([loss for loss, _ in each]), rel=1e-5)
    assert float(found.margin) == pytest.approx(np.mean([margin for _, margin in each]), rel=1e-4)
    assert float(found.accuracy) == pytest.approx(np.mean([margin > 0 for _, margin in each]))


def test_errors_are_one_number_a_sample_over_frames_and_space():
    prediction = torch.zeros(2, 4, 3, 5, 5)
    target = torch.zeros(2, 4, 3, 5, 5)
    target[1, :, 2] = 3.0  # one of three frames
    assert errors(prediction, target).tolist() == pytest.approx([0.0, 3.0])


def two_points(better_w=0.0, better_l=0.0, beta=2.0):
    """A pair whose reference errs by 1 on both; the model errs by so much less."""
    model = torch.tensor([1.0 - better_w, 1.0 - better_l])
    return preference_loss(model, torch.ones(2), beta=beta)


def test_doing_better_on_the_chosen_lowers_the_loss_and_on_the_rejected_raises_it():
    even = float(two_points().loss)
    assert even == pytest.approx(math.log(2))
    assert float(two_points(better_w=0.5).loss) < even < float(two_points(better_l=0.5).loss)
    assert float(two_points(better_w=-0.5).loss) > even > float(two_points(better_l=-0.5).loss)
    assert float(two_points(better_w=0.5).loss) == pytest.approx(math.log1p(math.exp(-0.5)))


def test_accuracy_says_which_is_preferred_and_even_is_half():
    won = [float(two_points(w).accuracy) for w in (0.5, 0.0, -0.5)]
    assert won == [1.0, 0.5, 0.0]


ERRORS = st.lists(st.floats(0, 2), min_size=4, max_size=4)


@settings(deadline=None, max_examples=50)
@given(ERRORS, st.floats(0.1, 10))
def test_swapping_the_pair_negates_the_margin(values, beta):
    model, ref = torch.tensor(values[:2]), torch.tensor(values[2:])
    one = preference_loss(model, ref, beta=beta)
    other = preference_loss(model.flip(0), ref.flip(0), beta=beta)
    assert float(one.margin) == pytest.approx(-float(other.margin), abs=1e-5)
    # -log sigmoid(m) + m = -log sigmoid(-m)
    assert float(one.loss + one.margin) == pytest.approx(float(other.loss), abs=1e-4)
    assert float(one.accuracy + other.accuracy) == 1.0


def test_without_beta_nothing_is_preferred():
    model, ref = torch.tensor([0.1, 3.0, 2.0, 0.2]), torch.ones(4)
    assert float(preference_loss(model, ref, beta=1e-9).loss) == pytest.approx(math.log(2))


def test_the_gradient_lowers_the_chosen_error_and_raises_the_rejected():
    model = torch.tensor([1.0, 1.0], requires_grad=True)
    reference = torch.tensor([1.0, 1.0], requires_grad=True)
    preference_loss(model, reference, beta=2.0).loss.backward()
    # d/d err_w of -log sigmoid(m) is beta / 2 * sigmoid(-m) = 1 * 0.5
    assert model.grad.tolist() == pytest.approx([0.5, -0.5])
    assert reference.grad is None


def test_smoothed_labels_make_a_pair_won_by_far_cost_something():
    sure = preference_loss(torch.tensor([0.0, 20.0]), torch.ones(2), beta=5.0)
    smooth = preference_loss(
        torch.tensor([0.0, 20.0]), torch.ones(2), beta=5.0, label_smoothing=0.1
    )
    assert float(sure.loss) == pytest.approx(0, abs=1e-6)
    assert float(smooth.loss) == pytest.approx(0.1 * float(smooth.margin), rel=1e-4)
