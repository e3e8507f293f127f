"""What clients build on, kept in memory, SQLite or PostgreSQL."""
