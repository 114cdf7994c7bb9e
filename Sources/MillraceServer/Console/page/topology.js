// The topology as a graph: a drawing for each sub-topology, since each is what one task runs. What passes from one to the other
// goes through topics, which lead there.

import { brief, count, h, rate, s, span } from "./dom.js";
import { layOut } from "./layout.js";
import { Figures } from "./nodes.js";
import { applicationButtons, pauseBadge, subtopologyButtons } from "./operating.js";

const nodeHeight = 40;
const maxTextWidth = 230;
// Room for a node's kind beside a figure: "processor", "12.3K dropped".
const minWidth = 148;
const characterWidth = 6.9;
const kinds = { source: "source", processor: "processor", sink: "sink", topic: "topic", store: "store" };

export function topology(model) {
  const graph = model.topology;
  if (!graph) return h("p", { class: "quiet" }, "Asking for the topology…");
  const chosen = model.path[0];
  const local = (model.local.topology ??= { filter: "", zoom: "100" });
  const nodes = graph.subtopologies.reduce((sum, subtopology) => sum + subtopology.nodes.length, 0);
  return [
    h("h1", {}, "Topology"),
    h("div", { class: "bar" },
      h("label", {}, "Find ", h("input", {
        type: "search", placeholder: "node, store or topic  ( / )", value: local.filter, autocomplete: "off",
        oninput: (event) => { local.filter = event.target.value; mark(local.filter); },
        onkeydown: (event) => { if (event.key === "Enter") goToMatch(); },
      })),
      h("label", {}, "Size ", h("select", { onchange: (event) => { local.zoom = event.target.value; model.show(); } },
        [["100", "100 %"], ["75", "75 %"], ["50", "50 %"], ["fit", "fit"]].map(([value, label]) =>
          h("option", { value, selected: value === local.zoom }, label)))),
      h("span", { class: "quiet" }, `${count(graph.subtopologies.length)} ${graph.subtopologies.length === 1 ? "sub-topology" : "sub-topologies"}, ${count(nodes)} nodes`)),
    h("p", { class: "legend", "aria-hidden": "true" },
      Object.entries(kinds).map(([kind, label]) => h("span", { class: `swatch ${kind}` }, label))),
    applicationButtons(model),
    chosen !== undefined && details(model, chosen),
    graph.subtopologies.map((subtopology) => drawing(model, subtopology, local)),
  ];
}

// A drawing

function drawing(model, subtopology, local) {
  const id = String(subtopology.id);
  const instances = (model.instances ?? []).filter((instance) => !instance.error);
  const own = instances.flatMap((instance) => instance.tasks).filter((task) => task.id.split("_")[0] === id && !task.isStandby);
  const speed = model.history.rate(`count subtopology ${id}`);
  const facts = subtopology.isGlobal ? "a global table, on every instance"
    : `${own.length} ${own.length === 1 ? "task" : "tasks"} · ${rate(speed)} · ${brief(own.reduce((sum, task) => sum + task.processedRecords, 0))} records${lagOf(own)}`;
  const isVertical = innerWidth < 700;
  const section = h("section", { class: "subtopology", key: `subtopology ${id}`, "aria-labelledby": `subtopology-${id}` },
    h("h2", { id: `subtopology-${id}` }, `Sub-topology ${id} `, pauseBadge(model, subtopology.id), h("span", { class: "quiet" }, ` ${facts} `),
      subtopologyButtons(model, subtopology)),
    h("div", { class: `canvas zoom-${local.zoom}`, tabindex: "0", role: "group", "aria-label": `Graph of sub-topology ${id}` },
      picture(model, subtopology, isVertical)));
  queueMicrotask(() => annotate(model, subtopology, instances));
  return section;
}

function lagOf(tasks) {
  const known = tasks.filter((task) => task.lag !== undefined);
  if (known.length === 0) return "";
  const ages = known.map((task) => task.lagMs).filter((age) => age !== undefined);
  return ` · lag ${brief(known.reduce((sum, task) => sum + task.lag, 0))}${ages.length > 0 ? ` (${span(Math.max(...ages) / 1_000)})` : ""}`;
}

const pictures = new WeakMap();

/** The drawing without its figures, which is made once. */
function picture(model, subtopology, isVertical) {
  const known = pictures.get(subtopology);
  const version = `${subtopology.id} ${isVertical}`;
  // The page has the first one; the others need only say that nothing has changed.
  if (known === version && document.querySelector(`[data-static="${version}"]`)) {
    return s("svg", { "data-static": version });
  }
  pictures.set(subtopology, version);
  return draw(model, subtopology, isVertical, version);
}

/** The nodes of a drawing: those of the sub-topology, its stores, and the topics that it reads and writes. */
function elements(subtopology) {
  const found = new Map();
  const add = (id, kind, label, successors, more = {}) => {
    const known = found.get(id);
    if (known) known.successors.push(...successors);
    else found.set(id, { id, kind, label, successors: [...successors], ...more });
  };
  for (const node of subtopology.nodes) {
    const id = `node ${node.name}`;
    const next = node.successors.map((name) => `node ${name}`);
    if (node.kind === "source") {
      for (const topic of node.topics) add(`in ${topic.name}`, "topic", topic.name, [id], { isInternal: topic.isInternal });
      if (node.pattern) add(`in ${node.pattern}`, "topic", node.pattern, [id], { note: "pattern" });
    }
    for (const store of node.stores ?? []) {
      next.push(`store ${store}`);
      add(`store ${store}`, "store", store, []);
    }
    if (node.kind === "sink") {
      for (const topic of node.topics) {
        next.push(`out ${topic.name}`);
        add(`out ${topic.name}`, "topic", topic.name, [], { isInternal: topic.isInternal });
      }
      if (node.chosenBy) {
        next.push(`out ${node.name}`);
        add(`out ${node.name}`, "topic", node.chosenBy, [], { note: "chosen" });
      }
    }
    add(id, node.kind, node.name, next);
  }
  const all = [...found.values()];
  for (const element of all) {
    element.note ??= element.isInternal ? "internal topic" : kinds[element.kind];
    element.text = cut(element.label);
    element.width = Math.max(element.kind === "topic" ? 96 : minWidth, Math.min(maxTextWidth, element.text.length * characterWidth) + 22);
  }
  return all;
}

function cut(text) {
  const most = Math.floor(maxTextWidth / characterWidth);
  return text.length <= most ? text : `${text.slice(0, most - 13)}…${text.slice(-12)}`;
}

function draw(model, subtopology, isVertical, version) {
  const nodes = elements(subtopology);
  const plan = layOut(nodes.map((node) => ({
    id: node.id, length: isVertical ? nodeHeight : node.width, breadth: isVertical ? node.width : nodeHeight,
    successors: node.successors,
  })), { layerGap: 44, nodeGap: isVertical ? 12 : 14 });
  const point = ([along, across]) => (isVertical ? [across, along] : [along, across]);
  const [width, height] = point([plan.length, plan.breadth]);
  const kindOf = new Map(nodes.map((node) => [node.id, node.kind]));
  const waysIn = new Map();
  for (const { to } of plan.edges) waysIn.set(to, (waysIn.get(to) ?? 0) + 1);
  const margin = 14;
  // A drawing that is a little too wide is shown a little smaller.
  const room = innerWidth - 64;
  const isSnug = width > room && width < 1.4 * room;
  return s("svg", {
    "data-static": version, class: isSnug ? "graph snug" : "graph", width: Math.ceil(width + 2 * margin), height: Math.ceil(height + 2 * margin),
    viewBox: `${-margin} ${-margin} ${Math.ceil(width + 2 * margin)} ${Math.ceil(height + 2 * margin)}`,
  },
    s("g", { class: "edges", "aria-hidden": "true" }, plan.edges.map((edge) => {
      const points = edge.points.map(point);
      // From top to bottom the rate stands a little lower, because a node's lag and errors are below it: this is the curve at 0.62.
      const [x, y] = between(points[0], points[1], isVertical ? [0.677, 0.592] : [0.5, 0.5]);
      return s("g", { class: "flow", "data-from": edge.from, "data-to": edge.to, "data-ways-in": waysIn.get(edge.to) },
        s("path", { class: `edge ${kindOf.get(edge.to) === "store" ? "to-store" : ""}`, d: curve(points, isVertical) }),
        s("text", {
          class: "flow-rate", x: x.toFixed(1), y: (y + 3).toFixed(1), "text-anchor": "middle",
        }));
    })),
    s("g", { class: "nodes" }, nodes.map((node, index) => {
      const place = plan.places.get(node.id);
      const [x, y] = point([place.along, place.across]);
      return nodeShape(model, node, x, y, index === 0);
    })));
}

function between([x0, y0], [x1, y1], [across, down]) {
  return [x0 + (x1 - x0) * across, y0 + (y1 - y0) * down];
}

function curve(points, isVertical) {
  const number = (value) => value.toFixed(1);
  let path = `M${points[0].map(number).join(",")}`;
  for (let index = 1; index < points.length; index += 2) {
    const [[x0, y0], [x1, y1]] = [points[index - 1], points[index]];
    const [mx, my] = [(x0 + x1) / 2, (y0 + y1) / 2];
    path += isVertical ? `C${number(x0)},${number(my)} ${number(x1)},${number(my)} ${number(x1)},${number(y1)}`
      : `C${number(mx)},${number(y0)} ${number(mx)},${number(y1)} ${number(x1)},${number(y1)}`;
    if (points[index + 1]) path += `L${points[index + 1].map(number).join(",")}`;
  }
  return path;
}

function nodeShape(model, node, x, y, isFirst) {
  const choose = () => model.navigate("topology", node.id);
  return s("g", {
    class: `node ${node.kind} ${node.isInternal ? "internal" : ""}`, transform: `translate(${x.toFixed(1)},${y.toFixed(1)})`,
    tabindex: isFirst ? "0" : "-1", role: "button", "data-id": node.id, "data-label": node.label.toLowerCase(),
    "aria-label": `${node.note} ${node.label}`, onclick: choose,
    onkeydown: (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choose();
      } else if (event.key.startsWith("Arrow")) {
        event.preventDefault();
        step(event.currentTarget, event.key);
      }
    },
  },
    s("title", {}, node.label),
    s("rect", { width: node.width, height: nodeHeight, rx: node.kind === "topic" ? 20 : node.kind === "store" ? 8 : 4 }),
    s("text", { class: "note", x: 11, y: 15 }, node.note),
    s("text", { class: "figure", x: node.width - 11, y: 15, "text-anchor": "end" }),
    s("text", { class: "label", x: 11, y: 31 }, node.text),
    s("text", { class: "below", x: 9, y: nodeHeight + 11 }, s("tspan", { class: "lag" }), s("tspan", { class: "trouble-figure", dx: 6 })));
}

/** Moves the focus to the nearest node in the direction of an arrow. */
function step(from, key) {
  const centre = (element) => {
    const box = element.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  const [x, y] = centre(from);
  const isSideways = key === "ArrowLeft" || key === "ArrowRight";
  const sign = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
  let best;
  for (const other of document.querySelectorAll("g.node")) {
    const [ox, oy] = centre(other);
    const [ahead, aside] = isSideways ? [(ox - x) * sign, Math.abs(oy - y)] : [(oy - y) * sign, Math.abs(ox - x)];
    const cost = ahead + 2 * aside;
    if (ahead > 4 && (!best || cost < best.cost)) best = { cost, other };
  }
  if (!best) return;
  from.setAttribute("tabindex", "-1");
  best.other.setAttribute("tabindex", "0");
  best.other.focus();
}

// Figures

function annotate(model, subtopology, instances) {
  const section = document.getElementById(`subtopology-${subtopology.id}`)?.parentElement;
  if (!section) return;
  const figures = new Figures(model, subtopology, instances);
  for (const element of section.querySelectorAll("g.node")) {
    const [kind, name] = splitID(element.dataset.id);
    const trouble = kind === "node" ? figures.troubleText(name) : "";
    const lag = kind === "node" ? figures.lagText(name) : "";
    write(element.querySelector(".figure"), figures.cornerText(kind, name));
    write(element.querySelector(".lag"), lag);
    write(element.querySelector(".trouble-figure"), trouble);
    element.classList.toggle("bad", trouble !== "");
    element.classList.toggle("late", lag.includes("↗"));
    element.classList.toggle("chosen", element.dataset.id === model.path[0]);
  }
  for (const group of section.querySelectorAll("g.flow")) {
    const [fromKind, fromName] = splitID(group.dataset.from);
    const [toKind, toName] = splitID(group.dataset.to);
    const speed = figures.edgeRate({ kind: fromKind, name: fromName }, { kind: toKind, name: toName }, Number(group.dataset.waysIn));
    write(group.querySelector("text"), speed > 0 ? rate(speed) : "");
    const width = (speed > 0 ? 1.2 + Math.log10(1 + speed) * 0.8 : 1.2).toFixed(1);
    const path = group.querySelector("path");
    if (path.getAttribute("stroke-width") !== width) path.setAttribute("stroke-width", width);
    group.classList.toggle("flowing", speed > 0);
  }
  mark(model.local.topology.filter);
}

function write(element, text) { if (element.textContent !== text) element.textContent = text; }

function splitID(id) {
  const space = id.indexOf(" ");
  return [id.slice(0, space), id.slice(space + 1)];
}

function mark(filter) {
  const text = filter.trim().toLowerCase();
  for (const element of document.querySelectorAll("g.node")) {
    const isMatch = text !== "" && element.dataset.label.includes(text);
    element.classList.toggle("match", isMatch);
    element.classList.toggle("dim", text !== "" && !isMatch);
  }
}

function goToMatch() {
  const match = document.querySelector("g.node.match");
  match?.scrollIntoView({ block: "center", inline: "center" });
  match?.focus();
}

// Details of a node

function details(model, id) {
  const [kind, name] = splitID(id);
  const close = h("a", { href: "#/topology", class: "close", "aria-label": "Close the details" }, "✕");
  return h("aside", { class: "details", key: `details ${id}`, "aria-label": "Details" },
    close, h("h2", {}, name), kind === "store" ? aboutStore(model, name) : kind === "node" ? aboutNode(model, name) : aboutTopic(model, name));
}

function link(id) {
  const [, name] = splitID(id);
  return h("a", { href: `#/topology/${encodeURIComponent(id)}` }, name);
}

function list(title, items) {
  return items.length > 0 && [h("dt", {}, title), items.map((item) => h("dd", {}, item))];
}

function allNodes(model) {
  return model.topology.subtopologies.flatMap((subtopology) =>
    subtopology.nodes.map((node) => ({ ...node, subtopology: subtopology.id })));
}

function aboutNode(model, name) {
  const nodes = allNodes(model);
  const node = nodes.find((other) => other.name === name);
  if (!node) return h("p", { class: "quiet" }, "The topology has no such node.");
  const dropped = (model.instances ?? []).flatMap((instance) => instance.dropped ?? []).filter((row) => row.node === name);
  const failures = (model.errors ?? []).flatMap((instance) => instance.errors ?? []).filter((error) => error.node === name);
  return h("dl", {},
    list("Kind", [`${node.kind} of sub-topology ${node.subtopology}`]),
    list("Topics", (node.topics ?? []).map((topic) => link(`${node.kind === "source" ? "in" : "out"} ${topic.name}`))),
    list("Pattern", node.pattern ? [node.pattern] : []), list("Topic chosen by", node.chosenBy ? [node.chosenBy] : []),
    list("Stores", (node.stores ?? []).map((store) => link(`store ${store}`))),
    list("Gets records from", nodes.filter((other) => other.successors.includes(name)).map((other) => link(`node ${other.name}`))),
    list("Sends records to", node.successors.map((other) => link(`node ${other}`))),
    list("Rate", rateOf(model, node)), list("Lag", lagsOf(model, node)),
    list("Dropped", dropped.map((row) => `${count(row.count)} · ${row.reason}`)),
    list("Errors", failures.length > 0 ? [h("a", { href: `#/errors/${encodeURIComponent(name)}` }, `${count(failures.length)} of the latest`)] : []));
}

function rateOf(model, node) {
  const speed = model.history.rate(`count node ${node.name}`);
  return speed === undefined ? [] : [rate(speed)];
}

function lagsOf(model, node) {
  if (node.kind !== "source") return [];
  const subtopology = model.topology.subtopologies.find((other) => other.id === node.subtopology);
  const lag = new Figures(model, subtopology, (model.instances ?? []).filter((instance) => !instance.error)).lag(node.name);
  return lag ? [`${count(lag.records)} records wait${lag.seconds === undefined ? "" : `, the oldest for ${span(lag.seconds)}`}${lag.records > 0 && lag.trend ? `, ${lag.trend}` : ""}`] : [];
}

function aboutStore(model, name) {
  const nodes = allNodes(model).filter((node) => node.stores?.includes(name));
  const store = model.topology.subtopologies.flatMap((subtopology) => subtopology.stores).find((other) => other.name === name);
  if (!store) return h("p", { class: "quiet" }, "The topology has no such store.");
  return h("dl", {},
    list("Kind", [store.kind ?? "unknown"]), list("Changelog", store.changelog ? [store.changelog] : ["none"]),
    list("Used by", nodes.map((node) => link(`node ${node.name}`))),
    list("Contents", [h("a", { href: `#/stores/${encodeURIComponent(name)}` }, "Look into the store")]));
}

function aboutTopic(model, name) {
  const nodes = allNodes(model).filter((node) =>
    node.topics?.some((topic) => topic.name === name) || node.pattern === name || node.chosenBy === name);
  const isInternal = nodes.some((node) => node.topics?.some((topic) => topic.name === name && topic.isInternal));
  return h("dl", {},
    list("Kind", [isInternal ? "internal topic" : "topic"]),
    list("Written by", nodes.filter((node) => node.kind === "sink").map((node) => [link(`node ${node.name}`), ` (sub-topology ${node.subtopology})`])),
    list("Read by", nodes.filter((node) => node.kind === "source").map((node) => [link(`node ${node.name}`), ` (sub-topology ${node.subtopology})`])));
}
