"""What a conversation is: messages, requests, events, usage, errors and the contracts that every protocol fulfils.

Nothing here knows a vendor, a clock, a socket or a setting.
"""
