"""Where to: which model a name means."""
