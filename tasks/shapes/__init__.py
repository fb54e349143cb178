"""A small drawn world with known truth, for demo data, training and tests.

``scene`` says what is in a picture, ``caption`` says it in English, ``faults`` get it slightly
wrong, ``draw`` and ``quality`` make pixels, ``labels`` say what a person would prefer, ``pairs``
puts them together and ``demo`` writes them down as a benchmark's own data set.
"""
