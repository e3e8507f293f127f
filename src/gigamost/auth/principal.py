"""The caller of a request, once authenticated."""

import msgspec

from gigamost.core.secret import Secret


class Principal(msgspec.Struct, frozen=True):
    """`tenant` owns everything the request leaves behind. `authorization` is the client's own upstream credential as
    it was sent, for keys with `pass_token`; None: the operator's credentials are used."""

    tenant: str
    key_id: str
    name: str = ""
    authorization: Secret | None = None


NOBODY = Principal("", "", "nobody")  # on the few routes that are open to all, and own nothing
