"""Data for training reward models: public preference sets, one schema, mixtures, conversations."""
