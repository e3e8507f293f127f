"""What an answer cost, in tokens."""

import msgspec


class Usage(msgspec.Struct, frozen=True):
    """`input_tokens` includes `cached_tokens`; `output_tokens` includes `reasoning_tokens`.

    `estimated` is True when the upstream did not say (cut short, or no usage in its answer).
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.estimated or other.estimated,
        )
