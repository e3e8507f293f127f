"""A finding as a line of the log."""

from typing import assert_never

from gigamost.core.notices import Finding


def sentence(finding: Finding) -> str:
    data = finding.data
    match finding.kind:
        case "budget.soft" | "budget.hard":
            whose = f"the {data['period']} budget of the {data['owner']} {data['name']!r} ({data['id']})"
            spent = f"{data['spent']} of {data['amount']} {data['currency']} are spent"
            if finding.kind == "budget.soft":
                return f"{whose} is over its soft limit of {data['soft']}: {spent}"
            return f"{whose} has not enough left, requests are refused: {spent}, {data['reserved']} are held"
        case "key.expiring":
            return f"the key {data['name']!r} ({data['id']}) ends within {data['days']} days"
        case "upstream.down":
            return f"the credential {data['name']} is down ({data['reason']}) {data['error']}".rstrip()
        case "upstream.up":
            return f"the credential {data['name']} is {'taken out' if data['removed'] else 'up again'}"
        case "token.trouble":
            return f"no token for the credential {data['name']} ({data['reason']}): {data['error']}"
        case "certificate.trouble":
            return f"{data['use']}: the certificate in {data['file']} is {data['reason']}"
        case "batch.done":
            counts = f"{data['succeeded']} of {data['total']} requests succeeded"
            return f"the batch {data['id']} is {data['outcome']}: {counts}"
        case _:
            assert_never(finding.kind)
