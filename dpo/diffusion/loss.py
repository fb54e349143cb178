"""The Diffusion-DPO loss (Wallace et al. 2023, https://arxiv.org/abs/2311.12908, equation 14).

A sample's likelihood under a diffusion model is bounded by its denoising errors, so that one random
timestep stands for the log-likelihood of DPO: a model prefers the sample that it denoises better
than the frozen reference does::

    margin = -beta / 2 * [(err_w - err_l) - (err_w_ref - err_l_ref)]
    loss   = -log sigmoid(margin)

``err`` is the mean over a sample's elements of the squared error. The paper has sums, times the
number of timesteps T and a weight w that is constant in practice: beta_paper * T * w * sum. With D
elements in a sample this is the loss above for beta = 2 * beta_paper * T * w * D, so T, w and D are
all within beta, and one value serves every resolution and length. The factor 1/2 is that of the
divergence between two Gaussians; it is kept, as in the authors' program, so that published values
of beta (2,000 to 5,000) mean the same here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a batch of pairs says.

    Args:
        loss: what is minimised, a scalar; log 2 where the model is the reference.
        accuracy: share of the pairs whose chosen sample the model prefers, a scalar; a margin of
            exactly 0 counts as half.
        margin: mean log-odds that the model prefers the chosen sample, a scalar.
    """

    loss: Any
    accuracy: Any
    margin: Any


def errors(prediction: Any, target: Any) -> Any:
    """Mean squared error of each sample, over channels, frames and space alike.

    Args:
        prediction: what the model says, of shape (samples, ...).
        target: what it should say, of the same shape.

    Returns:
        float32 of shape (samples,).
    """
    return (prediction.float() - target.float()).square().flatten(1).mean(1)


def preference_loss(
    error: Any, reference: Any, *, beta: float, label_smoothing: float = 0.0
) -> Preferences:
    """The loss of pairs, averaged over them.

    Args:
        error: the model's error of each sample, shape (2 * pairs,): all chosen, then all rejected.
        reference: the reference's, in the same order; it gets no gradient.
        beta: how much a difference of errors counts; the larger, the closer the model stays to the
            reference.
        label_smoothing: probability that a label is wrong (conservative DPO,
            https://ericmitchell.ai/cdpo.pdf).
    """
    from torch.nn.functional import logsigmoid

    chosen, rejected = error.chunk(2)
    chosen_before, rejected_before = reference.detach().chunk(2)
    margin = -beta / 2 * ((chosen - rejected) - (chosen_before - rejected_before))
    right, wrong = logsigmoid(margin), logsigmoid(-margin)
    loss = -((1 - label_smoothing) * right + label_smoothing * wrong)
    won = (margin > 0).float() + 0.5 * (margin == 0).float()
    return Preferences(loss.mean(), won.mean().detach(), margin.mean().detach())
