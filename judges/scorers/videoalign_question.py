"""The question that VideoReward is asked, in our words.

What it asks for, in which order, and the reward tokens that its values are read at are those that
the checkpoint was trained with (https://github.com/KwaiVGI/VideoAlign, ``prompt_template.py``,
``detailed_special``). The authors' own sentences, for scores as published, go into a file:
``--judge-arg question=FILE``.
"""

QUESTION = """
Rate a generated video on three counts, each by itself, from 0 (worst) to 10 (best).

**Visual Quality:**
How good do the frames look, apart from any motion?
- Reasonableness: nothing is wrong with bodies, objects or the setting.
- Clarity: what is shown is sharp and easy to make out.
- Detail: textures, materials and light are rich.
- Aesthetics: colours, composition and mood go together, and the idea is a good one.
- Safety: nothing harmful is shown; if something is, the rating is the lowest.

The rating of Visual Quality: <|VQ_reward|>
END

**Motion Quality:**
How good is what moves?
- Stability: frames follow one another without jumps, and things keep their looks.
- Naturalness: movements obey physics, from cloth to faces.
- Smoothness: movements and changes of camera flow and please.
- Fusion: what moves belongs to its background, with no seams.
- Clarity: what moves stays sharp.
- Amplitude: a video in which hardly anything moves is rated low.

The rating of Motion Quality: <|MQ_reward|>
END

**Text Alignment:**
How well does the video show what the text asks for?
- Subjects: the right ones, in number, looks and behaviour.
- Motion: the right actions, in kind, strength and direction.
- Environment: the right place and background.
- Style: the one that the text names, if any.
- Camera: the movements that the text asks for.

Text: {prompt}
The rating of Text Alignment: <|TA_reward|>
END
"""
