"use strict";
// What the names in TypeScript and JavaScript files mean, by TypeScript's own compiler.
//
// Reads one JSON document from standard input: { root, files, packages }, where files are paths below root, and
// packages are those of the code base itself: { name: folder }. Writes a line of JSON for each file that was
// understood: { path, references: [[position, line, column, [[path, position], ...], package], ...] }, positions in
// bytes, -1 for a module itself, columns in characters; then { problems: [...] }.
const fs = require("node:fs");
const path = require("node:path");
const ts = require(process.argv[2]);

const MOST_BYTES = 2 * 1024 * 1024;
const CONFIG_NAMES = ["tsconfig.json", "jsconfig.json"];
const DEFAULTS = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  jsx: ts.JsxEmit.Preserve,
  strict: true,
};
const ALWAYS = {
  allowJs: true,
  checkJs: false,
  noEmit: true,
  skipLibCheck: true,
  skipDefaultLibCheck: true,
  composite: false,
  incremental: false,
  declaration: false,
  allowImportingTsExtensions: true,
  resolveJsonModule: false,
  maxNodeModuleJsDepth: 0,
};

const request = JSON.parse(fs.readFileSync(0, "utf8"));
const root = request.root;
const wanted = new Set(request.files);
const problems = [];
const texts = new Map();

function slashed(name) {
  return name.split(path.sep).join("/");
}

function below(name) {
  const relative = slashed(path.relative(root, name));
  return relative.startsWith("..") ? "" : relative;
}

/** The text of a file as it is cut into atoms: a byte order mark stays, and what is no UTF-8 is not read. */
function textOf(name) {
  if (!texts.has(name)) {
    let text;
    try {
      const bytes = fs.readFileSync(name);
      if (bytes.length <= MOST_BYTES) {
        text = bytes.toString("utf8");
        if (Buffer.byteLength(text) !== bytes.length || text.includes("\ufffd")) {
          text = undefined;
        }
      }
    } catch {
      text = undefined;
    }
    texts.set(name, text);
  }
  return texts.get(name);
}

function isWanted(name) {
  const relative = below(name);
  return relative !== "" && wanted.has(relative) ? relative : "";
}

/** The configuration that governs a folder, the nearest one above it inside the root. */
const governing = new Map();
function configOf(folder) {
  if (governing.has(folder)) {
    return governing.get(folder);
  }
  let found = "";
  for (const name of CONFIG_NAMES) {
    const candidate = path.join(folder, name);
    if (!found && fs.existsSync(candidate)) {
      found = candidate;
    }
  }
  if (!found && folder !== root && below(folder) !== "") {
    found = configOf(path.dirname(folder));
  }
  governing.set(folder, found);
  return found;
}

function optionsOf(config) {
  if (!config) {
    return { ...DEFAULTS, ...ALWAYS };
  }
  const parsed = ts.getParsedCommandLineOfConfigFile(config, ALWAYS, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) =>
      problems.push(`${below(config)}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, " ")}`),
  });
  if (!parsed) {
    return { ...DEFAULTS, ...ALWAYS };
  }
  const options = { ...parsed.options, ...ALWAYS };
  if (options.moduleResolution === undefined && options.module === undefined) {
    options.module = DEFAULTS.module;
    options.moduleResolution = DEFAULTS.moduleResolution;
  }
  if (options.moduleResolution === ts.ModuleResolutionKind.Classic) {
    options.moduleResolution = ts.ModuleResolutionKind.Node10;
  }
  for (const option of ["outFile", "outDir", "rootDir", "tsBuildInfoFile", "emitDeclarationOnly", "isolatedDeclarations"]) {
    delete options[option];
  }
  return options;
}

/** A file of a package of the code base itself, where it is not installed. */
function ownModule(specifier) {
  const parts = specifier.split("/");
  const name = parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  const entries = Object.hasOwn(request.packages, name) ? request.packages[name] : undefined;
  if (!entries) {
    return undefined;
  }
  const rest = parts.slice(specifier.startsWith("@") ? 2 : 1).join("/");
  const found = entries[rest === "" ? "." : `./${rest}`];
  return found === undefined ? undefined : path.join(root, found);
}

function hostOf(options) {
  const host = ts.createCompilerHost(options, true);
  const readFile = host.readFile.bind(host);
  const cache = ts.createModuleResolutionCache(root, (name) => name, options);
  const parsed = new Map();
  host.getCurrentDirectory = () => root;
  host.readFile = (name) => (isWanted(name) ? textOf(name) : readFile(name));
  host.getSourceFile = (name, languageVersion) => {
    if (!parsed.has(name)) {
      const text = host.readFile(name);
      parsed.set(name, text === undefined ? undefined : ts.createSourceFile(name, text, languageVersion, true));
    }
    return parsed.get(name);
  };
  host.resolveModuleNameLiterals = (literals, containing, redirected, settings, source) =>
    literals.map((literal) => {
      const mode = ts.getModeForUsageLocation(source, literal, settings);
      const found = ts.resolveModuleName(literal.text, containing, settings, host, cache, redirected, mode);
      const resolved = found.resolvedModule && found.resolvedModule.resolvedFileName;
      if (resolved && (isWanted(resolved) || literal.text.startsWith("."))) {
        return found;
      }
      const own = ownModule(literal.text);
      if (own !== undefined && isWanted(own)) {
        return {
          resolvedModule: { resolvedFileName: own, extension: path.extname(own), isExternalLibraryImport: false },
        };
      }
      return found;
    });
  return host;
}

/** From positions in UTF-16 units to positions in bytes. */
function bytesOf(text) {
  if (Buffer.byteLength(text) === text.length) {
    return (position) => position;
  }
  const offsets = new Uint32Array(text.length + 1);
  let bytes = 0;
  for (let at = 0; at < text.length; at += 1) {
    offsets[at] = bytes;
    const unit = text.charCodeAt(at);
    if (unit < 0x80) {
      bytes += 1;
    } else if (unit < 0x800) {
      bytes += 2;
    } else if (unit >= 0xd800 && unit < 0xdc00) {
      bytes += 4;
    } else if (unit < 0xdc00 || unit >= 0xe000) {
      bytes += 3;
    }
  }
  offsets[text.length] = bytes;
  return (position) => offsets[position];
}

const converters = new Map();
function inBytes(source, position) {
  if (!converters.has(source.fileName)) {
    converters.set(source.fileName, bytesOf(source.text));
  }
  return converters.get(source.fileName)(position);
}

function lineStarts(text) {
  const starts = [0];
  for (const found of text.matchAll(/\r\n|\n|\r/g)) {
    starts.push(found.index + found[0].length);
  }
  return starts;
}

/** The last line that starts at or before a position, counted from 0. */
function lineOf(starts, position) {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= position) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

/** Whether a declaration is of a name that only code in the same function can use. */
function isLocal(declaration) {
  if (
    !ts.isVariableDeclaration(declaration) &&
    !ts.isBindingElement(declaration) &&
    !ts.isParameter(declaration) &&
    !ts.isTypeParameterDeclaration(declaration)
  ) {
    return false;
  }
  if (ts.isParameter(declaration) && ts.isParameterPropertyDeclaration(declaration, declaration.parent)) {
    return false;
  }
  return true;
}

function placeOf(declaration) {
  const source = declaration.getSourceFile();
  const relative = isWanted(source.fileName);
  if (!relative) {
    return undefined;
  }
  if (ts.isSourceFile(declaration)) {
    return [relative, -1];
  }
  const name = ts.getNameOfDeclaration(declaration);
  return [relative, inBytes(source, (name ?? declaration).getStart(source))];
}

/** `declare module "m" { … }` adds to a module that is defined elsewhere. */
function isAugmentation(declaration) {
  return ts.isModuleDeclaration(declaration) && ts.isStringLiteral(declaration.name);
}

/** Where something outside comes from: the package's name, or "" for the language itself. */
function packageOf(declaration, program) {
  const source = declaration.getSourceFile();
  if (program.isSourceFileDefaultLibrary(source)) {
    return "";
  }
  const parts = slashed(source.fileName).split("/node_modules/").pop().split("/");
  if (!source.fileName.includes("/node_modules/")) {
    return undefined;
  }
  return parts.slice(0, parts[0].startsWith("@") ? 2 : 1).join("/");
}

function symbolsAt(node, checker) {
  const parent = node.parent;
  if (ts.isShorthandPropertyAssignment(parent) && parent.name === node) {
    const value = checker.getShorthandAssignmentValueSymbol(parent);
    return [value, ...contextual(parent, node.text, checker)];
  }
  if (
    (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isAccessor(parent)) &&
    parent.name === node &&
    ts.isObjectLiteralExpression(parent.parent)
  ) {
    return contextual(parent, node.text, checker);
  }
  if (ts.isBindingElement(parent) && (parent.propertyName ?? parent.name) === node && ts.isObjectBindingPattern(parent.parent)) {
    const type = checker.getTypeAtLocation(parent.parent);
    const property = checker.getPropertyOfType(type, node.text);
    return property ? [property] : [];
  }
  if (ts.isExportSpecifier(parent)) {
    return [checker.getExportSpecifierLocalTargetSymbol(parent) ?? checker.getSymbolAtLocation(node)];
  }
  return [checker.getSymbolAtLocation(node)];
}

function contextual(member, name, checker) {
  const type = checker.getContextualType(member.parent);
  if (!type) {
    return [];
  }
  const types = type.isUnion() ? type.types : [type];
  return types.map((each) => checker.getPropertyOfType(each, name)).filter((found) => found !== undefined);
}

function isDeclaredName(node) {
  const parent = node.parent;
  if (!ts.isDeclaration(parent) || ts.getNameOfDeclaration(parent) !== node) {
    return false;
  }
  if (ts.isShorthandPropertyAssignment(parent) || ts.isExportSpecifier(parent) || ts.isImportSpecifier(parent)) {
    return false;
  }
  if (ts.isImportClause(parent) || ts.isNamespaceImport(parent) || ts.isNamespaceExport(parent)) {
    return false;
  }
  if (ts.isBinaryExpression(parent) || ts.isPropertyAccessExpression(parent) || ts.isElementAccessExpression(parent)) {
    return false;
  }
  if (ts.isBindingElement(parent)) {
    return parent.propertyName !== undefined || !ts.isObjectBindingPattern(parent.parent);
  }
  if (
    (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isAccessor(parent)) &&
    ts.isObjectLiteralExpression(parent.parent)
  ) {
    return false;
  }
  return true;
}

function isPlain(node) {
  const parent = node.parent;
  return !(
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    (ts.isQualifiedName(parent) && parent.right === node) ||
    ts.isJsxAttribute(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isShorthandPropertyAssignment(parent) ||
    ts.isBindingElement(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isAccessor(parent) ||
    ts.isImportTypeNode(parent) ||
    ts.isImportSpecifier(parent) ||
    ts.isExportSpecifier(parent)
  );
}

function indexFile(source, relative, program, checker) {
  const references = [];
  const starts = lineStarts(source.text);
  function add(node, symbols) {
    const places = [];
    let left = undefined;
    for (const given of symbols) {
      let symbol = given;
      if (!symbol) {
        continue;
      }
      if (symbol.flags & ts.SymbolFlags.Alias) {
        symbol = checker.getAliasedSymbol(symbol);
      }
      for (const actual of checker.getRootSymbols(symbol)) {
        const declarations = actual.declarations ?? [];
        const defining = declarations.filter((declaration) => !isAugmentation(declaration));
        for (const declaration of defining.length > 0 ? defining : declarations) {
          const place = placeOf(declaration);
          if (place === undefined) {
            left ??= packageOf(declaration, program);
          } else if (place[0] !== relative || !(isPlain(node) || isLocal(declaration))) {
            if (!places.some((known) => known[0] === place[0] && known[1] === place[1])) {
              places.push(place);
            }
          }
        }
      }
    }
    if (places.length > 0 || left !== undefined) {
      const at = node.getStart(source);
      const line = lineOf(starts, at);
      const column = Array.from(source.text.slice(starts[line], at)).length;
      references.push([inBytes(source, at), line + 1, column + 1, places, left ?? ""]);
    }
  }
  function visit(node) {
    if ((ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) && !isDeclaredName(node)) {
      if (node.text !== "") {
        add(node, symbolsAt(node, checker));
      }
    } else if (ts.isStringLiteralLike(node)) {
      const parent = node.parent;
      if (
        (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent)) && parent.moduleSpecifier === node ||
        ts.isExternalModuleReference(parent) ||
        (ts.isCallExpression(parent) && parent.expression.kind === ts.SyntaxKind.ImportKeyword) ||
        (ts.isCallExpression(parent) && ts.isIdentifier(parent.expression) && parent.expression.text === "require") ||
        (ts.isLiteralTypeNode(parent) && (ts.isIndexedAccessTypeNode(parent.parent) || ts.isImportTypeNode(parent.parent))) ||
        (ts.isElementAccessExpression(parent) && parent.argumentExpression === node)
      ) {
        add(node, [checker.getSymbolAtLocation(node)]);
      }
    }
    ts.forEachChild(node, visit);
  }
  visit(source);
  return { path: relative, references };
}

const groups = new Map();
for (const file of request.files) {
  const config = configOf(path.dirname(path.join(root, file)));
  if (!groups.has(config)) {
    groups.set(config, []);
  }
  groups.get(config).push(file);
}
const lines = [];
for (const [config, files] of [...groups].sort(([one], [other]) => (one < other ? -1 : 1))) {
  const readable = files.filter((file) => textOf(path.join(root, file)) !== undefined);
  for (const file of files) {
    if (!readable.includes(file)) {
      problems.push(`${file}: larger than 2 MB, or not UTF-8`);
    }
  }
  const options = optionsOf(config);
  const program = ts.createProgram(readable.map((file) => path.join(root, file)), options, hostOf(options));
  const checker = program.getTypeChecker();
  for (const file of readable) {
    const source = program.getSourceFile(path.join(root, file));
    if (source === undefined) {
      problems.push(`${file}: the compiler did not take it`);
      continue;
    }
    try {
      lines.push(JSON.stringify(indexFile(source, file, program, checker)));
    } catch (error) {
      problems.push(`${file}: ${String(error && error.message).slice(0, 200)}`);
    }
  }
}
lines.push(JSON.stringify({ problems }));
fs.writeSync(1, lines.join("\n") + "\n");
