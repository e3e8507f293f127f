"""How fast and how much at once: the rules, and the counting of a gateway that shares nothing."""
