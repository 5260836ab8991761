"""The commands of ``assistant``, one module per group of them; each is imported when it is run."""
