"""What an ECMAScript module takes from others and gives to importers: ES modules and CommonJS."""

from __future__ import annotations

from typing import Final

from tree_sitter import Node

from app.model.facts import Binding, Export, Expression
from app.parse.ecmascript_reading import Reading, string_value
from app.parse.ecmascript_types import value_path

# What compilers put around `require` so that CommonJS looks like ES modules.
_INTEROP: Final = frozenset(
    ("__importDefault", "__importStar", "_interopRequireDefault", "_interopRequireWildcard", "__toESM")
)


def import_statement(reading: Reading, node: Node) -> None:
    """`import …` in all forms; the bindings are hoisted by whoever reads the statements."""
    children = node.children
    type_only = len(children) > 1 and children[1].type in ("type", "typeof")
    source = node.child_by_field_name("source")
    clause = next(
        (child for child in children if child.type in ("import_clause", "import_require_clause")), None
    )
    if clause is not None and clause.type == "import_require_clause":
        source = clause.child_by_field_name("source")
        if source is not None:
            _bind(reading, clause.children[0], _module(reading, source), "", type_only)
        return
    if source is None:
        return
    module = _module(reading, source)
    if clause is None:
        reading.add("import", source.start_byte, module)
        return
    _name_module(reading, source, module, type_only)
    for child in clause.children:
        if child.type == "identifier":
            _bind(reading, child, module, "default", type_only)
        elif child.type == "namespace_import":
            _bind(reading, child.named_children[-1], module, "", type_only)
        elif child.type == "named_imports":
            for specifier in child.named_children:
                if specifier.type == "import_specifier":
                    name = specifier.child_by_field_name("name")
                    alias = specifier.child_by_field_name("alias") or name
                    if name is not None and alias is not None:
                        inline = specifier.children[0].type in ("type", "typeof")
                        key = string_value(reading.text(name))
                        _bind(reading, alias, module, key, type_only or inline)


def import_alias(reading: Reading, node: Node) -> None:
    """`import A = B.C`."""
    parts = [child for child in node.named_children if child.type != "comment"]
    if len(parts) < 2:
        return
    given = value_path(reading, parts[1], type_only=False)
    name = parts[0]
    reading.declare(
        Binding(
            reading.text(name), reading.scope, name.start_byte, "namespace", "=", given, end=node.end_byte
        )
    )


def _name_module(reading: Reading, source: Node, module: str, type_only: bool) -> None:
    reading.tables.add_expression(
        Expression("import", source.start_byte, module, context="module", type_only=type_only)
    )


def _module(reading: Reading, source: Node) -> str:
    return string_value(reading.text(source))


def _bind(reading: Reading, name: Node, module: str, key: str, type_only: bool) -> None:
    reading.declare(
        Binding(
            reading.text(name),
            reading.scope,
            name.start_byte,
            "import",
            "import",
            module=module,
            key=key,
            type_only=type_only,
        )
    )


def export_clause(reading: Reading, node: Node) -> None:
    """`export {…}`, `export {…} from`, `export * from`, `export * as ns from`."""
    source_node = node.child_by_field_name("source")
    module = _module(reading, source_node) if source_node is not None else ""
    children = node.children
    # The grammar may not know `export type *`, so the text says it.
    after = reading.source[children[0].end_byte : node.end_byte].lstrip()
    type_only = after.startswith(b"type")
    if source_node is not None:
        _name_module(reading, source_node, module, type_only)
    for child in children:
        if child.type == "*":
            reading.tables.exports.append(
                Export("*", child.start_byte, module=module, key="*", type_only=type_only)
            )
        elif child.type == "namespace_export":
            name = child.children[-1]
            reading.tables.exports.append(
                Export(string_value(reading.text(name)), name.start_byte, module=module, type_only=type_only)
            )
        elif child.type == "export_clause":
            for specifier in child.named_children:
                if specifier.type == "export_specifier":
                    inline = specifier.children[0].type == "type"
                    _export_specifier(reading, specifier, module, type_only or inline)


def _export_specifier(reading: Reading, node: Node, module: str, type_only: bool) -> None:
    name = node.child_by_field_name("name")
    alias = node.child_by_field_name("alias") or name
    if name is None or alias is None:
        return
    local = string_value(reading.text(name))
    exported = string_value(reading.text(alias))
    pos = alias.start_byte
    if module:
        reading.tables.exports.append(Export(exported, pos, module=module, key=local, type_only=type_only))
        return
    # A live binding: naming it here neither reads nor runs it, so it is in no flow.
    outer = reading.flow
    reading.flow = []
    reading.add_name(name, "export", type_only)
    reading.flow = outer
    reading.tables.exports.append(Export(exported, pos, local, type_only=type_only))


def required(reading: Reading, function: Node, children: list[Node]) -> str | None:
    """The module of `require("m")` or `import("m")`, ``None`` for other calls."""
    if children[-1].type != "arguments":
        return None
    if function.type != "import" and (
        reading.text(function) != "require" or reading.scope_of("require", reading.scope) >= 0
    ):
        return None
    for argument in children[-1].named_children:
        if argument.type == "string":
            return string_value(reading.text(argument))
        if argument.type == "template_string" and all(
            part.type != "template_substitution" for part in argument.named_children
        ):
            return string_value(reading.text(argument))
        if argument.type != "comment":
            return None
    return None


def required_path(reading: Reading, node: Node) -> tuple[str, str] | None:
    """Module and property of `require("m")` and `require("m").p`, also as compilers wrap them."""
    key = ""
    if node.type == "member_expression":
        children = node.children
        key = reading.text(children[-1])
        node = children[0]
    if node.type != "call_expression":
        return None
    children = node.children
    if not key and children[-1].type == "arguments" and reading.text(children[0]) in _INTEROP:
        arguments = children[-1].named_children
        if len(arguments) != 1 or arguments[0].type != "call_expression":
            return None
        children = arguments[0].children
    if children[0].type != "identifier":
        return None
    module = required(reading, children[0], children)
    return None if module is None else (module, key)


def bind_required(reading: Reading, name: Node, scope: int, module: str, key: str) -> bool:
    """Bind `const x = require("m")` or `const {a, b: c} = require("m")`; whether it could be told so."""
    imported = Binding("", scope, 0, "import", "import", module=module, key=key)
    if name.type == "identifier":
        _import(reading, name, imported, key)
        return True
    if name.type != "object_pattern" or key:
        return False
    parts = [child for child in name.named_children if child.type != "comment"]
    plain: list[tuple[Node, str]] = []
    for part in parts:
        bound: Node | None = part
        if part.type == "pair_pattern":
            bound = part.child_by_field_name("value")
            key_node = part.child_by_field_name("key")
            taken = string_value(reading.text(key_node)) if key_node is not None else ""
        else:
            taken = reading.text(part)
        if bound is None or bound.type not in ("identifier", "shorthand_property_identifier_pattern"):
            return False
        plain.append((bound, taken))
    for bound, taken in plain:
        _import(reading, bound, imported, taken)
    return True


def _import(reading: Reading, name: Node, imported: Binding, key: str) -> None:
    reading.declare(
        Binding(
            reading.text(name),
            imported.scope,
            name.start_byte,
            "import",
            "import",
            module=imported.module,
            key=key,
        )
    )


def export_declared(reading: Reading, first: int, scope: int, default_at: int = -1) -> None:
    """Export what has been declared in ``scope`` since binding ``first``."""
    seen: set[str] = set()
    for binding in reading.tables.bindings[first:]:
        if (
            binding.scope == scope
            and binding.kind not in ("member", "parameter")
            and binding.name not in seen
        ):
            seen.add(binding.name)
            if default_at >= 0:
                reading.tables.exports.append(Export("default", default_at, binding.name))
            else:
                reading.tables.exports.append(Export(binding.name, binding.pos, binding.name))


def common_export(reading: Reading, left: Node, result: int, first: int) -> None:
    """Note what `module.exports = …`, `exports.x = …` and `module.exports.x = …` give to importers.

    ``first`` is the first binding that the assigned value may have made.
    """
    children = left.children
    owner, name = reading.text(children[0]), children[-1]
    pos = name.start_byte
    if owner == "module" and reading.text(name) == "exports":
        if not _is_common(reading, "module"):
            return
        reading.tables.exports.append(Export("=", pos, value=result))
        row = reading.tables.expressions[result] if result >= 0 else None
        if row is not None and row.kind == "object":
            for binding in reading.tables.bindings[first:]:
                if binding.scope == row.scope:
                    reading.tables.exports.append(Export(binding.name, binding.pos, value=binding.value))
    elif owner in ("exports", "module.exports") and _is_common(reading, owner.partition(".")[0]):
        reading.tables.exports.append(Export(reading.text(name), pos, value=result))


def _is_common(reading: Reading, name: str) -> bool:
    """Whether ``name`` is what Node gives every module, or the first parameter of a UMD factory."""
    scope = reading.scope_of(name, reading.scope)
    return scope < 0 or reading.first_parameter.get(scope) == name
