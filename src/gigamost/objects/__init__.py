"""Whose an upstream's object is: ids that carry their owner, so that no table has to be asked."""
