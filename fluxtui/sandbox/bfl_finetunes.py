"""BFL's finetunes, as much of them as is left: a list, details, deletion. Training is gone since 2025-10-31."""

from datetime import UTC, datetime

from fluxtui.domain.values import JsonObject
from fluxtui.sandbox.messages import SandboxRequest, SandboxResponse, json_response
from fluxtui.sandbox.validation import Rule, Schema, fault
from fluxtui.sandbox.world import World

FINETUNE_ID = "sandbox-watercolour"
"""The finetune that every sandbox has."""

_DELETE = Schema({"finetune_id": Rule("str", required=True)})


class Finetunes:
    """The finetunes of the account. They are not kept across restarts: each sandbox begins with the one it has."""

    ROUTES = ("my_finetunes", "finetune_details", "delete_finetune")

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

    def usable(self, finetune_id: str) -> bool:
        return finetune_id in self._known

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
