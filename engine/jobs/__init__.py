"""Carrying out runs: in this process, by the worker, or at once through the live process."""
