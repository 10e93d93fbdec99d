"""Addresses of services, as people paste them, and where a key may travel."""

import ipaddress
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def pasted(text: str) -> SplitResult:
    """Return the parts of a pasted address; https is assumed where no scheme stands.

    Raises ValueError with what would be right.
    """
    wanted = "it must be an address such as https://host/path"
    text = text.strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError as error:
        raise ValueError(wanted) from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or any(c.isspace() for c in text):
        raise ValueError(wanted)
    if parts.username is not None or parts.password is not None:
        raise ValueError("it must not hold a user name or password; keys have variables of their own")
    return parts


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of `url`; an unusable one has an origin that equals no other's."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", url, None
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), port if port is not None else _DEFAULT_PORTS.get(scheme)


def same_origin(one: str, other: str) -> bool:
    first = origin(one)
    return first == origin(other) and bool(first[1]) and first[0] in _DEFAULT_PORTS


def is_secure_host_under(url: str, domain: str) -> bool:
    """Return whether `url` is https, on the usual port, and its host is `domain` or below it."""
    scheme, host, port = origin(url)
    return scheme == "https" and port == 443 and (host == domain or host.endswith(f".{domain}"))


def is_web(url: object) -> bool:
    """Return whether `url` is an absolute http(s) address."""
    return isinstance(url, str) and origin(url)[0] in _DEFAULT_PORTS and bool(origin(url)[1])


def exposes_keys(url: str) -> bool:
    """Return whether a key sent to `url` would cross a network unencrypted."""
    scheme, host, _ = origin(url)
    if scheme != "http" or host == "localhost" or host.endswith((".localhost", ".invalid")):
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def query_value(url: str, name: str) -> str | None:
    """Return the first value of a query parameter, its name compared without case."""
    return next((v for k, v in parse_qsl(urlsplit(url).query) if k.lower() == name.lower()), None)


def with_query(url: str, name: str, value: str) -> str:
    """Return `url` with a query parameter set, the rest of it untouched."""
    parts = urlsplit(url)
    kept = [piece for piece in parts.query.split("&") if piece and piece.split("=")[0].lower() != name.lower()]
    return urlunsplit(parts._replace(query="&".join([*kept, urlencode({name: value})]), fragment=""))
