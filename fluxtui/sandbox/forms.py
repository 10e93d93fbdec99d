"""Forms as clients send them with files: multipart/form-data."""

from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP

from fluxtui.domain.values import JsonObject
from fluxtui.sandbox.messages import SandboxRequest


@dataclass(frozen=True, slots=True)
class Form:
    """The text fields and the files of a form. Files keep their order; `image[]` and `image` are one name."""

    fields: JsonObject = field(default_factory=dict)
    files: dict[str, list[bytes]] = field(default_factory=dict)


def read_form(request: SandboxRequest, file_names: frozenset[str]) -> Form | None:
    """Return the form that a request holds, None when it is none. `file_names` are files even without a file name."""
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        return None
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    form = Form()
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition")).removesuffix("[]")
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        if part.get_filename() is not None or name in file_names:
            form.files.setdefault(name, []).append(content)
        else:
            form.fields[name] = content.decode("utf-8", "replace").strip("\r\n")
    return form
