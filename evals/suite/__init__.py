"""The prompt suite: the same cases put to every prompt and model, with drafts checked claim by claim."""
