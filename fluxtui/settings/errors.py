"""What is wrong with the settings, said so that it can be put right."""

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind


class SettingsError(FluxtuiError):
    """A setting cannot be used. `variables` are the names as the user spelled them.

    Every wrong setting of a section is named, not only the first.
    """

    def __init__(self, what: str, cause: str = "", advice: str = "", *, variables: tuple[str, ...] = ()) -> None:
        super().__init__(Problem(ProblemKind.CONFIGURATION, what, cause, advice))
        self.variables = variables
