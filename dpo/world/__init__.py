"""Small models of the shapes world to align: they draw, film and answer, and have much to learn."""
