"""E-mail addresses and IP addresses.

RFC 5321 local parts as they are written in practice; IP addresses are those that the standard
library accepts, without loopback, unspecified and documentation addresses, which name nobody.
"""

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from pipeline.stages.redact.finding import Finding

__all__ = ["find_emails", "find_ips"]

_LETTER = "A-Za-z0-9\u00c0-\u024f"
"""Of addresses: not every letter, since Chinese and Japanese write no space before one."""
_EMAIL = re.compile(
    rf"(?<![{_LETTER}.%+'_-])[{_LETTER}.%+'_-]{{1,64}}@(?:[{_LETTER}-]{{1,63}}\.){{1,8}}"
    rf"[A-Za-z\u00c0-\u024f]{{2,24}}(?![{_LETTER}-])"
)
_IPV4 = re.compile(r"(?<![A-Za-z0-9_.:/-])(?:\d{1,3}\.){3}\d{1,3}(?![A-Za-z0-9_-]|\.\d)")
_IPV6 = re.compile(
    r"(?<![A-Za-z0-9_:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![A-Za-z0-9_:])"
)
_VERSION = re.compile(r"(?:version|release|build|v)\s*$", re.IGNORECASE)
_NOBODY = [
    ip_network(name)
    for name in (
        "127.0.0.0/8",
        "0.0.0.0/8",
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "198.18.0.0/15",
        "255.255.255.0/24",
        "::1/128",
        "::/128",
        "2001:db8::/32",
    )
]
_BEFORE = 12


def find_emails(text: str) -> Iterator[Finding]:
    """Every address; the text holds an `@`."""
    for match in _EMAIL.finditer(text):
        address = match[0]
        start = match.start() + len(address) - len(address.lstrip(".'-"))
        yield Finding(start, match.end(), "email", text[start : match.end()].casefold())


def find_ips(text: str) -> Iterator[Finding]:
    """Every address of somebody's."""
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            value = _address(match[0])
            before = text[max(match.start() - _BEFORE, 0) : match.start()]
            if value is not None and not _VERSION.search(before):
                yield Finding(match.start(), match.end(), "ip", value)


def _address(text: str) -> str | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    named = any(address in network for network in _NOBODY if network.version == address.version)
    return None if named else str(address)
