"""The web server: a chat page, an HTTP API, and an OpenAI-compatible endpoint over one assistant."""
