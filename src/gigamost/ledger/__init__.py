"""What requests cost: money, prices, reservations. Pure rules; `core.ports.Ledger` keeps what they come to."""
