"""The stages that read a message; ``assistant.understand`` runs them in their order."""
