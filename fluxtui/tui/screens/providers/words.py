"""A card in words: state and reason, how it does, what it costs, which variables hold its key."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from textual.content import Content

from fluxtui.domain.facts import ModelFacts
from fluxtui.domain.problems import Problem
from fluxtui.domain.text import plain
from fluxtui.history.records import CheckRow
from fluxtui.tui import faces
from fluxtui.tui.doors.services import KeyFact, Service
from fluxtui.tui.screens.providers.health import (
    FACES,
    IN_TROUBLE,
    Card,
    ServiceCard,
    TargetCard,
    recent_errors,
    spark,
    targets_of,
)

_LABEL = 11


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Lines of label and value, the values wrapped beside their labels."""

    width: int

    def line(self, label: str, value: str, style: str = "") -> Content:
        lines = wrap(value, max(16, self.width - _LABEL)) or [""]
        rest = [Content.assemble(" " * _LABEL, (text, style)) for text in lines[1:]]
        return Content("\n").join([Content.assemble((f"{label:<{_LABEL}}", "$muted"), (lines[0], style)), *rest])


def state_line(state: str) -> Content:
    face = FACES[state]
    return Content.styled(f"{face.glyph} {face.word}", f"bold ${face.color}")


def title_words(every: Sequence[Card], shown: Sequence[Card]) -> tuple[Content, Content]:
    """Return what stands over the list of targets and below it: how many, how they do, what they draw now."""
    targets = [card for card in every if isinstance(card, TargetCard)]
    seen = sum(isinstance(card, TargetCard) for card in shown)
    told = [f"targets {seen} of {len(targets)}" if seen != len(targets) else f"targets {seen}"]
    off = sum(card.state == "disabled" for card in targets)
    stuck = sum(card.state in IN_TROUBLE for card in targets)
    told += [f"{stuck} in trouble"] if stuck else []
    told += [f"{off} disabled"] if off else []
    in_flight = sum(card.in_flight for card in targets)
    return Content(" · ".join(told)), Content(f"{in_flight} in flight" if in_flight else "")


def card_words(card: Card, every: Sequence[Card], now: float, width: int, *, large: bool = False) -> Content:
    """Return what there is to say about a card; `large` also every variable, and every fact of its models."""
    sheet = _Sheet(width)
    blocks = _target(card, now, sheet) if isinstance(card, TargetCard) else _service(card, every, now, sheet)
    service = card.service.service if isinstance(card, TargetCard) else card.service
    if large or isinstance(card, ServiceCard):
        blocks.append(keys_words(service, width))
    models = [card.model.facts] if isinstance(card, TargetCard) else [model.facts for model in service.models]
    if large or isinstance(card, TargetCard):
        blocks += [_model(facts, sheet, named=isinstance(card, ServiceCard)) for facts in models]
    return Content("\n\n").join(block for block in blocks if block)


def _problem(problem: Problem, color: str) -> Content:
    """Return why it stands still: what happened, the likely cause, what to do, what the service called it."""
    lines = [Content.styled(problem.what, f"bold ${color}")]
    lines += [Content(problem.cause)] if problem.cause else []
    lines += [Content.assemble(("→ ", f"${color}"), problem.advice)] if problem.advice else []
    status = f"HTTP {problem.http_status}" if problem.http_status else ""
    request = f"request {problem.request_id}" if problem.request_id else ""
    known = " · ".join(fact for fact in (status, request) if fact)
    lines += [Content.styled(known, "$muted")] if known else []
    return Content("\n").join(lines)


# --- a target -----------------------------------------------------------------------------------


def _target(card: TargetCard, now: float, sheet: _Sheet) -> list[Content]:
    head = Content.assemble((faces.one_line(card.model.target), "bold"), "\n", state_line(card.state))
    color = FACES[card.state].color
    blocks = [head]
    if card.problem is not None:
        blocks.append(_problem(card.problem, color))
    advice = _advice(card, now)
    if advice:
        blocks.append(Content.assemble(("→ ", f"${color}"), advice))
    blocks.append(Content("\n").join(_figures(card, now, sheet)))
    return blocks


def _advice(card: TargetCard, now: float) -> str:
    """Return what to do about a state, as one sentence; nothing where its problem says so."""
    resume_at = None if card.lane is None else card.lane.resume_at
    soon = "" if resume_at is None or resume_at <= now else f" Goes on in {faces.countdown(resume_at - now)}."
    match card.state:
        case "limited":
            return f"The service asked for fewer requests; it is asked again by itself.{soon} r goes on at once."
        case "open":
            return f"The service is in trouble and left alone for a while.{soon} r tries it now."
        case "parked":
            return "Put it right, then press r: its jobs stayed queued."
        case "slow":
            return "The last pictures took more than twice as long as usual. − sends less at once."
        case "paused":
            return "Held back by a person; r lets it go on."
        case "failing" if card.service.check is not None:
            return f"The last test said: {plain(card.service.check.message, limit=300)}"
        case "ready":
            return "Nothing was drawn with it lately. t tries its key, for nothing."
    return ""


def _figures(card: TargetCard, now: float, sheet: _Sheet) -> list[Content]:
    lane, say = card.lane, sheet.line
    lines = [say("at once", _limit_words(card))]
    if lane is not None and lane.latencies:
        lines.append(say("latency", spark(lane.latencies, max(8, min(40, sheet.width - _LABEL))), "$primary"))
        lines.append(say("", f"p50 {faces.duration(lane.p50)} · p95 {faces.duration(lane.p95)}"))
    errors = recent_errors(lane, now)
    told = ", ".join(f"{kind.replace('_', ' ')} {count:,}" for kind, count in errors.items())
    lines.append(say("last hour", told or "no errors", "$warning" if errors else "$state-done"))
    if lane is not None and lane.headroom is not None:
        of = "" if lane.headroom_limit is None else f" of {lane.headroom_limit:,}"
        lines.append(say("headroom", f"{lane.headroom:,}{of} requests left"))
    if lane is not None and lane.succeeded_at is not None:
        lines.append(say("success", faces.when(lane.succeeded_at, now)))
    lines += _check_lines(card.service.check, now, sheet, testing=card.service.testing)
    keys = [fact for fact in card.service.service.keys if fact.secret and fact.is_set]
    return [*lines, *(say("key", f"{fact.variable}, set in {_place(fact)}") for fact in keys)]


def _limit_words(card: TargetCard) -> str:
    chosen = "" if card.wish.limit is None else f", your limit (the service bears {card.model.bears}; a: automatic)"
    if not card.live or card.lane is None:
        return f"at most {card.limit}{chosen}"
    now = "" if card.lane.limit >= card.limit else f", {card.lane.limit} at present"
    return f"{card.in_flight} in flight, at most {card.limit}{now}{chosen}"


def _check_lines(check: CheckRow | None, now: float, sheet: _Sheet, *, testing: bool) -> list[Content]:
    if testing:
        return [sheet.line("test", "◐ asking the service …", "$state-waiting")]
    if check is None:
        return [sheet.line("test", "never; t tries its key, for nothing", "$muted")]
    glyph, color = {"ok": ("✓", "state-done"), "problem": ("✗", "error")}.get(check.state, ("?", "muted"))
    took = "" if check.seconds is None else f", answered in {check.seconds:.1f} s"
    lines = [
        sheet.line("test", f"{glyph} {plain(check.message, limit=300, newlines=False)}", f"${color}"),
        sheet.line("", f"{faces.when(check.checked_at, now)}{took}", "$muted"),
    ]
    return lines if check.credits is None else [*lines, sheet.line("credits", f"{check.credits:,.1f}")]


# --- a service ----------------------------------------------------------------------------------


def _service(card: ServiceCard, every: Sequence[Card], now: float, sheet: _Sheet) -> list[Content]:
    service = card.service
    blocks = [
        Content.assemble((service.title, "bold"), (f"  {service.id}", "$muted"), "\n", state_line(card.state)),
        Content.styled(service.description, "$muted"),
    ]
    if card.problem is not None:
        blocks.append(_problem(card.problem, FACES[card.state].color))
    if service.missing:
        blocks.append(
            Content.assemble(
                ("→ ", "$primary"), "Set ", (", ".join(service.missing), "bold"), " in .env or the environment."
            )
        )
    elif card.state == "off":
        blocks.append(Content("→ Switched off in the settings: ENABLED_PROVIDERS names the services that may draw."))
    else:
        blocks.append(Content("\n").join(_check_lines(card.check, now, sheet, testing=card.testing)))
    own = targets_of(card, every)
    if own:
        off = sum(not each.wish.enabled for each in own)
        disabled = f", {off} disabled" if off else ""
        blocks.append(sheet.line("targets", f"{len(own)}{disabled}"))
    elif service.models:
        blocks.append(Content.styled(f"It could draw with {len(service.models)} models.", "$muted"))
    return blocks


# --- keys and models ----------------------------------------------------------------------------


def keys_words(service: Service, width: int) -> Content:
    """Return the variables of a service: set or not, and where; never a key."""
    return Content("\n").join(_key_line(fact, fact.variable in service.missing, width) for fact in service.keys)


def _key_line(fact: KeyFact, needed: bool, width: int) -> Content:
    if not fact.is_set:
        said, color = ("✗ missing", "warning") if needed else ("· not set", "muted")
        return Content.assemble((f"{said:<{_LABEL}}", f"${color}"), fact.variable)
    value = "not shown" if fact.secret else plain(fact.value, limit=200, newlines=False)
    told = wrap(f"{value} · {_place(fact)}", max(16, width - _LABEL))
    lines = [Content.assemble((f"{'✓ set':<{_LABEL}}", "$state-done"), fact.variable)]
    return Content("\n").join([*lines, *(Content.assemble(" " * _LABEL, (text, "$muted")) for text in told)])


def _place(fact: KeyFact) -> str:
    return fact.place.removeprefix("in ") or "the defaults"


def _model(facts: ModelFacts, sheet: _Sheet, *, named: bool) -> Content:
    """Return what is known of a model: price, time, sizes, what it honours, the end of its life."""
    say = sheet.line
    lines = [Content.styled(faces.one_line(facts.model) or "its model", "bold")] if named else []
    lines.append(say("price", f"{facts.price} a picture"))
    if facts.seconds is not None:
        lines.append(say("time", f"{faces.about(facts.seconds)} a picture"))
    if facts.sizes is not None:
        lines.append(say("sizes", plain(facts.sizes.words, limit=300, newlines=False)))
    if facts.abilities is not None:
        able = facts.abilities
        abilities = {
            "seed": able.seed,
            "negative prompt": able.negative_prompt,
            "steps": able.steps,
            "guidance": able.guidance,
            f"{able.references} reference{'' if able.references == 1 else 's'}": able.references > 0,
        }
        lines.append(say("honours", ", ".join(name for name, has in abilities.items() if has) or "the prompt"))
    if facts.parameters:
        lines.append(say("parameters", ", ".join(facts.parameters)))
    if facts.retired is not None:
        lines.append(say("retired", f"! {facts.retired:%d %b %Y}", "$warning"))
    elif facts.deprecated is not None:
        lines.append(say("deprecated", f"! {facts.deprecated:%d %b %Y}", "$warning"))
    if facts.note:
        lines.append(say("note", plain(facts.note, limit=400, newlines=False)))
    return Content("\n").join(lines)
