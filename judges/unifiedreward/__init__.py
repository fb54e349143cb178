"""The public UnifiedReward checkpoints: which there are, and how each is asked."""
