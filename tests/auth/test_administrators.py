"""Passwords, tokens of sessions and one-time links by themselves."""

import os

import pytest

from gigamost.auth.links import LIFETIME, Links
from gigamost.auth.passwords import SALT, Cost, Passwords
from gigamost.auth.sessions import ENTROPY, Tickets
from gigamost.core.secret import Secret

QUICK = Cost(n=2, r=1, p=1)
OLD, NEW = b"o" * 32, b"n" * 32
WORD = Secret("correct horse battery")


def test_a_password_fits_itself_alone() -> None:
    passwords = Passwords(NEW, cost=QUICK)
    kept = passwords.keep(WORD, os.urandom(SALT))
    assert passwords.fits(WORD, kept)
    assert not passwords.fits(Secret(WORD.reveal() + " "), kept)
    assert not passwords.fits(Secret(""), kept)
    assert not passwords.fits(WORD, None)
    assert passwords.keep(WORD, os.urandom(SALT)) != kept
    assert WORD.reveal() not in kept


def test_a_letter_is_the_same_however_a_keyboard_writes_it() -> None:
    passwords = Passwords(NEW, cost=QUICK)
    assert passwords.fits(Secret("cafe\u0301 und mehr"), passwords.keep(Secret("caf\u00e9 und mehr"), bytes(SALT)))
    assert passwords.keep(Secret("\ud800 is no letter"), bytes(SALT))


def test_what_hangs_on_a_former_secret_fits_and_is_outdated() -> None:
    kept = Passwords(OLD, cost=QUICK).keep(WORD, bytes(SALT))
    both = Passwords(NEW, OLD, cost=QUICK)
    assert (both.fits(WORD, kept), both.is_outdated(kept)) == (True, True)
    assert not Passwords(NEW, cost=QUICK).fits(WORD, kept)
    renewed = both.keep(WORD, bytes(SALT))
    assert (Passwords(NEW, cost=QUICK).fits(WORD, renewed), both.is_outdated(renewed)) == (True, False)
    assert Passwords(NEW, OLD, cost=Cost(n=4, r=1, p=1)).is_outdated(renewed)


@pytest.mark.parametrize(
    "kept", ["", "plain", "scrypt$2$1$1$aa$bb", "bcrypt$2$1$1$aa$AAAA$AAAA", "scrypt$x$1$1$aa$AA$AA"]
)
def test_a_damaged_password_is_an_error_and_fits_nobody(kept: str) -> None:
    with pytest.raises(ValueError, match="damaged"):
        Passwords(NEW, cost=QUICK).fits(WORD, kept)


def test_a_ticket_is_known_by_whoever_has_the_key() -> None:
    ticket = Tickets(OLD).make(os.urandom(ENTROPY))
    assert Tickets(OLD).digest(ticket.text) == ticket.digest
    assert Tickets(NEW, OLD).digest(ticket.text) == ticket.digest
    assert Tickets(NEW).digest(ticket.text) is None
    for at in range(4, len(ticket.text) - 1):
        changed = ticket.text[:at] + ("A" if ticket.text[at] != "A" else "B") + ticket.text[at + 1 :]
        assert Tickets(OLD).digest(changed) is None
    for text in ("", "gms-", "gms-AAAA", ticket.text + "AAAA", ticket.digest.hex(), "gms-\u0430"):
        assert Tickets(OLD).digest(text) is None


def test_a_link_is_good_once_and_for_a_while() -> None:
    now = [0.0]
    links = Links(lambda: now[0])
    first, second, late = links.make(), links.make(), links.make()
    assert [links.use(first), links.use(first)] == [True, False]
    assert not links.use("")
    now[0] = LIFETIME - 1
    assert links.use(second)
    now[0] = LIFETIME
    assert not links.use(late)
