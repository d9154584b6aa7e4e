"""The pbe command: a client of the platform's API for people and scripts."""
