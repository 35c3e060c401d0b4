"""Coverage-guided fuzzing: what nobody would send, and what must hold all the same."""
