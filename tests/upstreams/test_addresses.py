"""Which addresses count as public, the same on every Python version."""

from ipaddress import ip_address, ip_network

import pytest

from gigamost.upstreams.addresses import is_allowed, is_global, unwrapped

CLOSED = (
    "0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.100.100.200", "100.127.255.255",
    "127.0.0.0", "127.0.0.1", "127.255.255.255", "169.254.0.1", "169.254.169.254", "172.16.0.0", "172.31.255.255",
    "192.0.0.1", "192.0.0.9", "192.0.0.170", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1",
    "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255", "::", "::1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:0:8.8.8.8", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8",
    "64:ff9b:1:ffff::1", "100::1", "100:0:0:1::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1",
    "2001:10::1", "2001:20::1", "2001:1ff:ffff::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1",
    "2002:c0a8:101::", "2a00:1450:4001::5efe:10.0.0.1", "2a00:1450:4001::200:5efe:8.8.8.8", "3fff::1", "3fff:fff::1",
    "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fd12:3456::1", "fe80::1", "fe80::1%eth0",
    "2a00:1450:4001:80b::200e%eth0", "::1%lo", "fec0::1", "ff02::1", "ff0e::1", "ffff::1",
)  # fmt: skip

PUBLIC = (
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0",
    "192.31.196.1", "192.52.193.1", "192.167.255.255", "192.169.0.0", "192.175.48.1", "198.17.255.255", "198.20.0.0",
    "203.0.112.255", "203.0.114.0", "223.255.255.255", "2001:200::1", "2001:4860:4860::8888", "2003::1",
    "2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "3ffe:ffff::1", "3fff:1000::1", "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
)  # fmt: skip


@pytest.mark.parametrize("address", CLOSED)
def test_closed(address: str) -> None:
    assert not is_global(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_global(ip_address(address))


def test_unwrapped_is_the_address_that_answers() -> None:
    assert unwrapped(ip_address("::ffff:10.1.2.3")) == ip_address("10.1.2.3")
    assert unwrapped(ip_address("64:ff9b::8.8.4.4")) == ip_address("8.8.4.4")
    assert unwrapped(ip_address("2a00::1")) == ip_address("2a00::1")


def test_an_operator_opens_a_network_and_no_more() -> None:
    allowed = (ip_network("10.1.0.0/16"), ip_network("fd00:1::/32"))
    assert is_allowed(ip_address("10.1.2.3"), allowed)
    assert is_allowed(ip_address("::ffff:10.1.2.3"), allowed)
    assert is_allowed(ip_address("fd00:1::5"), allowed)
    assert is_allowed(ip_address("8.8.8.8"), allowed)
    assert not is_allowed(ip_address("10.2.0.1"), allowed)
    assert not is_allowed(ip_address("::1"), allowed)
