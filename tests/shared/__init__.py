"""What several gateways share through Redis, over a real Redis of its own."""
