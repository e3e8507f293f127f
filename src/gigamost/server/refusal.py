"""What is said to somebody whose bytes cannot be read as requests."""

from typing import Self


class Refused(Exception):  # noqa: N818 - it stops the parser, nothing more
    """`answer` are the bytes to send before the connection is closed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = (
            f"HTTP/1.1 {status} Refused\r\ncontent-type: text/plain\r\ncontent-length: {len(message)}\r\n"
            f"connection: close\r\n\r\n{message}"
        ).encode()

    @classmethod
    def no_http(cls) -> Self:
        return cls(400, "This is not a valid HTTP/1.1 request.")

    @classmethod
    def too_large(cls) -> Self:
        return cls(431, "The request's head is too large.")

    @classmethod
    def too_many(cls) -> Self:
        return cls(400, "Too many pipelined requests.")
