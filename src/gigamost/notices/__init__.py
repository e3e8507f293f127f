"""What somebody should be told of, how a message is signed, and when it is tried again. Pure rules."""
