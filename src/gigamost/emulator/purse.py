"""Packages of tokens (section 6.5): what was bought, what is left, and 402 when it is gone."""

from collections import Counter

from gigamost.emulator.refusal import RefusalError
from gigamost.emulator.settings import Account

USAGES = ("GigaChat", "GigaChat-Pro", "GigaChat-Max", "embeddings")


class Purse:
    """Spending per account and usage family. Pay-as-you-go accounts (CORP) have no packages and never run out."""

    def __init__(self) -> None:
        self._spent: Counter[tuple[str, str]] = Counter()

    def check(self, account: Account, usage: str) -> None:
        """Raises RefusalError (402) when the package of the family is used up."""
        if account.scope != "GIGACHAT_API_CORP" and self._left(account, usage) <= 0:
            raise RefusalError(402, "Payment Required")

    def spend(self, account: Account, usage: str, tokens: int) -> None:
        self._spent[account.client_id, usage] += tokens

    def told(self, account: Account) -> dict[str, object]:
        """Raises RefusalError (403) for pay-as-you-go."""
        if account.scope == "GIGACHAT_API_CORP":
            raise RefusalError(403, "Permission denied")
        return {"balance": [{"usage": usage, "value": self._left(account, usage)} for usage in USAGES]}

    def _left(self, account: Account, usage: str) -> int:
        return max(0, account.tokens - self._spent[account.client_id, usage])
