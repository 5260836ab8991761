"""A benchmark of conversations: a scripted user with hidden wishes talks to the assistant, and code decides how it went.

``world`` finds the typed attributes of an index, ``tasks`` draws what users want, ``phrasing`` puts it into words,
``user`` decides what to say next, ``running`` holds the dialogues and checks every reply, ``scores`` sums up.
"""
