"""Drawing with a finetune: the target `bfl/finetune:<id>` is one of BFL's finetuned endpoints with that id.

Which endpoint a finetune belongs to, only its owner knows: the parameter `finetune_endpoint` says it.
"""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fluxtui.domain.problems import Acceptance, Problem, ProblemKind, ServiceError
from fluxtui.domain.request import ImageRequest

if TYPE_CHECKING:
    from fluxtui.providers.catalog import Model, ServiceCatalog
    from fluxtui.providers.http import Reply

PREFIX = "finetune:"
ENDPOINT = "finetune_endpoint"
DEFAULT_ENDPOINT = "flux-pro-1.1-ultra-finetuned"

# Ids of trainings are UUIDs, those of klein LoRAs are names; another organization's is <organization>/<name>.
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,199}(/[\w.-]{1,200})?")


@dataclass(frozen=True, slots=True)
class Placed:
    """A request at the endpoint that draws it. `finetune` is None for every other model."""

    request: ImageRequest
    model: "Model"
    finetune: str | None = None
    impossible: Problem | None = None


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def endpoint_of(model: str) -> str:
    """Return the endpoint of a target's model as far as its name tells."""
    return DEFAULT_ENDPOINT if model.startswith(PREFIX) else model


def placed(request: ImageRequest, known: "ServiceCatalog") -> Placed:
    """Return where `request` goes. Pure."""
    if not request.model.startswith(PREFIX):
        return Placed(request, known.find(request.model))
    finetune = request.model.removeprefix(PREFIX).strip()
    chosen = request.parameters.get(ENDPOINT)
    endpoint = chosen.strip() if isinstance(chosen, str) and chosen.strip() else DEFAULT_ENDPOINT
    model = known.find(endpoint)
    parameters = {name: value for name, value in request.parameters.items() if name != ENDPOINT}
    sent = replace(request, parameters={**parameters, "finetune_id": finetune})
    impossible = None
    if not is_id(finetune):
        impossible = _cannot(f"{finetune[:100]!r} is no id of a finetune.", "`fluxtui finetunes` lists them.")
    elif chosen is not None and not isinstance(chosen, str):
        impossible = _cannot(f"{ENDPOINT} has to be the name of an endpoint.", f"Usual is {DEFAULT_ENDPOINT}.")
    elif "finetune_id" not in model.parameters and not model.open:
        usable = ", ".join(name for name in known.names() if "finetune_id" in known.models[name].parameters)
        impossible = _cannot(f"{endpoint} draws with no finetune.", f"Set {ENDPOINT} to one of {usable}.")
    return Placed(sent, model, finetune, impossible)


def refused(reply: "Reply", at: Placed) -> ServiceError | None:
    """Return what a refusal says about the finetune, None when it is about something else. Keeps the reply."""
    told = reply.text(300)
    if at.finetune is None or reply.status not in (400, 404):
        return None
    if reply.status == 400 and "finetune" not in told.lower():
        return None
    if "finetune" in told.lower():
        what = f"The finetune {at.finetune} does not exist, or is not trained yet."
        advice = "`fluxtui finetunes` lists those of the account, `fluxtui finetunes show ID` says how far one is."
    else:
        what = f"The endpoint {at.model.endpoint} is closed."
        advice = f"Set the parameter {ENDPOINT} to one that your finetune was made for."
    cause = (at.model.life() or ("",))[0] if "finetune" not in told.lower() else ""
    problem = Problem(ProblemKind.NOT_FOUND, what, cause, advice, reply.request_id, reply.status, told or None)
    return ServiceError(problem, acceptance=Acceptance.NO, permanent=True)


def _cannot(what: str, advice: str) -> Problem:
    return Problem(ProblemKind.INVALID_REQUEST, what, advice=advice)
