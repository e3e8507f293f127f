"""What several gateways share through Redis: windows, places, access tokens. Without it each goes on by itself."""
