"""The modes, a module and a Screen class each, and the dialogues over them. No widget that two of them use."""
