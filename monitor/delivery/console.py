"""The channel `console://`: alerts on standard output, for a first try and for `run` without any channel."""

from __future__ import annotations

import sys
from typing import TextIO

from monitor import model
from monitor.delivery import plain_text, template


class ConsoleSender:
    """Prints notices to `stream`, standard output by default."""

    def __init__(self, stream: TextIO | None = None, own: template.Template | None = None) -> None:
        self._stream = stream
        self._template = own

    async def send(self, notice: model.Notice) -> model.SendResult:
        """Print `notice`; see `Sender.send`."""
        stream = self._stream or sys.stdout
        body = plain_text.plain_lines(notice, self._template)
        text = f"{template.subject(notice, self._template)}\n{_indented(body)}\n\n"
        try:
            stream.write(text.encode(stream.encoding or "utf-8", "replace").decode(stream.encoding or "utf-8"))
            stream.flush()
        except (OSError, ValueError) as error:
            return model.SendResult(model.SendOutcome.RETRY, None, f"standard output cannot be written: {error}")
        return model.SendResult(model.SendOutcome.SENT, None, "printed")

    async def close(self) -> None:
        """Standard output is not ours to close."""


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.splitlines())
