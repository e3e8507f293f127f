"""The one path of a request, in named stages.

    authenticate (server) > choose target > materialise > encode > send > decode > enforce > localise > encode (server)

Retry and failover are free until the first content event; see `recovery`.
"""
