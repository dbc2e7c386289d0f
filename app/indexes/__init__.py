"""Type-aware indexes: what compilers and other people's indexers say that the names of a source mean.

Every one answers the same question, so they can be put before each other; `app.resolve.link` takes their answers
before its own.
"""
