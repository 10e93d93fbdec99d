"""BFL's finetunes: a list, details, deletion; and training, which is gone since 2025-10-31 (`Faults.historic`)."""

import base64
import binascii
import io
import uuid
import zipfile
from datetime import UTC, datetime

from fluxtui.domain.values import JsonObject, digest
from fluxtui.sandbox.ledger import Identity
from fluxtui.sandbox.messages import SandboxRequest, SandboxResponse, json_response
from fluxtui.sandbox.validation import Rule, Schema, fault
from fluxtui.sandbox.world import World

FINETUNE_ID = "sandbox-watercolour"
"""The finetune that every sandbox has."""

_TRAIN = Schema(
    {
        "file_data": Rule("str", required=True),
        "finetune_comment": Rule("str", required=True),
        "mode": Rule("str", required=True, choices=("general", "character", "style", "product")),
        "trigger_word": Rule("str", "TOK"),
        "iterations": Rule("int", 300, low=100, high=1000),
        "learning_rate": Rule("number", nullable=True, low=1e-6, high=5e-3),
        "captioning": Rule("bool", True),
        "priority": Rule("str", "quality", choices=("speed", "quality", "high_res_only")),
        "finetune_type": Rule("str", "full", choices=("full", "lora")),
        "lora_rank": Rule("int", 32, low=16, high=32, multiple_of=16),
    }
)
_KEPT = (
    "finetune_comment",
    "trigger_word",
    "mode",
    "finetune_type",
    "lora_rank",
    "iterations",
    "learning_rate",
    "priority",
)
_PICTURES = (".jpg", ".jpeg", ".png", ".webp")
_TRAINING_TIME = 20.0  # times that of a picture; really it is hours
_QUEUED_SHARE = 0.1

_DELETE = Schema({"finetune_id": Rule("str", required=True)})


class Finetunes:
    """The finetunes of the account. Of these, trainings are kept across restarts; deletions are not."""

    ROUTES = ("my_finetunes", "finetune_details", "delete_finetune")
    TRAINING = "finetune"

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[str, JsonObject] = {
            FINETUNE_ID: {
                "finetune_comment": "loose watercolour on rough paper",
                "trigger_word": "WTRCLR",
                "mode": "style",
                "finetune_type": "lora",
                "lora_rank": 32,
                "iterations": 300,
                "learning_rate": 0.0001,
                "priority": "quality",
                "timestamp": "2026-03-01T12:00:00+00:00",
            }
        }

        self._trainings: dict[str, tuple[float, float]] = {}

    def usable(self, finetune_id: str) -> bool:
        return finetune_id in self._known and self._left(finetune_id) <= 0

    def _left(self, finetune_id: str) -> float:
        """Return the seconds until a finetune is trained, negative ones since then."""
        began, seconds = self._trainings.get(finetune_id, (0.0, 0.0))
        return began + seconds - self._world.clock()

    def status(self, finetune_id: str) -> str | None:
        """Return the status of a training's task, None for what is no training or was forgotten after its end."""
        if finetune_id not in self._trainings:
            return None
        left, (_, seconds) = self._left(finetune_id), self._trainings[finetune_id]
        if left <= 0:
            return "Ready" if -left < self._world.faults.of("bfl").expiry else None
        # Public clients met "Error" while a training waited in the queue.
        return "Error" if left > seconds * (1 - _QUEUED_SHARE) else "Pending"

    def restore(self, training: JsonObject) -> None:
        """Take back a training that an earlier process wrote down."""
        finetune_id, details = str(training["id"]), training["details"]
        assert isinstance(details, dict)
        self._known[finetune_id] = details
        self._trainings[finetune_id] = float(str(training["began"])), float(str(training["seconds"]))

    def train(self, request: SandboxRequest) -> SandboxResponse:
        """Begin a training. The answer's schema is untyped; clients read `finetune_id`."""
        values, errors = _TRAIN.check(request.json_object() or {})
        if errors:
            return json_response(422, {"detail": list(errors)})
        if not 1 <= _pictures(values["file_data"]) <= 20:
            # The wording is ours: no recorded body of this answer was found.
            return json_response(400, {"detail": "file_data must be a ZIP with 1 to 20 images"})
        finetune_id, now, faults = str(uuid.uuid4()), self._world.clock(), self._world.faults.of("bfl")
        details: JsonObject = {name: values[name] for name in _KEPT}
        details["timestamp"] = datetime.fromtimestamp(now, UTC).isoformat()
        seconds = faults.seconds(faults.latency, "training", finetune_id) * _TRAINING_TIME
        training: JsonObject = {"id": finetune_id, "details": details, "began": now, "seconds": seconds}
        identity = Identity("bfl", "finetune", values["finetune_comment"], None, "", digest(values["file_data"])[:16])
        key = request.headers.get("x-key", "")
        submission = self._world.submission(finetune_id, identity, key, accepted=True, status=200)
        self._world.ledger.record(submission, {"service": "bfl", "work": {"training": training}})
        self.restore(training)
        return json_response(200, {"finetune_id": finetune_id})

    def handle(self, name: str, request: SandboxRequest) -> SandboxResponse:
        if name == "my_finetunes":
            return json_response(200, {"finetunes": list(self._known)})
        if name == "delete_finetune":
            return self._delete(request)
        wanted = request.query.get("finetune_id")
        if wanted is None:
            return json_response(422, {"detail": [fault("missing", "finetune_id", "Field required", place="query")]})
        if wanted not in self._known:
            return json_response(404, {"detail": "Finetune not found or access denied"})
        return json_response(200, {"finetune_details": self._known[wanted]})

    def _delete(self, request: SandboxRequest) -> SandboxResponse:
        values, errors = _DELETE.check(request.json_object() or {})
        if errors:
            return json_response(422, {"detail": list(errors)})
        if self._known.pop(values["finetune_id"], None) is None:
            return json_response(404, {"detail": "Finetune not found or access denied"})
        return json_response(
            200,
            {
                "status": "success",
                "message": "Finetune deleted",
                "deleted_finetune_id": values["finetune_id"],
                "timestamp": datetime.fromtimestamp(self._world.clock(), UTC).isoformat(),
            },
        )


def _pictures(encoded: str) -> int:
    """Return how many pictures a ZIP in base64 holds, 0 for what is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(encoded, validate=True))) as archive:
            return sum(name.lower().endswith(_PICTURES) for name in archive.namelist())
    except (binascii.Error, ValueError, zipfile.BadZipFile):
        return 0
