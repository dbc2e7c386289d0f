"""Reading what is imported: a folder, file, archive or repository as a sorted list of files.

This package knows nothing of languages: the caller says which suffixes it can use. Nothing that it reads is
run, and no name that a stranger chose becomes the name of a file on this machine.
"""

from app.sources.opening import open_source
from app.sources.source import Entry, ReadRules, Skipped, Source, read_entry

__all__ = ["Entry", "ReadRules", "Skipped", "Source", "open_source", "read_entry"]
