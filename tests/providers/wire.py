"""A service in memory: answers in order, and everything that was asked of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from fluxtui.providers.http import Http, open_client

Handler = Callable[[httpx.Request], httpx.Response]


@dataclass
class Wire:
    """Answers with `responses` one after another (the last one again and again), or with `handler`."""

    responses: list[httpx.Response] = field(default_factory=list)
    handler: Handler | None = None
    requests: list[httpx.Request] = field(default_factory=list)

    @property
    def http(self) -> Http:
        return Http(open_client(httpx.MockTransport(self._answer)))

    @property
    def body(self) -> Any:
        """The JSON of the last request."""
        return json.loads(self.requests[-1].content)

    @property
    def last(self) -> httpx.Request:
        return self.requests[-1]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.handler is not None:
            return self.handler(request)
        return self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]


def answering(status: int, body: Any = None, **headers: str) -> Wire:
    """Return a service that always answers the same; `headers` with underscores for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Wire(handler=lambda request: httpx.Response(status, content=content, headers=named))
