"""Answers of the images protocol of OpenAI, which Azure speaks too: pictures, refusals among them, nothing usable."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fluxtui.domain.jobs import Bill, ImageFacts, Refusal
from fluxtui.domain.request import Adaptation, Change
from fluxtui.domain.values import JsonValue
from fluxtui.providers import addresses, documents, failures
from fluxtui.providers.base import EncodedImage, Images, LinkedImage
from fluxtui.providers.failures import Explanation, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fluxtui.providers.http import Reply

Picture = EncodedImage | LinkedImage


def items(body: "Mapping[str, Any]") -> list[dict[str, Any]]:
    """Return the pictures of an answer as it describes them; an operation holds them in `result`."""
    holder = body["result"] if isinstance(body.get("result"), dict) else body
    data = holder.get("data")
    return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def outcome(
    reply: "Reply",
    body: "Mapping[str, Any]",
    service: Service,
    *,
    submitting: bool,
    bill: Bill | None,
    asked: int = 1,
    details: "Mapping[str, JsonValue] | None" = None,
) -> Images | Refusal:
    """Return the pictures, or the refusal, that a success holds; the reply is released or handed on.

    `asked` is the number of pictures that were asked for, `details` what is kept with each of them.
    A picture that a filter withheld is missing among the others, and said so; a refusal it is only
    when nothing is left. Raises ServiceError (kind `bad_answer`) when there is neither.
    """
    found = items(body)
    withheld = [item for item in found if any(failures.filtered(item.get("content_filter_results")))]
    pictures = [picture for item in found if item not in withheld and (picture := _picture(item)) is not None]
    categories = [name for item in withheld for name in failures.filtered(item.get("content_filter_results"))]
    if not pictures:
        explanation = failures.explain(reply) if "error" in body else Explanation()
        if categories or explanation.is_moderation:
            answer = failures.refusal(_told(explanation, categories), reply, service, bill)
            reply.release()
            return answer
        # An answer in the service's own form says that it did the work: that is no longer in doubt.
        raise failures.bad_answer(reply, service, "sent no picture", submitting=submitting and not body)
    held: Reply | None = reply
    if all(isinstance(picture, LinkedImage) for picture in pictures):
        reply.release()  # links need no bytes of this answer, and the places for bodies are few
        held = None
    kept = tuple(replace(p, facts=replace(p.facts, details=details)) for p in pictures) if details else tuple(pictures)
    return Images(kept, bill, _missing(max(asked, len(found)), len(pictures), categories), held)


def _told(explanation: Explanation, categories: list[str]) -> Explanation:
    return replace(
        explanation,
        message=explanation.message or "The content filter took exception.",
        categories=tuple(dict.fromkeys((*explanation.categories, *categories))),
    )


def _missing(asked: int, came: int, categories: list[str]) -> tuple[Adaptation, ...]:
    if came >= asked:
        return ()
    which = ", ".join(dict.fromkeys(categories))
    reason = f"the content filter withheld the others ({which})" if categories else "fewer pictures came back"
    return (Adaptation("n", Change.OBSERVED, asked, came, reason),)


def _picture(item: dict[str, Any]) -> Picture | None:
    revised = item.get("revised_prompt")
    facts = ImageFacts(prompt_used=revised if isinstance(revised, str) and revised else None)
    if (encoded := documents.picture_bytes(item.get("b64_json"))) is not None:
        return EncodedImage(encoded, facts)
    url = item.get("url")
    return LinkedImage(url, facts) if isinstance(url, str) and addresses.is_web(url) else None
