"""A small drawn world with known truth, for demo data, training and tests.

- What is there: ``scene`` (pictures), ``motion`` (films); ``words`` name it, ``facts`` state it.
- What is asked for: ``caption``, ``cast_caption``, ``edits`` (instructions), and questions
  (``questions``, ``scene_questions``, ``cast_questions``).
- What goes wrong: ``faults`` (``scene_faults``, ``cast_faults``, ``edit_faults``) in what is shown,
  ``jerks`` in motion, ``quality`` in looks, ``answers`` in what is said.
- How it looks: ``draw``, ``mp4``.
- Who made it and who liked it: ``pictures``, ``edited``, ``films`` and ``asked`` make candidates in
  pairs (``pairs``), ``labels`` say what a person would prefer.
- What for: ``demo`` and ``preferences`` write data sets (``tables``); ``streams`` yield training
  samples without end (``samples``), with all that is known about every frame (``dense``).
"""
