"""Direct preference optimization of a vision-language model that answers questions."""
