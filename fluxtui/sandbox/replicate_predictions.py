"""Replicate's predictions: their states, their answers, and what is left of them after an hour."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox.delivery import token
from fluxtui.sandbox.gate import CONTENT_MODERATED, ERROR, PICTURE, REQUEST_MODERATED
from fluxtui.sandbox.markers import Markers
from fluxtui.sandbox.pictures import PictureSpec

_START_SHARE = 0.2
_FAILURES = {
    CONTENT_MODERATED: "NSFW content detected. Try running it again, or try a different prompt.",
    # Seen in public logs of the pro models, which check prompts as well.
    REQUEST_MODERATED: ("The input or output was flagged as sensitive. Please try again with different inputs. (E005)"),
    ERROR: "Prediction interrupted; please retry (code: PA)",
}
FINAL = ("succeeded", "failed", "canceled", "aborted")
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@dataclass(slots=True)
class Prediction:
    """One prediction. `created` in seconds since the epoch, `seconds` until its end; cost in millionths of a dollar.

    `ended_early` is when it was cancelled, by the client or by its deadline. `outcome` as in `Submission`.
    """

    id: str
    model: str
    version: str
    fingerprint: str
    created: float
    seconds: float
    outcome: str
    input: JsonObject
    seed: int
    pictures: tuple[PictureSpec, ...]
    listed: bool
    cost: int
    deadline: float | None
    ended_early: float | None = None
    polls: int = 0

    def as_json(self) -> JsonObject:
        return asdict(self)

    @classmethod
    def from_json(cls, data: JsonObject) -> "Prediction":
        specs = data["pictures"]
        assert isinstance(specs, list)
        pictures = tuple(PictureSpec(**spec) for spec in specs if isinstance(spec, dict))  # type: ignore[arg-type]
        return cls(**{**data, "pictures": pictures})  # type: ignore[arg-type]

    @property
    def started(self) -> float:
        return self.created + _START_SHARE * self.seconds

    @property
    def ended(self) -> float:
        """When it is over, whatever the way."""
        if self.ended_early is not None:
            return self.ended_early
        end = self.created + self.seconds
        return end if self.deadline is None else min(end, self.deadline)

    def status(self, now: float) -> str:
        if now < self.ended:
            return "starting" if now < self.started else "processing"
        if self.ended_early is not None:
            return "canceled"
        if self.deadline is not None and self.deadline < self.created + self.seconds:
            # A deadline that passes before the start costs nothing and has a name of its own.
            return "aborted" if self.deadline <= self.started else "canceled"
        return "succeeded" if self.outcome == PICTURE else "failed"

    def file(self, number: int) -> str:
        """Return the path of one output at the delivery host."""
        secret = token(self.id, number)
        spec = self.pictures[number]
        extension = "jpg" if spec.format == "jpeg" else spec.format
        name = f"out-{number}.{extension}" if self.listed else f"tmp{secret[:8]}.{extension}"
        return f"/xezq/{secret}/{name}"


def described(
    prediction: Prediction, now: float, base: str, url: Callable[[int], str], *, removed: bool, early: bool = False
) -> JsonObject:
    """Return a prediction as the API tells it; `url` makes the links of its outputs.

    `removed`: input, output and logs have been deleted. `early`: the answer to a client that waited, which says
    `processing` although the output is there already (the official client's source says so).
    """
    status = prediction.status(now)
    output: JsonValue = None
    if status == "succeeded" and "no-image" not in Markers(prediction.pictures[0].prompt):
        links: list[JsonValue] = [url(number) for number in range(len(prediction.pictures))]
        output = links if prediction.listed else links[0]
    elif status == "succeeded" and prediction.listed:
        output = []
    own = f"{base}/v1/predictions/{prediction.id}"
    body: JsonObject = {
        "id": prediction.id,
        "model": prediction.model,
        "version": prediction.version,
        "input": {} if removed else prediction.input,
        "logs": "" if removed else _logs(prediction, status),
        "output": None if removed else output,
        "data_removed": removed,
        "error": _FAILURES[prediction.outcome] if status == "failed" else None,
        "source": "api",
        "status": "processing" if early and status == "succeeded" else status,
        "created_at": _stamp(prediction.created),
        "urls": {
            "cancel": f"{own}/cancel",
            "get": own,
            "stream": f"{base}/v1/streams/{prediction.id}",
            "web": f"https://replicate.com/p/{prediction.id}",
        },
    }
    if status != "starting" and status != "aborted":
        body["started_at"] = _stamp(prediction.started)
    if status in FINAL:
        body["completed_at"] = _stamp(prediction.ended)
    if status in ("succeeded", "failed"):
        total = prediction.ended - prediction.created
        body["metrics"] = {
            "predict_time": round(prediction.ended - prediction.started, 6),
            "total_time": round(total, 6),
        }
    return body


def _logs(prediction: Prediction, status: str) -> str:
    """Return the logs: the only place where a seed shows that the service drew itself."""
    if status in ("starting", "aborted"):
        return ""
    lines = [f"Using seed: {prediction.seed}", "  0%|          | 0/4 [00:00<?, ?it/s]"]
    if status in ("succeeded", "failed"):
        lines.append("100%|##########| 4/4 [00:00<00:00, 12.41it/s]")
    return "\n".join([*lines, ""])


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(text: str | None) -> float | None:
    """Return the seconds of `30s`, `1m` or `1h30m` (a bare number: seconds), None for anything else."""
    if not text:
        return None
    if text.isdigit():
        return float(text)
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(hours * 3600 + minutes * 60 + seconds)
