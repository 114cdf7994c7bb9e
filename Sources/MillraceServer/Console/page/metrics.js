// The metrics of the instance that has sent the page, and those of the program around it, such as its caches.

import { bytes, count, h, table } from "./dom.js";

export function metrics(model) {
  if (!model.metrics) return h("p", { class: "quiet" }, "Asking for the metrics…");
  const local = (model.local.metrics ??= { filter: "", onlyProgram: true });
  const words = local.filter.toLowerCase().split(/\s+/);
  const found = model.metrics.filter((series) => {
    const isOwn = /^(millrace|process)_/.test(series.name) && !series.name.startsWith("millrace_embedding_cache");
    const text = `${series.name} ${series.help} ${labels(series)}`.toLowerCase();
    return !(local.onlyProgram && isOwn) && words.every((word) => text.includes(word));
  });
  const families = Map.groupBy(found, (series) => series.name);
  return [
    h("h1", {}, "Metrics"),
    h("div", { class: "bar" },
      h("label", {}, "Find ", h("input", {
        type: "search", placeholder: "metric or label  ( / )", value: local.filter, autocomplete: "off",
        oninput: (event) => { local.filter = event.target.value; model.show(); },
      })),
      h("label", {}, h("input", {
        type: "checkbox", id: "only-program", checked: local.onlyProgram,
        onchange: (event) => { local.onlyProgram = event.target.checked; model.show(); },
      }), " only the program's own"),
      h("span", { class: "quiet" }, "of this instance; the same as Prometheus gets at /metrics")),
    found.length === 0 && h("p", { class: "quiet" }, local.onlyProgram && local.filter === ""
      ? "The program has no metrics of its own." : "No such metric."),
    [...families].map(([name, series]) => [
      h("h2", { key: `family ${name}`, class: "code" }, name),
      h("p", { key: `help ${name}`, class: "quiet" }, series[0].help),
      table(columns(series[0]), series, { key: labels }),
    ]),
  ];
}

function labels(series) {
  return Object.entries(series.labels).map(([name, value]) => `${name}="${value}"`).join(" ");
}

function columns(family) {
  const value = (of) => (row) => amount(of(row), family);
  const first = { title: "Series", code: true, of: (row) => labels(row) || "–" };
  if (family.kind !== "histogram") return [first, { title: "Value", number: true, of: value((row) => row.value) }];
  return [
    first,
    { title: "Count", number: true, of: (row) => count(row.count ?? 0) },
    { title: "Mean", number: true, of: value((row) => (row.count > 0 ? row.sum / row.count : undefined)) },
    { title: "Median", number: true, of: value((row) => row.median) },
    { title: "p99", number: true, of: value((row) => row.p99) },
  ];
}

function amount(value, family) {
  if (value === undefined) return "–";
  if (family.unit === "bytes" || family.name.endsWith("_bytes")) return bytes(value);
  if (family.unit === "seconds" || family.name.endsWith("_seconds")) return time(value);
  return Number.isInteger(value) ? count(value) : value.toPrecision(4);
}

function time(seconds) {
  if (seconds >= 1 || seconds === 0) return `${seconds.toPrecision(3)} s`;
  return seconds >= 1e-3 ? `${(1e3 * seconds).toPrecision(3)} ms` : `${(1e6 * seconds).toPrecision(3)} µs`;
}
