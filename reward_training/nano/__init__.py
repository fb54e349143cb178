"""How ``unifiedreward-nano``, the judge that ships with the program, is made.

``python -m unieval.reward_training.nano FOLDER`` does it all: see :mod:`.recipe`.
"""
