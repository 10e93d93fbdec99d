"""What fal.ai was recorded to send, and a queue that sends it."""

from typing import Any

import httpx

from fluxtui.domain.jobs import Ticket
from fluxtui.domain.request import ImageRequest
from fluxtui.domain.size import Size
from fluxtui.providers import fal
from fluxtui.providers.base import Provider

from .wire import Wire

KEY = "canary-fal-id:canary-fal-secret-0123"
ID = "764cabcf-b745-4b3e-ae38-1200304cf45b"
BASE = f"https://queue.fal.run/fal-ai/flux/requests/{ID}"
URLS = {"response_url": BASE, "status_url": f"{BASE}/status", "cancel_url": f"{BASE}/cancel"}
QUEUED = {"status": "IN_QUEUE", "request_id": ID, "queue_position": 0, **URLS}
FOX = ImageRequest("fal-ai/flux/schnell", "a red fox", size=Size(1024, 768), seed=42, count=2, output_format="png")
LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
COMPLETED = {"status": "COMPLETED", "request_id": ID, "logs": None, "metrics": {"inference_time": 0.46}}
PICTURE = {"url": "https://v3.fal.media/files/rabbit/abc123.png", "width": 1024, "height": 768}
RESULT = {
    "images": [PICTURE, {**PICTURE, "url": "https://v3.fal.media/files/rabbit/def456.png"}],
    "timings": {"inference": 0.3713},
    "seed": 1763412345,
    "has_nsfw_concepts": [False, False],
    "prompt": "a red fox",
}
BLACK = {**RESULT, "has_nsfw_concepts": [True, True]}


def service(url: str | None = None, key: str | None = KEY) -> Provider:
    settings = {"FAL_AI_API_KEY": key, "FAL_QUEUE_URL": url}
    return fal.make(fal.SETTINGS.model_validate({k: v for k, v in settings.items() if v is not None}))


def ticket(**more: Any) -> Ticket:
    data: dict[str, Any] = {
        "id": ID,
        **URLS,
        "base": "https://queue.fal.run",
        "model": FOX.model,
        "count": 2,
        "price": 6000,
    }
    return Ticket({**data, **more})


def queue(status: Any, result: Any = None, result_status: int = 200, **headers: str) -> Wire:
    """Return a queue that answers the status with `status`, and the result with `result`."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/status"):
            return httpx.Response(200 if status["status"] == "COMPLETED" else 202, json=status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(result, bytes):
            return httpx.Response(result_status, content=result, headers=named)
        return httpx.Response(result_status, json=result, headers=named)

    return Wire(handler=answer)
