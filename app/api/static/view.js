// Draws a plan as a map of folders, modules and atoms. A module opens into its atoms with a double click; what is drawn between
// two things are the dependencies that go from one to the other.
"use strict";

const BASE = location.pathname.replace(/\/view\/?$/, "");
const MOST_EDGES = 6000;
const MOST_BETWEEN = 1500;
const MOST_FOUND = 50;
const SMOOTH_MS = 20;
const REST_MS = 140;
const GREY = "#b9c3d0";
const CYCLE = "#d1495b";
const TYPE_COLOURS = ["#6c7a89", "#8e5ea2", "#2a7f9e", "#b5893b"];
const FAINT = ["#d5dae0", "#ddd0e3", "#c5dde6", "#e8dcc6"];
const once = (make) => {
  let made;
  return () => (made ??= make());
};
const $ = (id) => document.getElementById(id);

let picture = null;
let renderer = null;
let members = [];
let openPath = new Path2D();
const open = new Set();
const state = { colour: "wave", types: new Set([0, 1, 2, 3]), chosen: null, hovered: null, found: null, near: null, slow: false, moving: false };

// Without a graphics card a frame of many atoms takes up to a quarter of a second. There, a copy of what was drawn last is moved and
// scaled while the camera moves, and all is drawn anew once the camera rests.
function moveWhatIsDrawn(sigma) {
  const render = sigma.render.bind(sigma);
  const copy = $("copy").getContext("2d", { alpha: false });
  let drawn = null;

  sigma.render = () => {
    const camera = sigma.getCamera().getState();
    const moved = drawn && ["x", "y", "ratio"].some((part) => drawn[part] !== camera[part]);
    if (moved && state.slow && state.moving) {
      cancelAnimationFrame(sigma.renderFrame);
      sigma.renderFrame = null;
      copy.canvas.style.transform = movement(sigma, drawn, camera);
      $("map").classList.add("moving");
      return sigma;
    }
    const anew = !drawn || sigma.needToProcess;
    render();
    if (anew) state.slow = priceOfAFrame(sigma, render) > SMOOTH_MS;
    if (state.slow) copyOf(sigma, copy);
    $("map").classList.remove("moving");
    drawn = camera;
    return sigma;
  };
  let rest;
  sigma.getCamera().on("updated", () => {
    state.moving = true;
    clearTimeout(rest);
    rest = setTimeout(() => {
      state.moving = false;
      renewEdges();
      sigma.scheduleRender();
    }, REST_MS);
  });
}

function copyOf(sigma, copy) {
  const { width, height } = $("ground");
  Object.assign(copy.canvas, { width, height });
  copy.fillStyle = "#f7f9fc";
  copy.fillRect(0, 0, width, height);
  const { edges, nodes, labels, hovers, hoverNodes } = sigma.getCanvases();
  for (const layer of [$("ground"), edges, nodes, labels, hovers, hoverNodes]) copy.drawImage(layer, 0, 0, width, height);
}

// Sigma asks the graphics card what is under the pointer, which without one takes 50 ms; the map knows its own places.
function nodeAt(pointer) {
  if (state.moving) return null;
  const at = renderer.viewportToGraph(pointer);
  const isOn = (node) => {
    const { x, y, size } = renderer.getGraph().getNodeAttributes(node);
    return Math.hypot(x - at.x, y - at.y) <= size;
  };
  const top = picture.height - at.y;
  const group = picture.groups.findIndex(
    ([, , x, y, width, height]) => x <= at.x && at.x <= x + width && y <= top && top <= y + height,
  );
  if (group < 0) return null;
  const nodes = open.has(group) ? members[group].map((member) => `a${member}`) : [`g${group}`];
  return nodes.find(isOn) ?? null;
}

// Milliseconds. WebGL draws when it likes, but what is read from it has to be there.
function priceOfAFrame(sigma, render) {
  const begun = performance.now();
  render();
  const pixel = new Uint8Array(4);
  for (const gl of Object.values(sigma.webGLContexts)) gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
  return performance.now() - begun;
}

function movement(sigma, from, to) {
  const [before, after] = [from, to].map((cameraState) =>
    [0, 1].map((at) => sigma.framedGraphToViewport({ x: at, y: at }, { cameraState })),
  );
  const scale = (after[1].x - after[0].x) / (before[1].x - before[0].x);
  const [x, y] = [after[0].x - scale * before[0].x, after[0].y - scale * before[0].y];
  return `translate(${x}px, ${y}px) scale(${scale})`;
}

async function begin() {
  const answer = await fetch(`${BASE}/picture`);
  const said = await answer.json();
  if (!answer.ok) return fail(said);
  picture = said;
  members = picture.groups.map(() => []);
  picture.atoms.group.forEach((group, at) => members[group].push(at));
  $("name").textContent = picture.plan.project_name;
  document.title = `MGE: ${picture.plan.project_name}`;
  picture.types.forEach((type, number) => $("types").append(typeBox(type, number)));
  start();
  performance.mark("first-picture");
}

function start() {
  renderer = new Sigma(graphOfWhatIsOpen(), $("stage"), {
    itemSizesReference: "positions",
    zoomToSizeRatioFunction: (ratio) => ratio,
    defaultNodeType: "circle",
    nodeProgramClasses: { point: Sigma.rendering.NodePointProgram },
    defaultEdgeType: "line",
    edgeProgramClasses: { thin: Sigma.rendering.EdgeLineProgram },
    labelRenderedSizeThreshold: 9,
    labelDensity: 2,
    defaultDrawNodeLabel: drawLabel,
    labelSize: 11,
    labelColor: { color: "#1d3557" },
    minEdgeThickness: 0.4,
    zIndex: true,
    minCameraRatio: 0.002,
    maxCameraRatio: 2,
    nodeReducer: reducedNode,
    edgeReducer: reducedEdge,
  });
  moveWhatIsDrawn(renderer);
  renderer.getNodeAtPosition = nodeAt;
  renderer.setCustomBBox({ x: [0, picture.width], y: [0, picture.height] });
  renderer.on("afterRender", paintGround);
  renderer.on("clickNode", ({ node }) => choose(node));
  renderer.on("doubleClickNode", (event) => {
    event.preventSigmaDefault();
    toggle(event.node);
  });
  renderer.on("clickStage", () => choose(null));
  renderer.on("enterNode", ({ node }) => hover(node));
  renderer.on("leaveNode", () => hover(null));
  renderer.refresh();
  legend();
}

// Groups that are closed, atoms of those that are open, and what goes between them.
function graphOfWhatIsOpen() {
  const graph = new graphology.Graph({ type: "directed", multi: true, allowSelfLoops: false });
  const { atoms } = picture;
  openPath = new Path2D();
  picture.groups.forEach(([name, size, x, y, width, height], group) => {
    if (!open.has(group)) {
      graph.addNode(`g${group}`, {
        x: x + width / 2,
        y: picture.height - y - height / 2,
        size: 0.42 * Math.sqrt(width * height),
        label: name.split("/").pop(),
        kind: "group",
        number: group,
      });
      return;
    }
    openPath.rect(x, y, width, height);
    graph.addNode(`g${group}`, { x: x + width / 2, y: picture.height - y - height / 2, size: 0.01, label: null, kind: "group", number: group });
    const radius = 0.3 * Math.sqrt((width * height) / size);
    for (const at of members[group]) {
      graph.addNode(`a${at}`, {
        x: atoms.x[at],
        y: picture.height - atoms.y[at],
        size: radius,
        type: "point",
        label: shortName(atoms.name[at]),
        kind: "atom",
        number: at,
      });
    }
  });
  addEdges(graph);
  figures(graph);
  return graph;
}

// Dependencies of atoms are drawn one by one where those in view are few enough to be told apart, else as lines between their
// modules; those of what is in question always one by one.
function addEdges(graph) {
  const { source, target, type, confidence } = picture.needs;
  const cut = new Set(picture.needs.cut);
  const { single, joined } = edgesToDraw();
  const between = new Map();
  for (const need of joined) {
    const [from, to] = [source[need], target[need]].map(bothAtoms(need) ? moduleOf : shownAs);
    if (from === to) continue;
    const seen = between.get(`${from} ${to}`);
    if (seen) {
      seen.count += 1;
      seen.confidence = Math.min(seen.confidence, confidence[need]);
    } else {
      between.set(`${from} ${to}`, { from, to, count: 1, confidence: confidence[need] });
    }
  }
  const heaviest = [...between.values()].sort((a, b) => b.count - a.count).slice(0, MOST_BETWEEN);
  for (const { from, to, count, confidence: least } of heaviest.reverse()) {
    graph.addEdge(from, to, { size: 0.4 + Math.log2(1 + count) / 2.5, color: "#ccd5e0", confidence: least, count });
  }
  for (const need of single) {
    graph.addEdge(shownAs(source[need]), shownAs(target[need]), {
      type: "thin",
      color: FAINT[type[need]],
      confidence: confidence[need],
      cut: cut.has(need),
    });
  }
}

function edgesToDraw() {
  const { source, target, type } = picture.needs;
  const needs = [...source.keys()].filter((need) => state.types.has(type[need]) && shownAs(source[need]) !== shownAs(target[need]));
  const inView = atomsInView();
  const near = needs.filter((need) => bothAtoms(need) && (inView(source[need]) || inView(target[need])));
  state.detail = near.length <= MOST_EDGES;
  if (state.detail) return { single: near, joined: needs.filter((need) => !bothAtoms(need)) };
  return { single: near.filter(isAsked).slice(0, MOST_EDGES), joined: needs };
}

function isAsked(need) {
  const ends = [picture.needs.source[need], picture.needs.target[need]];
  const about = state.chosen ?? state.hovered;
  return about ? ends.map(shownAs).includes(about) : state.found !== null && ends.every((at) => state.found.has(at));
}

function atomsInView() {
  const { atoms } = picture;
  if (!renderer) return () => true;
  const { width, height } = renderer.getDimensions();
  const [first, last] = [{ x: 0, y: height }, { x: width, y: 0 }].map((corner) => renderer.viewportToGraph(corner));
  return (at) => {
    const [x, y] = [atoms.x[at], picture.height - atoms.y[at]];
    return first.x <= x && x <= last.x && first.y <= y && y <= last.y;
  };
}

function renewEdges() {
  if (!open.size) return;
  const graph = renderer.getGraph();
  graph.clearEdges();
  addEdges(graph);
  figures(graph);
}

const bothAtoms = (need) => [picture.needs.source[need], picture.needs.target[need]].every((at) => open.has(picture.atoms.group[at]));
const moduleOf = (at) => `g${picture.atoms.group[at]}`;
const shownAs = (at) => {
  const group = picture.atoms.group[at];
  return open.has(group) ? `a${at}` : `g${group}`;
};
const shortName = (name) => name.split(".").slice(-2).join(".");

function redraw() {
  state.near = null;
  renderer.setGraph(graphOfWhatIsOpen());
  renderer.setCustomBBox({ x: [0, picture.width], y: [0, picture.height] });
  around();
  renderer.refresh();
}

function toggle(node) {
  const { kind, number } = renderer.getGraph().getNodeAttributes(node);
  const group = kind === "group" ? number : picture.atoms.group[number];
  if (!open.delete(group)) open.add(group);
  redraw();
}

// Colours.

function colourOf(kind, number) {
  const its = kind === "atom" ? [number] : members[number];
  const { atoms } = picture;
  switch (state.colour) {
    case "cycle": {
      const inside = its.filter((at) => atoms.cycle[at] !== null).length / its.length;
      return inside === 0 ? GREY : kind === "atom" ? CYCLE : mixed(inside);
    }
    case "module":
      return hex((atoms.group[its[0]] * 137.5) % 360, 0.55, 0.58);
    case "confidence": {
      let least = 1;
      for (const at of its) least = Math.min(least, leastConfidence()[at]);
      return confidenceColour(least);
    }
    default: {
      const waves = its.map((at) => atoms.wave[at]).filter((wave) => wave !== null);
      if (!waves.length) return GREY;
      return waveColour(waves.reduce((sum, wave) => sum + wave, 0) / waves.length);
    }
  }
}

const mixed = (share) => hex(354, 0.2 + 0.6 * share, 0.8 - 0.25 * share);
// Most atoms are in the first waves, so those are told apart best.
const waveColour = (wave) => hex(225 - 195 * Math.sqrt((wave - 1) / Math.max(lastWave() - 1, 1)), 0.6, 0.52);

// From hue, saturation and lightness (CSS Color 4) to what WebGL's side of sigma reads.
function hex(hue, saturation, lightness) {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset) => {
    const turn = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(turn - 3, 9 - turn, 1))));
  };
  return `#${[0, 8, 4].map((offset) => channel(offset).toString(16).padStart(2, "0")).join("")}`;
}
const confidenceColour = (share) => hex(120 * share, 0.55, 0.52);
const lastWave = once(() => picture.atoms.wave.reduce((most, wave) => Math.max(most, wave ?? 1), 1));
const leastConfidence = once(() => {
  const least = new Float32Array(picture.atoms.id.length).fill(1);
  picture.needs.source.forEach((at, need) => {
    least[at] = Math.min(least[at], picture.needs.confidence[need]);
  });
  return least;
});

// A module's name stands inside it as far as there is room, an atom's beside it.
function drawLabel(paint, data, settings) {
  if (!data.label) return;
  paint.font = `${settings.labelSize}px ${settings.labelFont}`;
  if (data.kind === "atom" || data.forceLabel) {
    paint.fillStyle = settings.labelColor.color;
    paint.fillText(data.label, data.x + data.size + 3, data.y + settings.labelSize / 3);
    return;
  }
  const letters = Math.floor((2 * data.size) / (0.55 * settings.labelSize));
  if (letters < 6) return;
  const lines = data.label.split(" ").map((word) => (word.length > letters ? `${word.slice(0, letters - 1)}…` : word));
  paint.fillStyle = "#ffffff";
  paint.textAlign = "center";
  lines.forEach((line, row) => {
    paint.fillText(line, data.x, data.y + (row - (lines.length - 1) / 2) * (settings.labelSize + 1) + settings.labelSize / 3);
  });
  paint.textAlign = "start";
}

function reducedNode(node, data) {
  const seen = { ...data, color: colourOf(data.kind, data.number) };
  if (state.near && !state.near.has(node)) {
    seen.color = "#e3e8ee";
    seen.label = null;
    seen.zIndex = 0;
  } else {
    seen.zIndex = 1;
  }
  if (node === state.chosen) {
    seen.highlighted = true;
    seen.zIndex = 2;
  }
  if (state.near && state.near.size < 60 && state.near.has(node)) seen.forceLabel = true;
  return seen;
}

function reducedEdge(edge, data) {
  const seen = { ...data };
  if (state.near) {
    const [from, to] = renderer.getGraph().extremities(edge);
    const about = state.chosen ?? state.hovered;
    if (about ? from !== about && to !== about : !(state.near.has(from) && state.near.has(to))) {
      seen.hidden = true;
    } else {
      seen.color = about === from ? "#1d6fb8" : "#c2571a";
      seen.zIndex = 1;
    }
  } else if (state.colour === "confidence" && data.confidence < 1) {
    seen.color = "#e0a884";
  } else if (state.colour === "cycle" && data.cut) {
    seen.color = CYCLE;
  }
  return seen;
}

// What is near: what was searched for, or what depends on the thing in question and what that needs.
function around() {
  const graph = renderer.getGraph();
  const about = state.chosen ?? state.hovered;
  if (about && graph.hasNode(about)) state.near = new Set([about, ...graph.neighbors(about)]);
  else if (state.found) state.near = new Set([...state.found].map(shownAs));
  else state.near = null;
}

function hover(node) {
  if (state.chosen || state.slow || state.moving) return;
  state.hovered = node;
  if (!state.detail) renewEdges();
  around();
  renderer.refresh({ skipIndexation: true });
}

// The ground: folders and modules as rectangles.
function paintGround() {
  const ground = $("ground");
  const { width, height } = renderer.getDimensions();
  const ratio = window.devicePixelRatio || 1;
  if (ground.width !== width * ratio || ground.height !== height * ratio) {
    ground.width = width * ratio;
    ground.height = height * ratio;
    ground.style.width = `${width}px`;
    ground.style.height = `${height}px`;
  }
  const paint = ground.getContext("2d");
  paint.setTransform(ratio, 0, 0, ratio, 0, 0);
  paint.clearRect(0, 0, width, height);
  const origin = renderer.graphToViewport({ x: 0, y: picture.height });
  const end = renderer.graphToViewport({ x: picture.width, y: 0 });
  const scale = (end.x - origin.x) / picture.width;
  paint.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * origin.x, ratio * origin.y);
  paint.lineWidth = 1 / scale;
  paint.strokeStyle = "#1d355740";
  paint.fillStyle = "#1d355709";
  for (const path of folderPaths()) {
    paint.fill(path);
    paint.stroke(path);
  }
  paint.strokeStyle = "#cfd6df";
  paint.fillStyle = "#ffffff";
  paint.fill(openPath);
  paint.stroke(openPath);
  paint.setTransform(ratio, 0, 0, ratio, 0, 0);
  paint.fillStyle = "#1d3557";
  paint.font = "600 11px system-ui, sans-serif";
  for (const [path, x, y, wide, high] of picture.folders) {
    if (!path || wide * scale < 70 || high * scale < 40) continue;
    const left = origin.x + x * scale;
    const top = origin.y + y * scale;
    if (left < width && top < height && left + wide * scale > 0 && top + high * scale > 0) {
      paint.fillText(path.split("/").pop(), left + 4, top + 12, wide * scale - 8);
    }
  }
}

const folderPaths = once(() => {
  // One path for each depth: fills of folders inside each other add up.
  const paths = [];
  for (const [path, ...place] of picture.folders) {
    const depth = path ? path.split("/").length : 0;
    (paths[depth] ??= new Path2D()).rect(...place);
  }
  return paths;
});

// The panel.

async function choose(node) {
  state.chosen = node;
  state.hovered = null;
  renewEdges();
  around();
  renderer.refresh({ skipIndexation: true });
  if (!node) {
    if (state.found) showFound();
    else $("panel").hidden = true;
    return;
  }
  const { kind, number } = renderer.getGraph().getNodeAttributes(node);
  if (kind === "group") showGroup(number);
  else await showAtom(number, node);
}

function showGroup(group) {
  const [name, size] = picture.groups[group];
  const opened = open.has(group);
  fill(
    part("h2", name),
    part("p", `${size} atoms`, "quiet"),
    action(opened ? "close it" : "open it", () => {
      toggle(`g${group}`);
      showGroup(group);
    }),
    list(members[group].map((at) => atomLine(at))),
  );
}

async function showAtom(at, node) {
  const answer = await fetch(`/api/v2/atom/${encodeURIComponent(picture.atoms.id[at])}?limit=50`);
  const said = await answer.json();
  if (state.chosen !== node) return;
  if (!answer.ok) return fail(said);
  const { atom, needs, needed_by: neededBy } = said;
  fill(
    part("h2", atom.qualified_name),
    part("p", `${atom.kind}, ${atom.path}:${atom.start_line}, ${atom.loc} code lines, wave ${atom.wave ?? "none"}`, "quiet"),
    ...(atom.cycle_id ? [part("p", "in a cycle", "wrong")] : []),
    part("pre", atom.code.replace(/^\n+/, "")),
    part("h3", `needs ${needs.length}${said.truncated ? " or more" : ""}`),
    list(needs.map(dependencyLine)),
    part("h3", `needed by ${neededBy.length}${said.truncated ? " or more" : ""}`),
    list(neededBy.map(dependencyLine)),
  );
}

function dependencyLine(need) {
  const line = document.createElement("li");
  const told = [need.type.replace("_DEP", "").toLowerCase(), need.kinds.join(", ")];
  if (need.confidence < 1) told.push(`confidence ${need.confidence.toFixed(2)}`);
  if (need.cut) told.push("cut");
  line.append(
    action(need.name, () => go(atomNumber().get(need.atom_id))),
    part("div", `${told.join(" · ")} · ${need.symbols.slice(0, 6).join(", ")}`, "quiet"),
    part("div", `at ${need.evidence.slice(0, 6).join(", ")} (${need.rule})`, "quiet"),
  );
  return line;
}

const atomNumber = once(() => new Map(picture.atoms.id.map((id, at) => [id, at])));

function atomLine(at) {
  const line = document.createElement("li");
  const { atoms } = picture;
  line.append(
    action(atoms.name[at], () => go(at)),
    part("div", `${picture.kinds[atoms.kind[at]]} · ${picture.paths[atoms.path[at]]}:${atoms.line[at]}`, "quiet"),
  );
  return line;
}

function go(at) {
  if (at === undefined) return;
  const group = picture.atoms.group[at];
  if (!open.has(group)) {
    open.add(group);
    redraw();
  }
  const [, , , , width, height] = picture.groups[group];
  const { x, y } = renderer.getNodeDisplayData(`a${at}`);
  const ratio = Math.max((2.2 * width) / picture.width, (2.2 * height) / picture.height, 0.02);
  renderer.getCamera().animate({ x, y, ratio, angle: 0 }, { duration: 300 });
  choose(`a${at}`);
}

function search(words) {
  const asked = words.trim().toLowerCase();
  const { atoms } = picture;
  state.chosen = null;
  if (!asked) {
    state.found = null;
    $("panel").hidden = true;
  } else {
    const inPath = picture.paths.map((path) => path.toLowerCase().includes(asked));
    state.found = new Set();
    atoms.name.forEach((name, at) => {
      if (inPath[atoms.path[at]] || name.toLowerCase().includes(asked)) state.found.add(at);
    });
    showFound();
  }
  renewEdges();
  around();
  renderer.refresh({ skipIndexation: true });
}

function showFound() {
  const found = [...state.found];
  fill(
    part("h2", `${found.length.toLocaleString("en")} atoms`),
    list(found.slice(0, MOST_FOUND).map((at) => atomLine(at))),
    ...(found.length > MOST_FOUND ? [part("p", `these are the first ${MOST_FOUND}`, "quiet")] : []),
  );
}

function fail(problem) {
  fill(part("h2", problem.title ?? "That did not work", "wrong"), part("p", problem.detail ?? ""), part("p", problem.hint ?? "", "quiet"));
}

function fill(...parts) {
  $("panel").replaceChildren(...parts);
  $("panel").hidden = false;
}

function part(tag, text, kind = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function action(text, act) {
  const made = part("a", text);
  made.tabIndex = 0;
  made.role = "button";
  made.addEventListener("click", act);
  made.addEventListener("keydown", (event) => event.key === "Enter" && act());
  return made;
}

function list(lines) {
  const made = document.createElement("ul");
  made.append(...lines);
  return made;
}

function typeBox(type, number) {
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = true;
  box.addEventListener("change", () => {
    if (box.checked) state.types.add(number);
    else state.types.delete(number);
    redraw();
  });
  const name = part("span", type.replace("_DEP", "").toLowerCase());
  name.style.color = TYPE_COLOURS[number];
  label.append(box, name);
  return label;
}

function figures(graph) {
  const shown = (count) => count.toLocaleString("en");
  $("figures").textContent =
    `${shown(picture.atoms.id.length)} atoms in ${shown(picture.groups.length)} modules, ` +
    `${shown(picture.needs.source.length)} dependencies; drawn: ${shown(graph.order)} and ${shown(graph.size)}`;
}

function legend() {
  const from = (colours) => {
    const bar = document.createElement("span");
    bar.className = "bar";
    bar.style.background = `linear-gradient(to right, ${colours.join(", ")})`;
    return bar;
  };
  const dot = (colour, text) => {
    const mark = document.createElement("i");
    mark.style.background = colour;
    return [mark, text];
  };
  const shown = {
    wave: () => ["wave 1", from([1, 0.25, 0.5, 0.75, 0].map((_, step) => waveColour(1 + (step * (lastWave() - 1)) / 4))), `${lastWave()}`],
    cycle: () => [...dot(CYCLE, "in a cycle"), ...dot(GREY, "in none")],
    module: () => ["a colour for each module"],
    confidence: () => ["guessed", from([0, 0.5, 1].map(confidenceColour)), "exact"],
  };
  $("legend").replaceChildren(...shown[state.colour]());
}

$("colour").addEventListener("change", (event) => {
  state.colour = event.target.value;
  legend();
  renderer.refresh({ skipIndexation: true });
});
$("modules").addEventListener("click", () => {
  open.clear();
  redraw();
});
$("atoms").addEventListener("click", () => {
  picture.groups.forEach((_, group) => open.add(group));
  redraw();
});
$("whole").addEventListener("click", () => renderer.getCamera().animatedReset());
let typing;
$("search").addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => search(event.target.value), 120);
});

begin().catch((error) => fail({ detail: String(error), hint: "reload the page; `mge status` tells whether the service runs" }));
