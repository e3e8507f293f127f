"""JSON Schema without a vendor: references inlined, answers checked, a model's arguments made to fit.

A schema comes from a client, so it may be anything: every function here is bounded in depth, size and work, follows no
reference that leaves the schema, and never changes what it is given.
"""

from gigamost.core.schema.coercion import coerce
from gigamost.core.schema.patterns import check_pattern, match_whole
from gigamost.core.schema.refs import inline_refs
from gigamost.core.schema.validation import check, validate

__all__ = ["check", "check_pattern", "coerce", "inline_refs", "match_whole", "validate"]
