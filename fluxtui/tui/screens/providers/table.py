"""The list of services and their targets, drawn by the line API: only the lines that changed are drawn again."""

from collections.abc import Callable, Sequence

from fluxtui.tui import faces
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.screens.providers.health import FACES, IN_TROUBLE, Card, ServiceCard, TargetCard, recent_errors, spark
from fluxtui.tui.widgets.rows import Rows

_STATE = 16
_NUMBER = 8
_FLIGHT = 7
_ERRORS = 8


class CardTable(Rows):
    """One line a target, under the line of its service. The cursor stays on what it was on."""

    HEADING = 1
    HELP = (
        "Every service with its targets. Blocks are the latency of the last pictures, the newest to the right;"
        " the numbers beside them are the seconds within which half of the pictures, and 95 of 100, were there."
        " at once: requests in flight, and the most that are allowed."
    )

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = clock
        self.cards: tuple[Card, ...] = ()
        self.said = "reading the settings …"

    @property
    def row_count(self) -> int:
        return len(self.cards)

    @property
    def current(self) -> Card | None:
        return self.cards[self.cursor] if self.cursor < len(self.cards) else None

    def nothing(self) -> str:
        return self.said

    def show(self, cards: Sequence[Card]) -> None:
        """Draw what differs from before; the cursor follows its card."""
        before, card = self.cards, self.current
        self.cards = tuple(cards)
        if before and [each.key for each in before] == [each.key for each in cards]:
            for index, (old, new) in enumerate(zip(before, self.cards, strict=True)):
                if old != new:
                    self.refresh_row(index)
            return
        at = next((i for i, each in enumerate(self.cards) if card is not None and each.key == card.key), None)
        self.set_reactive(Rows.cursor, self._first() if card is None else at if at is not None else self.cursor)
        self.rows_changed()
        self.reveal()
        self.post_message(self.Moved(self, self.cursor))

    def _first(self) -> int:
        """Return where the cursor begins: on what needs a person, else on the first target."""
        targets = [index for index, card in enumerate(self.cards) if isinstance(card, TargetCard)]
        troubled = (index for index in targets if self.cards[index].state in IN_TROUBLE)
        return next(troubled, targets[0] if targets else 0)

    def tick(self) -> None:
        """A second has passed: draw the lines that count."""
        for index in self.in_view:
            card = self.cards[index]
            if isinstance(card, TargetCard) and card.state in ("limited", "open"):
                self.refresh_row(index)

    # --- drawing ---------------------------------------------------------------------------------

    def _columns(self, width: int) -> tuple[int, int, int, int]:
        """Return the widths of name, blocks, p95 and the kinds of errors."""
        p95 = _NUMBER if width >= 84 else 0
        kinds = 34 if width >= 124 else 22 if width >= 110 else 0
        rest = width - _STATE - _NUMBER - p95 - _FLIGHT - _ERRORS - kinds - 3
        name = max(12, min(40, rest - 10))
        return name, max(0, min(40, rest - name)), p95, kinds

    def draw_heading(self, width: int, ink: Ink) -> list[Part]:
        name, sparks, p95, kinds = self._columns(width - 1)
        quiet = ink("muted")
        return [
            (fit("   state", _STATE + 1), quiet),
            (fit("target", name + 1), quiet),
            (fit("latency", sparks), quiet),
            (fit("p50", _NUMBER, right=True), quiet),
            (fit("p95", p95, right=True), quiet),
            (fit("at once", _FLIGHT + 1, right=True), quiet),
            (fit("errors", _ERRORS, right=True), quiet),
            (fit("  of the last hour", kinds), quiet),
        ]

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        card = self.cards[index]
        return self._service(card, width, ink) if isinstance(card, ServiceCard) else self._target(card, width, ink)

    def _service(self, card: ServiceCard, width: int, ink: Ink) -> list[Part]:
        face = FACES[card.state]
        title = faces.one_line(card.service.title, 60)
        told = f"{face.glyph} {self._told(card, face.word)}"
        color = face.color
        if card.testing:
            told, color = "◐ testing …", "state-waiting"
        room = width - len(title) - 3
        return [(f"{title}  ", ink("foreground", bold=True)), (fit(told, room), ink(color))]

    def _told(self, card: ServiceCard, word: str) -> str:
        if card.service.missing:
            return f"needs {', '.join(card.service.missing)}"
        if card.state == "off":
            return "switched off in the settings"
        if card.problem is not None:
            return f"{word}: {faces.one_line(card.problem.what)}"
        check = card.check
        if check is None:
            return "ready, never tested"
        left = "" if check.credits is None else f" · {check.credits:,.1f} credits"
        said = "key works" if check.state == "ok" else faces.one_line(check.message, 120)
        return f"{said}{left} · {faces.when(check.checked_at, self._clock())}"

    def _target(self, card: TargetCard, width: int, ink: Ink) -> list[Part]:
        name, sparks, p95, kinds = self._columns(width)
        face, lane, quiet = FACES[card.state], card.lane, ink("muted")
        errors = recent_errors(lane, self._clock())
        most = f"{card.in_flight}/{card.limit}" if card.live else str(card.limit)
        return [
            (fit(f" {face.glyph} {face.word}", _STATE), ink(face.color)),
            (fit(faces.one_line(card.model.facts.model or card.key, 120), name), ink(self._name_color(card))),
            (" ", quiet),
            *self._latency(card, sparks, p95, ink),
            (" ", quiet),
            (fit(most, _FLIGHT, right=True), ink("foreground" if card.in_flight else "muted")),
            (fit(f"{sum(errors.values()):,}" if errors else "", _ERRORS, right=True), ink("warning")),
            (fit("  " + ", ".join(kind.replace("_", " ") for kind in errors), kinds), ink("warning")),
        ]

    def _name_color(self, card: TargetCard) -> str:
        return "muted" if card.state in ("disabled", "paused", "unconfigured", "off", "ready") else "foreground"

    def _latency(self, card: TargetCard, sparks: int, p95: int, ink: Ink) -> list[Part]:
        """Return how quick it is; in its place why it stands still, if it does."""
        why = self._why(card)
        if why:
            return [(fit(why, sparks + _NUMBER + p95), ink(FACES[card.state].color))]
        lane = card.lane
        half, most = (None, None) if lane is None else (lane.p50, lane.p95)
        return [
            (fit("" if lane is None else spark(lane.latencies, sparks), sparks), ink("primary")),
            (fit("" if half is None else faces.duration(half), _NUMBER, right=True), ink("foreground")),
            (fit("" if most is None else faces.duration(most), p95, right=True), ink("muted")),
        ]

    def _why(self, card: TargetCard) -> str:
        lane, now = card.lane, self._clock()
        if card.state == "parked" and card.problem is not None:
            return faces.one_line(card.problem.what)
        if lane is not None and card.state in ("limited", "open") and (lane.resume_at or 0) > now:
            return f"goes on in {faces.countdown((lane.resume_at or now) - now)}"
        return ""
