"""One module per command of ``assistant-evals``."""
