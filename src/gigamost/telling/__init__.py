"""Tells people what happens, without anything on the path of requests.

watch (looks every few seconds) ─ Finding ─> teller ─ Notice, once ─> outbox ─ courier ─> sender ─> webhook
"""
