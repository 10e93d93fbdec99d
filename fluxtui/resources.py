"""Data that comes with the program: theme files, example batches, the page that explains the variables.

In a wheel they lie in `fluxtui/_data/`; in a checkout, and so in an editable install, at the top level.
"""

from pathlib import Path

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind

_PACKAGE = Path(__file__).resolve().parent


def themes_folder() -> Path:
    """Return the folder of the theme files. Raises FluxtuiError when the installation lacks it."""
    return find("themes", _PACKAGE)


def examples_folder() -> Path:
    """Return the folder of the example batches. Raises FluxtuiError when the installation lacks it."""
    return find("examples", _PACKAGE)


def settings_guide() -> Path | None:
    """Return the file that explains every variable (`.env.example`), None where an installation lacks it."""
    places = (_PACKAGE / "_data" / "env.example", _PACKAGE.parent / ".env.example")
    return next((place for place in places if place.is_file()), None)


def find(name: str, package: Path) -> Path:
    """Return the data folder `name` of the program whose package lies at `package`."""
    installed = package / "_data" / name
    if installed.is_dir():
        return installed
    checkout = package.parent
    # Without this file it is site-packages, where a folder called "examples" is someone else's.
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    raise FluxtuiError(
        Problem(
            ProblemKind.CONFIGURATION,
            f"The folder {name} that comes with fluxtui is not there.",
            f"It was looked for at {installed} and at {checkout / name}.",
            "Install fluxtui again.",
        )
    )
