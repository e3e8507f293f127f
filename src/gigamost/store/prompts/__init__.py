"""What was said, kept in memory, SQLite or PostgreSQL, and the writer that brings it there without anybody waiting."""
