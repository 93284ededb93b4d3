"""Rule files in canonical form: the same contents and comments, in one order and one layout.

No YAML writer is used: each that keeps comments requotes or refolds some texts, and drops or moves some comments. Texts
are taken out, what is left is laid out anew, and they are put back. The result is read again and compared; a file that
would say anything else is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor import errors
from monitor.rules import fmt_layout, fmt_words, yaml_nodes
from monitor.rules.yaml_nodes import Map, Node, Place, Seq, Text


@dataclass(frozen=True, slots=True)
class Formatted:
    """A file's canonical text, or why there is none; `changed`: whether it differs from what was read."""

    text: str | None
    faults: tuple[errors.Fault, ...] = ()
    changed: bool = False


def format_file(file: str, data: bytes) -> Formatted:
    """Return the canonical form of a rule file; `file` is its name in faults. Raises: Nothing."""
    root, faults = yaml_nodes.parse(file, data)
    if root is None or faults:
        return Formatted(None, faults or (errors.Fault(file, 1, 1, "E106", "the file is empty"),))
    if not isinstance(root, Map) or not root.entries:
        return Formatted(None, (root.place.fault("E105", "the file must be a map", "begin with `format: 1`"),))
    before = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    after = _formatted(file, before)
    if after is None:
        return Formatted(None, (_refusal(root.place, "its structure is not understood, or it holds too many texts"),))
    fault = _difference(file, root, before, after)
    return Formatted(None, (fault,)) if fault else Formatted(after, (), after.encode() != data)


def _refusal(place: Place, why: str) -> errors.Fault:
    message = f"cannot be formatted without a change of what it says: {why}"
    return place.fault("not_formatted", message, "write this part in a simpler way")


def _formatted(file: str, text: str) -> str | None:
    words = fmt_words.take_out(text)
    root, _ = yaml_nodes.parse(file, words.text.encode())
    if not isinstance(root, Map):
        return None
    return fmt_words.put_back(fmt_layout.lay_out(words.text, root, words.originals), words)


# -- comparison ----------------------------------------------------------------------------------


def _difference(file: str, root: Map, before: str, after: str) -> errors.Fault | None:
    """Return what the new text says differently, None where it says the same."""
    again, faults = yaml_nodes.parse(file, after.encode())
    if faults or again is None:
        return _refusal(root.place, f"the result would not be read ({faults[0].message if faults else 'empty'})")
    other = _first_difference(root, again, fmt_layout.shape_of({key.value for key, _ in root.entries}))
    if other is not None:
        return _refusal(other.place, "this would be another value")
    lost = fmt_words.comments_of(before) - fmt_words.comments_of(after)
    return _refusal(root.place, f"the comment `{next(iter(lost))}` would be lost") if lost else None


def _first_difference(old: Node, new: Node, shape: fmt_layout.Shape) -> Node | None:
    """Return the node of `old` that `new`, whose keys are in canonical order, does not repeat."""
    if isinstance(old, Text) and isinstance(new, Text):
        return None if (old.value, old.style) == (new.value, new.style) else old
    if isinstance(old, Seq) and isinstance(new, Seq):
        pairs = [(one, other, shape.of_item) for one, other in zip(old.items, new.items, strict=False)]
        same = len(old.items) == len(new.items)
    elif isinstance(old, Map) and isinstance(new, Map):
        inner = {key.value: shape.of_value(key.value) for key, _ in old.entries}
        pairs = [(value, new.get(key.value) or old, inner[key.value]) for key, value in old.entries]
        names, others = list(inner), [key.value for key, _ in new.entries]
        same = others in (names, sorted(names, key=shape.rank))
    else:
        return old
    if not same:
        return old
    return next((found for pair in pairs if (found := _first_difference(*pair)) is not None), None)
