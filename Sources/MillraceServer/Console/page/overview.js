// The first things that an operator looks at: lag and its trend, threads, the rate, what was dropped; then the instances and their restores.

import { badge, brief, count, h, rate, span, table } from "./dom.js";
import { errorList } from "./errors.js";
import { applicationButtons, subtopologyTable } from "./operating.js";
import { sparkline, tile, trendWords } from "./tiles.js";

export function overview(model) {
  const { instances, history, total } = model;
  if (!instances) return h("p", { class: "quiet" }, "Asking the instance…");
  const alive = instances.filter((instance) => !instance.error);
  const speed = history.rate("count processed");
  const restores = alive.flatMap(restoresOf);
  return [
    h("h1", {}, "Overview"),
    troubles(alive),
    h("section", { class: "tiles", "aria-label": "Figures" },
      lagTile(history, total, speed),
      tile("Rate", rate(speed), `${brief(total.processed)} records in all`,
        sparkline(history.rates("count processed"), "records per second")),
      threadsTile(instances, alive),
      tile("Dropped", brief(total.dropped), changeOf(history, "count dropped"), undefined, total.dropped > 0 && "warn"),
      tile("Dead letters", brief(total.dead), changeOf(history, "count dead"), undefined, total.dead > 0 && "warn"),
      commitTile(alive)),
    h("h2", {}, "Instances"),
    table([
      { title: "Instance", code: true, of: (row) => [row.address ?? "no address", row.isHere && h("span", { class: "quiet" }, " (this one)")] },
      { title: "State", of: (row) => [badge(row.state), row.paused && [" ", badge("paused")]] },
      { title: "Threads", number: true, of: (row) => count(row.threads?.length) },
      { title: "Tasks", number: true, of: (row) => count(row.tasks?.filter((task) => !task.isStandby).length) },
      { title: "Standbys", number: true, of: (row) => count(row.tasks?.filter((task) => task.isStandby).length) },
      { title: "Lag", number: true, of: (row) => count(row.lag) },
      { title: "Rate", number: true, of: (row) => rate(history.rate(`count processed ${row.address ?? "here"}`)) },
      { title: "Problem", of: (row) => row.error?.message ?? "" },
    ], instances, { key: (row) => row.address ?? "here" }),
    h("h2", {}, "Sub-topologies"),
    applicationButtons(model),
    subtopologyTable(model, (id) => rate(history.rate(`count subtopology ${id}`))),
    h("h2", {}, "Restores in progress"),
    restoreTable(restores),
    h("h2", {}, "Latest errors"),
    errorList(model, 5),
  ];
}

function troubles(alive) {
  const all = alive.flatMap((instance) => instance.troubles.map((text) => [instance.address ?? "here", text]));
  return all.length > 0 && h("div", { class: "trouble", role: "alert" },
    all.map(([address, text]) => h("p", {}, h("strong", {}, address), ": ", text)));
}

function lagTile(history, total, speed) {
  const trend = history.trend("level lag");
  // The age of the record that has waited longest, if the instances know it; else what the waiting records take at this rate.
  const estimate = total.lag === 0 ? 0 : speed > 0 ? total.lag / speed : speed === undefined ? undefined : Infinity;
  const seconds = total.lagMs === undefined ? estimate : total.lagMs / 1_000;
  const work = total.lagMs !== undefined && total.lag > 0 ? `, ${span(estimate)} of work` : "";
  const kind = trend === "growing" || seconds === Infinity ? "bad" : undefined;
  return tile("Lag", `${total.lag > 0 && total.lagMs === undefined ? "≈ " : ""}${span(seconds)}`,
    `${count(total.lag)} records wait${work}${trendWords(trend)}`,
    sparkline(history.levels("level lag"), "records that wait"), kind,
    total.lagMs === undefined ? "The time that the waiting records take at the present rate" : "The age of the record that has waited longest");
}

function threadsTile(instances, alive) {
  const threads = alive.flatMap((instance) => instance.threads);
  const running = threads.filter((thread) => thread.state === "running").length;
  const lost = instances.length - alive.length;
  const failed = alive.reduce((sum, instance) => sum + (instance.failedThreads ?? 0), 0);
  const note = lost > 0 ? `${lost} of ${instances.length} instances do not answer`
    : failed > 0 ? `${count(failed)} have failed since the start`
      : `on ${instances.length} ${instances.length === 1 ? "instance" : "instances"}`;
  return tile("Threads running", `${running} of ${threads.length}`, note, undefined,
    lost > 0 || failed > 0 || threads.length === 0 ? "bad" : running < threads.length ? "warn" : undefined);
}

function commitTile(alive) {
  const commits = alive.reduce((sum, instance) => sum + instance.commits, 0);
  const longest = Math.max(0, ...alive.map((instance) => instance.longestCommitMs));
  const time = alive.reduce((sum, instance) => sum + instance.averageCommitMs * instance.commits, 0);
  return tile("Commit", commits === 0 ? "–" : `${count(time / commits)} ms`,
    `average · longest ${count(longest)} ms`);
}

function changeOf(history, name) {
  const speed = history.rate(name);
  return speed > 0 ? `${rate(speed)} now` : "none in the last seconds";
}

export function restoresOf(instance) {
  return instance.tasks.flatMap((task) => task.stores
    .filter((store) => store.missingRecords > 0)
    .map((store) => ({ instance: instance.address ?? "here", task, store })));
}

export function restoreTable(restores) {
  return table([
    { title: "Store", code: true, of: (row) => row.store.name },
    { title: "Task", code: true, of: (row) => row.task.id },
    { title: "Instance", code: true, of: (row) => row.instance },
    { title: "For", of: (row) => (row.task.isStandby ? "a standby" : "the task") },
    { title: "Missing", number: true, of: (row) => count(row.store.missingRecords) },
    {
      title: "Progress", of: (row) => {
        const progress = h("progress", { max: Math.max(1, row.store.endOffset), "aria-label": "restored" });
        progress.value = Math.min(row.store.currentOffset, row.store.endOffset);
        return progress;
      },
    },
  ], restores, {
    empty: "None: all stores are complete.", key: (row) => `${row.instance} ${row.task.id} ${row.store.name}`,
  });
}
