// Builds elements. Everything that comes from outside becomes text; nothing is ever parsed as HTML.

const namespace = "http://www.w3.org/2000/svg";

/** Makes an element. A property that begins with "on" is a listener; `key` names the element for `morph`. */
export function h(tag, properties, ...children) {
  return build(document.createElement(tag), properties, children);
}

/** Makes an element of SVG. */
export function s(tag, properties, ...children) {
  return build(document.createElementNS(namespace, tag), properties, children);
}

function build(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element[name] = value;
    else if (name === "key") element.dataset.key = value;
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (child === undefined || child === null || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child instanceof Node ? child : String(child));
  }
}

const listeners = ["onclick", "oninput", "onsubmit", "onchange", "onkeydown", "ontoggle"];

/**
 * Makes the content of `target` equal to that of `source`, and keeps the elements that are in both, so that focus, scroll position
 * and selection stay. An element with `data-static` is kept as it is while the value is the same.
 */
export function morph(target, source) {
  const wanted = [...source.childNodes];
  const keyed = new Map();
  for (const child of target.children) if (child.dataset?.key) keyed.set(child.dataset.key, child);
  let place = target.firstChild;
  for (const next of wanted) {
    const named = next.dataset?.key !== undefined ? keyed.get(next.dataset.key) : undefined;
    if (named && named !== place) target.insertBefore(named, place);
    const candidate = named ?? place;
    if (candidate && isSame(candidate, next)) {
      update(candidate, next);
      place = candidate.nextSibling;
    } else {
      target.insertBefore(next, place);
    }
  }
  while (place) {
    const following = place.nextSibling;
    place.remove();
    place = following;
  }
}

function isSame(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName && one.dataset?.key === other.dataset?.key;
}

function update(element, next) {
  if (element.nodeType !== Node.ELEMENT_NODE) {
    if (element.nodeValue !== next.nodeValue) element.nodeValue = next.nodeValue;
    return;
  }
  for (const name of listeners) if (element[name] !== next[name]) element[name] = next[name];
  if (element.dataset.static !== undefined && element.dataset.static === next.dataset.static) return;
  for (const { name, value } of next.attributes) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  for (const { name } of [...element.attributes]) {
    // Things that the user has opened or typed stay.
    if (!next.hasAttribute(name) && name !== "open") element.removeAttribute(name);
  }
  if (element.nodeName === "PROGRESS" && element.value !== next.value) element.value = next.value;
  if (element.nodeName !== "INPUT") morph(element, next);
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function count(number) {
  return number === undefined || number === null ? "–" : whole.format(number);
}

export function brief(number) {
  if (number === undefined || number === null) return "–";
  return Math.abs(number) < 10_000 ? whole.format(number) : short.format(number);
}

export function rate(perSecond) {
  if (perSecond === undefined) return "–";
  return `${perSecond < 10 && perSecond > 0 ? perSecond.toFixed(1) : brief(perSecond)}/s`;
}

export function bytes(number) {
  if (number === undefined || number === null) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (number >= 1024 && unit < units.length - 1) [number, unit] = [number / 1024, unit + 1];
  return `${unit === 0 || number >= 100 ? whole.format(number) : number.toFixed(1)} ${units[unit]}`;
}

export function span(seconds) {
  if (seconds === undefined) return "–";
  if (seconds === 0) return "0 s";
  if (!Number.isFinite(seconds)) return "∞";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}

export function time(ms) {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString().replace("T", " ").replace("Z", "");
}

/** A key or a value as text: a text as it is, anything else as JSON. */
export function plain(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 1) ?? "–";
}

/** A word for a state, in the colour of its urgency. */
export function badge(state) {
  const kinds = {
    running: "good", standby: "calm", restoring: "busy", rebalancing: "busy", created: "busy", pendingShutdown: "busy",
    paused: "busy", "partly paused": "busy", notRunning: "bad", pendingError: "bad", error: "bad", unreachable: "bad",
    RUNNING: "good", PAUSED: "busy", RESTARTING: "busy", UNASSIGNED: "calm", FAILED: "bad", "held back": "busy",
  };
  return h("span", { class: `badge ${kinds[state] ?? "calm"}` }, state ?? "unknown");
}

/**
 * A table. Each column has a title and a function of the row; on a narrow page each row becomes a card with the titles beside the
 * values.
 */
export function table(columns, rows, { empty = "Nothing.", key, caption } = {}) {
  if (rows.length === 0) return h("p", { class: "quiet" }, empty);
  return h("div", { class: "scroll" },
    h("table", {},
      caption && h("caption", {}, caption),
      h("thead", {}, h("tr", {}, columns.map((column) =>
        h("th", { scope: "col", class: column.number && "number" }, column.title)))),
      h("tbody", {}, rows.map((row) =>
        h("tr", { key: key?.(row) }, columns.map((column) =>
          h("td", { "data-label": column.title, class: column.number ? "number" : column.code ? "code" : undefined },
            h("div", {}, column.of(row)))))))));
}
