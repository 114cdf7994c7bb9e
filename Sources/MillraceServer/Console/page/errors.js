// The latest errors, dead letters among them, and what was dropped.

import { count, h, table, time } from "./dom.js";
import { letters } from "./letters.js";

export function errors(model) {
  if (!model.errors) return h("p", { class: "quiet" }, "Asking the instance…");
  const [node] = model.path;
  const dropped = droppedRows(model);
  return [
    h("h1", {}, "Errors"),
    node !== undefined && h("p", {}, "Of ", h("span", { class: "code" }, node), " only. ", h("a", { href: "#/errors" }, "Show all")),
    h("p", { class: "quiet" }, "Each instance remembers its latest 200 errors since its start. Dead letters stay in their topics, where they are read from below."),
    errorList(model, 200, node),
    h("h2", {}, "Dropped records"),
    table([
      { title: "Operator", code: true, of: (row) => h("a", { href: `#/topology/${encodeURIComponent(`node ${row.node}`)}` }, row.node) },
      { title: "Reason", of: (row) => row.reason },
      { title: "Records", number: true, of: (row) => count(row.count) },
    ], node === undefined ? dropped : dropped.filter((row) => row.node === node), {
      key: (row) => `${row.node} ${row.reason}`, empty: "None.",
    }),
    letters(model),
  ];
}

function droppedRows(model) {
  const sums = new Map();
  for (const row of (model.instances ?? []).flatMap((instance) => instance.dropped ?? [])) {
    const name = JSON.stringify([row.node, row.reason]);
    const sum = sums.get(name) ?? { ...row, count: 0 };
    sum.count += row.count;
    sums.set(name, sum);
  }
  return [...sums.values()].sort((one, other) => other.count - one.count);
}

/** The newest errors of all instances. */
export function errorList(model, most, node) {
  const all = (model.errors ?? []).flatMap((instance) =>
    (instance.errors ?? []).map((error) => ({ ...error, instance: instance.address ?? "here" })));
  const found = all.filter((error) => node === undefined || error.node === node)
    .sort((one, other) => other.timestampMs - one.timestampMs);
  if (found.length === 0) return h("p", { class: "quiet" }, "None since the start.");
  return h("div", {},
    h("ol", { class: "errors" }, found.slice(0, most).map(card)),
    found.length > most && h("p", {}, h("a", { href: "#/errors" }, `All ${count(found.length)}`)));
}

function card(error) {
  const fate = {
    fail: "stopped the task", continue: "dropped", "dead-letter": `dead letter in ${error.deadLetterTopic}`,
  }[error.response] ?? "ended the thread";
  const isBad = error.response === undefined || error.response === "fail";
  return h("li", { key: `${error.instance} ${error.timestampMs} ${error.topic} ${error.partition} ${error.offset}` },
    h("p", { class: "facts" },
      h("time", { datetime: new Date(error.timestampMs).toISOString() }, time(error.timestampMs)), " ",
      h("span", { class: `badge ${isBad ? "bad" : "busy"}` }, error.kind), " ", h("span", {}, fate)),
    h("p", { class: "message" }, error.message),
    h("p", { class: "facts quiet" },
      error.node && [h("a", { href: `#/topology/${encodeURIComponent(`node ${error.node}`)}` }, error.node), " · "],
      error.task && `task ${error.task} · `,
      error.topic !== undefined && `${error.topic}-${error.partition}@${error.offset} · `,
      error.key !== undefined && ["key ", h("span", { class: "code" }, error.key), " · "], error.instance));
}
