"""The replicated state of the platform: apply(command) gives events."""
