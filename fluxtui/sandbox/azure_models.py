"""What the FLUX deployments on Azure take and cost.

Sources: Microsoft's page on FLUX models in Foundry (2026-03), recorded answers of 2025-09 and live notes of 2026.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fluxtui.sandbox.bfl_models import MEGAPIXEL
from fluxtui.sandbox.validation import Rule, Schema

_SIDE = Rule("int", nullable=True, low=64, high=4096)
_REFERENCE = Rule("str", nullable=True)

_PROVIDER_ROUTE = Schema(
    {
        "model": Rule("str", required=True),
        "prompt": Rule("str", required=True),
        "width": _SIDE,
        "height": _SIDE,
        "aspect_ratio": Rule("str", nullable=True, pattern=r"\d{1,4}:\d{1,4}"),
        "output_format": Rule("str", default="jpeg", nullable=True, choices=("jpeg", "png")),
        # How many pictures the route makes at most is not known; four is our choice.
        "num_images": Rule("int", default=1, nullable=True, low=1, high=4),
        "n": Rule("int", default=1, nullable=True, low=1, high=4),
        "seed": Rule("int", nullable=True),
        "safety_tolerance": Rule("int", default=2, nullable=True, low=0, high=5),
        "guidance": Rule("number", nullable=True, low=1.5, high=10),
        "steps": Rule("int", nullable=True, low=1, high=50),
        "prompt_upsampling": Rule("bool", default=False, nullable=True),
    }
)


def _references(count: int) -> dict[str, Rule]:
    return dict.fromkeys(["input_image", *(f"input_image_{n}" for n in range(2, count + 1))], _REFERENCE)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployed model. Prices are in US cents; `segment` is its name in the path of the provider route.

    `price` is that of the first megapixel; every further one and every one sent in costs `per_megapixel` (None: one
    price for every picture). `largest` is the most pixels it makes.
    """

    name: str
    segment: str
    schema: Schema
    price: float
    per_megapixel: float | None
    largest: int
    image_api: bool = False
    edits: bool = False
    aspect_ratio: bool = False


_ALL = (
    Deployment("FLUX-1.1-pro", "flux-pro-1.1", _PROVIDER_ROUTE, 4.0, None, 1_600_000, image_api=True),
    Deployment(
        "FLUX.1-Kontext-pro",
        "flux-kontext-pro",
        _PROVIDER_ROUTE.plus(**_references(1)),
        4.0,
        None,
        MEGAPIXEL + MEGAPIXEL // 16,
        image_api=True,
        edits=True,
        aspect_ratio=True,
    ),
    Deployment("FLUX.2-pro", "flux-2-pro", _PROVIDER_ROUTE.plus(**_references(8)), 3.0, 1.5, 4 * MEGAPIXEL),
    Deployment(
        "FLUX.2-flex",
        "flux-2-flex",
        _PROVIDER_ROUTE.plus(
            **_references(10),
            guidance=Rule("number", default=4.5, nullable=True, low=1.5, high=10),
            steps=Rule("int", default=50, nullable=True, low=1, high=50),
        ),
        5.0,
        5.0,
        4 * MEGAPIXEL,
    ),
)

DEPLOYMENTS: Mapping[str, Deployment] = {deployment.name: deployment for deployment in _ALL}
"""Deployments by name; every one is named after its model, as the portal proposes."""
