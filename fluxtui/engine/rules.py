"""Limits of one's own, kept before anything is sent: blocked words, pictures a request."""

from dataclasses import dataclass, replace

from fluxtui.domain.blocklist import blocked_word
from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.domain.request import Assessment, ImageRequest


@dataclass(frozen=True, slots=True)
class OwnRules:
    """`blocked_words` are empty when moderation of our own is off; `most_in_a_request` None means no limit."""

    blocked_words: tuple[str, ...] = ()
    most_in_a_request: int | None = None

    def judged(self, request: ImageRequest, assessment: Assessment) -> Assessment:
        """Return `assessment`, or the refusal of a prompt that holds a blocked word."""
        word = blocked_word(request.prompt, self.blocked_words)
        if word is None:
            return assessment
        problem = Problem(
            ProblemKind.MODERATION,
            f"The prompt holds the blocked word {word!r}.",
            "BLOCKED_WORDS forbids it; nothing was sent.",
            "Reword the prompt, or change BLOCKED_WORDS or ENABLE_CONTENT_MODERATION.",
        )
        return replace(assessment, impossible=problem)

    def most_images(self, of_provider: int) -> int:
        """Return how many pictures one request may ask for."""
        own = of_provider if self.most_in_a_request is None else min(of_provider, self.most_in_a_request)
        return max(1, own)
