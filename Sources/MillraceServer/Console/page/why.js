// Why: what became of a key's last record. The instance runs the log again in memory, so it is asked when somebody asks, and not again
// and again.

import { get, query } from "./api.js";
import { count, h, plain, span, table, time } from "./dom.js";

const answerSeconds = 25;
const deepest = 8;
const colours = {
  produced: "good", stored: "good", forwarded: "good", joined: "good", paused: "busy", unprocessed: "busy", waiting: "busy",
  suppressed: "busy", window_open: "busy", late: "bad", failed: "bad",
};

/** The topics of which a key can be explained: the external ones that the topology reads. */
export function sourceTopics(model) {
  const nodes = (model.topology?.subtopologies ?? []).flatMap((subtopology) => subtopology.nodes);
  const topics = nodes.flatMap((node) => (node.kind === "source" ? node.topics ?? [] : []));
  return [...new Set(topics.filter((topic) => !topic.isInternal).map((topic) => topic.name))].sort();
}

/** A link to the explanation of a key, as JSON shows it; nothing if its topic is not one that the topology reads. */
export function whyLink(model, key, topic, partition) {
  if (key === undefined || key === null || !sourceTopics(model).includes(topic)) return undefined;
  const [text, format] = typed(key);
  const path = ["why", text, topic, partition ?? "", format].map(encodeURIComponent).join("/");
  return h("a", { class: "why", href: `#/${path}`, "aria-label": `Why? ${text}` }, "Why?");
}

/** A key as somebody would type it, and its format. */
function typed(key) {
  if (typeof key !== "object") return [String(key), ""];
  if (Object.keys(key).length === 1 && typeof key.$hex === "string") return [key.$hex, "hex"];
  if (typeof key.$base64 === "string") return [key.$base64, "base64"];
  return [JSON.stringify(key), ""];
}

export function why(model) {
  const local = (model.local.why ??= { key: "", topic: "", partition: "", format: "", from: "", arrivals: 0, arrived: "" });
  const arrived = JSON.stringify(model.path);
  if (model.path.length > 0 && local.arrived !== arrived) {
    [local.key, local.topic = "", local.partition = "", local.format = ""] = model.path;
    [local.arrived, local.arrivals, local.from] = [arrived, local.arrivals + 1, ""];
    explain(model, local);
  }
  return [
    h("h1", {}, "Why?"),
    h("p", { class: "quiet" }, "What became of the last record of a key. The instance runs the log of the key's partition again in memory; nothing is written."),
    form(model, local),
    h("div", { key: "why answer", "aria-live": "polite", "aria-busy": String(Boolean(local.isAsking)) },
      local.message && h("p", { class: "trouble", role: "alert" }, local.message),
      local.isAsking && h("p", { class: "quiet" }, "Running the log again…"),
      local.answer && explanation(local.asked, local.answer)),
  ];
}

function form(model, local) {
  const topics = sourceTopics(model);
  const input = (name, properties) => h("input", {
    id: `why-${name}`, value: local[name], autocomplete: "off", spellcheck: "false", ...properties,
    oninput: (event) => { local[name] = event.target.value; if (name === "key") local.format = ""; },
  });
  return h("div", { class: "bar", key: `why form ${local.arrivals}` },
    h("form", {
      role: "search", onsubmit: (event) => { event.preventDefault(); submit(model, local); },
    },
      h("label", {}, "Key ", input("key", { type: "search", placeholder: "as the serde reads it  ( / )" })),
      topics.length > 1 && h("label", {}, "Topic ", h("select", {
        id: "why-topic", onchange: (event) => { local.topic = event.target.value; },
      }, (topics.includes(local.topic) ? topics : ["", ...topics]).map((topic) =>
        h("option", { value: topic, selected: topic === local.topic }, topic || "choose")))),
      h("label", {}, "Partition ", input("partition", { inputmode: "numeric", placeholder: "that of the key", class: "short" })),
      h("label", {}, "From ", input("from", { placeholder: "beginning, -1h", class: "short" })),
      h("button", { type: "submit", class: "primary", disabled: local.isAsking }, "Explain")));
}

function submit(model, local) {
  model.path = [local.key, local.topic, local.partition, local.format];
  local.arrived = JSON.stringify(model.path);
  history.replaceState(null, "", `#/${["why", ...model.path].map(encodeURIComponent).join("/")}`);
  explain(model, local);
}

async function explain(model, local) {
  const number = (local.number = (local.number ?? 0) + 1);
  Object.assign(local, { isAsking: true, message: undefined, answer: undefined, asked: local.key });
  setTimeout(model.show);
  let result;
  try {
    const answer = await get("/explain" + query({
      topic: local.topic, partition: local.partition, from: local.from, "key-format": local.format, timeout: answerSeconds,
    }) + `&key=${encodeURIComponent(local.key)}`);
    result = { answer };
  } catch (error) {
    result = { message: error.message };
  }
  // Another key has been asked for in the meantime.
  if (number !== local.number) return;
  Object.assign(local, result, { isAsking: false });
  model.show();
}

// The answer

function explanation(key, answer) {
  return h("article", { key: `explanation of ${key}`, "aria-labelledby": "why-summary" },
    h("p", { class: "verdict" },
      h("span", { class: `badge ${colours[answer.outcome] ?? "calm"}` }, answer.outcome.replaceAll("_", " ")), " ",
      h("span", { id: "why-summary" }, answer.summary)),
    h("dl", { class: "facts-grid" }, facts(key, answer).map(([name, ...value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    answer.notes.length > 0 && [
      h("h2", {}, "Not known"), h("ul", { class: "notes" }, answer.notes.map((note) => h("li", {}, note))),
    ],
    h("h2", {}, "Its way through the topology"),
    answer.steps.length === 0
      ? h("p", { class: "quiet" }, answer.processed ? "It entered no node." : "It has not been processed.")
      : h("ol", { class: "errors way" }, answer.steps.map(step)),
    h("h2", {}, "What it produced"),
    table([
      { title: "Topic", code: true, of: (row) => `${row.topic}-${row.partition}` }, ...entry,
    ], answer.outputs, { empty: "No results." }),
    answer.changes.length > 0 && [
      h("h2", {}, "What it changed"),
      table([
        { title: "Store", of: (row) => h("a", { href: `#/stores/${encodeURIComponent(row.store)}` }, row.store) },
        { title: "Partition", number: true, of: (row) => row.partition }, ...entry,
      ], answer.changes),
    ],
    answer.downstream.length > 0 && [
      h("h2", {}, "Who reads what it led to"),
      table([
        { title: "Topic", code: true, of: (row) => `${row.topic}-${row.partition}` },
        { title: "Task", of: (row) => row.task }, { title: "Owner", code: true, of: (row) => row.owner ?? "none known" },
        { title: "Paused", of: (row) => paused(row.paused) },
        { title: "Waiting", number: true, of: (row) => count(row.waitingRecords) },
      ], answer.downstream),
    ]);
}

const entry = [
  { title: "Key", code: true, of: (row) => plain(row.key) },
  { title: "Value", code: true, of: (row) => h("pre", {}, plain(row.value)) },
  { title: "Time", of: (row) => time(row.timestampMs) },
];

function facts(key, answer) {
  const record = (input) => (input
    ? [`offset ${input.offset}, ${time(input.timestampMs)}`, h("pre", {}, plain(input.value))] : ["none"]);
  return [
    ["Key", h("span", { class: "code" }, key)],
    ["Partition and task", `${answer.topic}-${answer.partition}, task ${answer.task}`],
    ["Owner", answer.task === "global" ? "every instance" : answer.owner ?? "none known"],
    ["Paused", paused(answer.paused)],
    ["Committed", `${answer.committed ?? "–"} of ${answer.end}`],
    ["Waiting", answer.behind ? `${count(answer.behind.records)} records, the first for ${span(answer.behind.ms / 1_000)}` : "no records"],
    ["Last record", ...record(answer.last)],
    answer.processed?.offset !== answer.last?.offset && ["Last one processed", ...record(answer.processed)],
  ].filter(Boolean);
}

function paused(isPaused) {
  return isPaused === null ? "not known" : isPaused ? h("span", { class: "badge busy" }, "paused") : "no";
}

function step(row) {
  return h("li", { class: `depth-${Math.min(row.depth, deepest)}` },
    h("p", { class: "facts" },
      h("a", { class: "code", href: `#/topology/${encodeURIComponent(`node ${row.node}`)}` }, row.node), " ",
      h("span", { class: `badge ${colours[row.outcome] ?? "calm"}` }, row.outcome.replaceAll("_", " ")), " ",
      row.isLater && h("span", { class: "quiet" }, "later, with another record")),
    h("p", {}, row.detail),
    h("p", { class: "facts quiet code" }, row.key && `${row.key}: `, row.value));
}
