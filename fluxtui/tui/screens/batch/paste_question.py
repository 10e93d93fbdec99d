"""The question after a paste: what was found in the text, and where it goes."""

from textual.content import Content

from fluxtui.tui import faces
from fluxtui.tui.editing.paste import Pasted
from fluxtui.tui.ink import fit
from fluxtui.tui.screens.batch.sheet_columns import first_words
from fluxtui.tui.screens.dialogs.screen import AskScreen, Choice

_SHOWN = 6
_FINDINGS = 5
_NAME, _PROMPT = 20, 42  # cells


def paste_question(found: Pasted, marked: int) -> AskScreen:
    """Ask whether the tasks found are added below the cursor or put in the place of the marked ones."""
    count = len(found.tasks)
    tasks = "1 task" if count == 1 else f"{count:,} tasks"
    choices = [Choice("a", "add", f"add {tasks}", "below the cursor")]
    if marked:
        place = "the marked task" if marked == 1 else f"the {marked:,} marked tasks"
        choices.append(
            Choice("r", "replace", f"put {'it' if count == 1 else 'them'} in the place of {place}", "", "warning")
        )
    choices.append(Choice("n", "no", "not now", ""))
    return AskScreen(f"Add {tasks}?", _body(found), [*choices])


def _body(found: Pasted) -> Content:
    lines = [Content.styled(f"read as {found.format}", "$muted"), Content("")]
    for task in found.tasks[:_SHOWN]:
        name, prompt = fit(first_words(task.name, _NAME), _NAME), fit(first_words(task.prompt, _PROMPT), _PROMPT)
        lines.append(Content.assemble((name, "bold"), "  ", prompt))
    if len(found.tasks) > _SHOWN:
        lines.append(Content.styled(f"and {len(found.tasks) - _SHOWN:,} more", "$muted"))
    if found.findings:
        lines.append(Content(""))
        for finding in found.findings[:_FINDINGS]:
            lines.append(Content.assemble(("▲ ", "$warning"), faces.one_line(finding, 300)))
        if len(found.findings) > _FINDINGS:
            lines.append(Content.styled(f"and {len(found.findings) - _FINDINGS:,} more remarks", "$muted"))
    return Content("\n").join(lines)
