"""The dialogs that ask how the jobs of a run are to be shown."""

from textual.content import Content

from fluxtui.history.job_list import SORTS
from fluxtui.tui.screens.dialogs.screen import AskScreen, Choice
from fluxtui.tui.widgets.job_table import SORT_WORDS, descends
from fluxtui.tui.widgets.ordered_jobs import TableView

_SORT_KEYS = dict(zip(SORTS, "ostgdmrbpn", strict=True))
_GROUPS = (
    Choice("t", "task", "task", "in the order of the batch"),
    Choice("g", "target", "target", "who draws"),
    Choice("s", "state", "state", "what needs you comes first"),
    Choice("n", "", "no groups"),
)


def sort_question(view: TableView) -> AskScreen:
    """Return the dialog that asks what to sort by."""
    choices = []
    for sort in SORTS:
        note = "largest first" if descends(sort) else ""
        if sort == view.sort:
            note = f"now {'▾' if view.descending else '▴'}; again turns it round"
        choices.append(Choice(_SORT_KEYS[sort], sort, SORT_WORDS.get(sort, sort), note))
    return AskScreen("Sort by", Content(""), choices, index=SORTS.index(view.sort))


def group_question(view: TableView) -> AskScreen:
    """Return the dialog that asks what to group by."""
    here = next(index for index, choice in enumerate(_GROUPS) if choice.value == (view.by or ""))
    return AskScreen("Group by", Content(""), _GROUPS, index=here)
