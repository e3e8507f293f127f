"""The API of administrators, `/admin/api/*`: keys and tenants, and a table of routes that others add theirs to.

    authenticate > route > call > JSON        errors: {"error": {"code", "message"}}

What a call does is in `Directories` of `keys` and `tenants`, which the command line uses as well.
"""
