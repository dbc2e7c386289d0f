"""SCIP: the protobuf in which Sourcegraph's indexers write what refers to what, for any language."""
