"""Which way is better: most metrics are better for being higher, but not all."""

LOWER_IS_BETTER = frozenset({"hallucination_rate", "mae", "mae_parsed", "flip_rate"})
"""Metrics of which less is better."""
NEUTRAL = frozenset({"human_tie_rate", "first_position_rate", "tie_threshold"})
"""Metrics that are no better for being higher or lower."""
