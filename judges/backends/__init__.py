"""Engines that run a checkpoint; each is imported only by the judges that use it."""
