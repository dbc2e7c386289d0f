"""The part of the SCIP schema that is used here, by field number (scip.proto of the SCIP project)."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

# TYPE_STRING and TYPE_INT32 of protobuf's FieldDescriptorProto.
_STRING: Final = 9
_INT32: Final = 5

# message -> field -> (number, type or message, repeated); enums are read as the numbers that they are.
_SCHEMA: Final[dict[str, dict[str, tuple[int, int | str, bool]]]] = {
    "ToolInfo": {"name": (1, _STRING, False), "version": (2, _STRING, False)},
    "Metadata": {
        "version": (1, _INT32, False),
        "tool_info": (2, "ToolInfo", False),
        "project_root": (3, _STRING, False),
        "text_document_encoding": (4, _INT32, False),
    },
    "Occurrence": {
        "range": (1, _INT32, True),
        "symbol": (2, _STRING, False),
        "symbol_roles": (3, _INT32, False),
    },
    "SymbolInformation": {"symbol": (1, _STRING, False), "display_name": (6, _STRING, False)},
    "Document": {
        "relative_path": (1, _STRING, False),
        "occurrences": (2, "Occurrence", True),
        "symbols": (3, "SymbolInformation", True),
        "language": (4, _STRING, False),
        "position_encoding": (6, _INT32, False),
    },
    "Index": {"metadata": (1, "Metadata", False), "documents": (2, "Document", True)},
}


@cache
def index_type() -> Any:
    """The class of an ``Index`` message."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # slow, and rarely needed

    file = descriptor_pb2.FileDescriptorProto(name="mge/scip.proto", package="mge_scip", syntax="proto3")
    for name, fields in _SCHEMA.items():
        message = file.message_type.add(name=name)
        for field, (number, kind, repeated) in fields.items():
            described = message.field.add(
                name=field,
                number=number,
                label=descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
                if repeated
                else descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
            )
            if isinstance(kind, str):
                described.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
                described.type_name = f".mge_scip.{kind}"
            else:
                described.type = kind  # type: ignore[assignment]
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("mge_scip.Index"))
