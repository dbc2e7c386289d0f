"""From a file's bytes to text that a grammar can read, without losing the way back."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

# PEP 263: the first match on line one or two; a comment line is required.
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK_OR_COMMENT = re.compile(rb"^[ \t\f]*(?:[#\r\n]|$)")
_UTF16_OR_32 = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text.

    ``utf8`` decoded and encoded again with ``encoding`` gives the file's bytes, wherever it is cut between
    characters. ``grammar`` is what is parsed: the same length as ``utf8``, with lone carriage returns as
    line feeds. ``reason`` says why the file cannot be read as source (then ``encoding`` is ``latin-1``,
    which maps any byte), ``doubt`` what was assumed about one that can.
    """

    encoding: str
    utf8: bytes
    grammar: bytes
    reason: str = ""
    doubt: str = ""


def decode(data: bytes, *, pep263: bool) -> Text:
    """The text of a file; ``pep263`` says that the language lets a comment declare the encoding."""
    for mark, name in _UTF16_OR_32:
        if data.startswith(mark):
            return _unreadable(data, f"{name} byte order mark")
    if data.startswith(codecs.BOM_UTF8):
        declared = ""
    else:
        declared = declared_encoding(data) if pep263 else ""
    try:
        name = codecs.lookup(declared).name if declared else "utf-8"
    except LookupError:
        return _unreadable(data, f"declares the unknown encoding {declared!r}")
    if name in ("utf-8", "ascii", "utf-8-sig"):
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            utf8 = data.decode("latin-1").encode()
            return Text(
                "latin-1", utf8, _lines(utf8), doubt=f"byte {error.start} is not UTF-8; read as Latin-1"
            )
        return Text("utf-8", data, _lines(data))
    try:
        text = data.decode(name)
        exact = text.encode(name) == data
    except (UnicodeError, LookupError, ValueError, TypeError, AttributeError):
        return _unreadable(data, f"is not valid {declared}")
    if not exact:
        return _unreadable(data, f"does not survive a round trip through {declared}")
    utf8 = text.encode("utf-8", "surrogatepass")
    try:
        utf8.decode("utf-8")
    except UnicodeDecodeError:
        return _unreadable(data, f"holds surrogates in {declared}")
    return Text(name, utf8, _lines(utf8))


def declared_encoding(data: bytes) -> str:
    """The encoding that a PEP 263 comment in the first two lines declares, ``""`` without one."""
    first, _, rest = data.partition(b"\n")
    match = _CODING.match(first)
    if match is None and _BLANK_OR_COMMENT.match(first):
        match = _CODING.match(rest.partition(b"\n")[0])
    return match.group(1).decode("ascii", "replace") if match else ""


def _unreadable(data: bytes, reason: str) -> Text:
    utf8 = data.decode("latin-1").encode()
    return Text("latin-1", utf8, _lines(utf8), reason=reason)


_LONE_RETURN = re.compile(rb"\r(?!\n)")


def _lines(utf8: bytes) -> bytes:
    return _LONE_RETURN.sub(b"\n", utf8) if b"\r" in utf8 else utf8
