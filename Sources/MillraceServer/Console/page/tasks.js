// Tasks and standbys, and where they run.

import { badge, count, h, rate, span, table } from "./dom.js";
import { threadButtons } from "./operating.js";
import { mayOperate } from "./token.js";
import { restoresOf, restoreTable } from "./overview.js";

const most = 500;

export function tasks(model) {
  const { instances, history } = model;
  if (!instances) return h("p", { class: "quiet" }, "Asking the instance…");
  const local = (model.local.tasks ??= { filter: "" });
  const alive = instances.filter((instance) => !instance.error);
  const rows = alive.flatMap((instance) => instance.tasks.map((task) => ({ ...task, instance })));
  const words = local.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = rows.filter((row) => {
    const text = `${row.id} ${row.state} ${row.instance.address ?? "here"} ${row.stores.map((store) => store.name).join(" ")}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }).sort((one, other) => one.id.localeCompare(other.id, "en", { numeric: true }) || one.isStandby - other.isStandby);
  const hasLag = rows.some((row) => row.lag !== undefined);
  return [
    h("h1", {}, "Tasks"),
    h("h2", {}, "Threads"),
    mayOperate(model) && h("ul", { class: "results", key: "thread buttons" }, alive.map((instance) =>
      h("li", { key: instance.address ?? "here" }, h("span", { class: "code" }, instance.address ?? "here"), ` ${instance.threads.length} `, threadButtons(model, instance)))),
    table([
      { title: "Instance", code: true, of: (row) => row.instance.address ?? "here" },
      { title: "Thread", number: true, of: (row) => row.id },
      { title: "State", of: (row) => badge(row.state) },
      { title: "Tasks", number: true, of: (row) => row.tasks.length },
      { title: "Standbys", number: true, of: (row) => row.standbyTasks.length },
      { title: "Lag", number: true, of: (row) => count(row.lag) },
      { title: "Trouble", of: (row) => row.trouble ?? "" },
    ], alive.flatMap((instance) => instance.threads.map((thread) => ({ ...thread, instance }))), {
      key: (row) => `${row.instance.address} ${row.id}`, empty: "No thread is alive.",
    }),
    lost(instances),
    h("h2", {}, "Tasks and standbys"),
    h("div", { class: "bar" },
      h("label", {}, "Find ", h("input", {
        type: "search", placeholder: "task, state, instance or store  ( / )", value: local.filter, autocomplete: "off",
        oninput: (event) => { local.filter = event.target.value; model.show(); },
      })),
      h("span", { class: "quiet" }, found.length > most ? `the first ${most} of ${count(found.length)}` : `${count(found.length)} of ${count(rows.length)}`)),
    table([
      { title: "Task", code: true, of: (row) => row.id },
      { title: "State", of: (row) => badge(row.state) },
      { title: "Instance", code: true, of: (row) => row.instance.address ?? "here" },
      { title: "Thread", number: true, of: (row) => row.thread },
      hasLag && { title: "Lag", number: true, of: (row) => (row.isStandby ? "–" : lagOf(row)) },
      { title: "Rate", number: true, of: (row) => (row.isStandby ? "–" : rate(history.rate(`count task ${row.id}`))) },
      { title: "Processed", number: true, of: (row) => (row.isStandby ? "–" : count(row.processedRecords)) },
      { title: "Dropped", number: true, of: (row) => count(row.droppedRecords) },
      { title: "Restored", number: true, of: (row) => count(row.restoredRecords) },
      { title: "Missing", number: true, of: (row) => count(row.stores.reduce((sum, store) => sum + store.missingRecords, 0)) },
      { title: "Stores", of: (row) => storeLinks(row.stores) },
    ].filter(Boolean), found.slice(0, most), { key: (row) => `${row.instance.address} ${row.id} ${row.isStandby}`, empty: "No task." }),
    h("h2", {}, "Restores in progress"),
    restoreTable(alive.flatMap(restoresOf)),
  ];
}

function lagOf(task) {
  if (task.lag === undefined) return "–";
  return task.lag > 0 && task.lagMs !== undefined ? `${count(task.lag)} (${span(task.lagMs / 1_000)})` : count(task.lag);
}

function storeLinks(stores) {
  return stores.map((store, index) =>
    [index > 0 && ", ", h("a", { href: `#/stores/${encodeURIComponent(store.name)}` }, store.name)]);
}

function lost(instances) {
  const silent = instances.filter((instance) => instance.error);
  return silent.length > 0 && h("div", { class: "trouble", role: "alert" },
    silent.map((instance) => h("p", {}, h("strong", {}, instance.address), ": ", instance.error.message)));
}
