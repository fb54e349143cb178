"""The paper's whole pipeline in the shapes world: ``unieval reproduce``."""
