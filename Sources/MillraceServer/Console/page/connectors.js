// The page of a worker of connectors: asks it every two seconds, and shows its processes, its connectors and their tasks.

import { get, query } from "./api.js";
import { button } from "./confirm.js";
import { badge, brief, bytes, count, h, morph, rate, span, table } from "./dom.js";
import { History } from "./history.js";
import { sparkline, tile, trendWords } from "./tiles.js";
import { askForToken, followToken, mayOperate, showRights } from "./token.js";

const intervalMs = 2_000;
const most = 500;
const model = { history: new History(), report: undefined, rights: undefined, problem: undefined, filter: "", refresh: ask };

function show() {
  const { report, problem } = model;
  morph(document.getElementById("main"), h("div", {}, report ? page(report) : h("p", { class: "quiet" }, "Asking the worker…")));
  // A process is called as the worker with eight random digits.
  const worker = report?.processes[0]?.name.replace(/-[0-9a-f]{8}$/, "") ?? "Millrace";
  document.title = `Connectors · ${worker}`;
  document.getElementById("application").textContent = worker;
  const place = document.getElementById("problem");
  place.hidden = !problem;
  if (place.textContent !== (problem ?? "")) place.textContent = problem ?? "";
  const state = document.getElementById("state");
  const shown = badge(problem ? "unreachable" : "running");
  [state.className, state.textContent] = [shown.className, report || problem ? shown.textContent : ""];
  showRights(model);
}

// What the connectors add up to

const sum = (tasks, name) => tasks.reduce((total, task) => total + (task[name] ?? 0), 0);
const series = (connector, task) => `${connector.name} ${task.name} ${task.process}`;
const failedTasks = (connector) => connector.tasks.filter((task) => task.state === "FAILED");
const hasFailed = (connector) => connector.state === "FAILED" || failedTasks(connector).length > 0;
const sinkLag = (connectors) => connectors.reduce((total, one) => total + (one.direction === "sink" ? one.lag ?? 0 : 0), 0);

function note(report, at) {
  const { history } = model;
  const all = report.connectors.flatMap((connector) => connector.tasks);
  for (const name of ["records", "failures", "refused"]) history.add(`count ${name}`, sum(all, name), at);
  history.add("level lag", sinkLag(report.connectors), at);
  for (const connector of report.connectors) {
    history.add(`count connector ${connector.name}`, sum(connector.tasks, "records"), at);
    if (connector.lag !== undefined) history.add(`level lag ${connector.name}`, connector.lag, at);
    for (const task of connector.tasks) history.add(`count task ${series(connector, task)}`, task.records, at);
  }
  for (const process of report.processes) {
    history.add(`count process ${process.address}`, sum(all.filter((task) => task.process === process.address), "records"), at);
  }
  history.prune(at);
}

// The page

function page(report) {
  const words = model.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = report.connectors.map((connector) => matching(connector, words)).filter(Boolean);
  return [
    h("h1", {}, "Connectors"),
    troubles(report),
    h("section", { class: "tiles", "aria-label": "Figures" }, tiles(report)),
    h("h2", {}, "All connectors"),
    connectorTable(report.connectors),
    h("h2", {}, "Processes"),
    processTable(report),
    h("h2", {}, "Tasks"),
    h("div", { class: "bar" },
      h("label", {}, "Find ", h("input", {
        type: "search", placeholder: "connector, task, state or process  ( / )", value: model.filter, autocomplete: "off",
        oninput: (event) => { model.filter = event.target.value; show(); },
      })),
      h("span", { class: "quiet" }, `${count(found.flatMap(([, tasks]) => tasks).length)} of ${count(report.connectors.flatMap((one) => one.tasks).length)}`)),
    found.map(([connector, tasks]) => tasksOf(connector, tasks, report)),
  ];
}

/** A connector with the tasks that have all words; nothing if none has. */
function matching(connector, words) {
  const tasks = connector.tasks.filter((task) => {
    const text = `${connector.name} ${connector.type} ${task.name} ${task.state} ${task.process ?? ""} ${task.trouble ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return (words.length === 0 || tasks.length > 0) && [connector, tasks];
}

function troubles(report) {
  const silent = report.processes.filter((process) => process.error && process.address);
  const failed = report.connectors.filter(hasFailed);
  const differences = report.differences ?? [];
  return (silent.length > 0 || failed.length > 0 || differences.length > 0) && h("div", { class: "trouble", role: "alert" },
    silent.map((process) => h("p", {}, h("strong", {}, process.address), ": ", process.error)),
    differences.map((difference) => h("p", {}, difference)),
    failed.flatMap((connector) => [
      connector.state === "FAILED" && h("p", {}, h("strong", {}, connector.name), ": ", connector.trouble ?? "it has failed"),
      failedTasks(connector).slice(0, 5).map((task) =>
        h("p", {}, h("strong", {}, label(connector, task.name)), ": ", task.trouble ?? "it has failed")),
      failedTasks(connector).length > 5 && h("p", {}, `${connector.name}: ${count(failedTasks(connector).length - 5)} more tasks have failed`),
    ]));
}

const label = (connector, task) => (task === connector.name ? task : `${connector.name}/${task}`);

function tiles(report) {
  const { history } = model;
  const { connectors, processes } = report;
  const all = connectors.flatMap((connector) => connector.tasks);
  const failed = connectors.filter(hasFailed).length;
  const paused = connectors.filter((one) => !hasFailed(one) && (one.state === "PAUSED" || one.heldBack)).length;
  const running = connectors.filter((one) => !hasFailed(one) && one.state === "RUNNING" && !one.heldBack).length;
  const rest = connectors.length - failed - paused - running;
  const silent = processes.filter((process) => process.error).length;
  const lag = sinkLag(connectors);
  const trend = history.trend("level lag");
  return [
    tile("Connectors running", `${running} of ${connectors.length}`,
      [failed > 0 && `${failed} with failures`, paused > 0 && `${paused} paused or held back`, rest > 0 && `${rest} unassigned`]
        .filter(Boolean).join(", ") || "all of them", undefined, failed > 0 ? "bad" : running < connectors.length ? "warn" : undefined),
    tile("Lag of sinks", brief(lag), `records to write${trendWords(trend)}`,
      sparkline(history.levels("level lag"), "records to be written"), trend === "growing" && "warn"),
    tile("Rate", rate(history.rate("count records")), `${brief(sum(all, "records"))} records, ${bytes(sum(all, "bytes"))} in all`,
      sparkline(history.rates("count records"), "records per second")),
    counted("Failures", "failures", sum(all, "failures")),
    counted("Refused", "refused", sum(all, "refused")),
    sum(all, "losses") > 0 && tile("Lost", brief(sum(all, "lostRecords")), `records removed before they were read, ${count(sum(all, "losses"))} times`,
      undefined, "bad"),
    tile("Processes", count(processes.length),
      silent > 0 ? `${silent} could not be asked` : report.complete ? "all have answered" : "the group has not told the others yet",
      undefined, silent > 0 ? "warn" : undefined),
  ];
}

function counted(title, name, total) {
  const speed = model.history.rate(`count ${name}`);
  return tile(title, brief(total), speed > 0 ? `${rate(speed)} now` : "none in the last seconds", undefined, total > 0 && "warn");
}

function processTable(report) {
  const tasks = report.connectors.flatMap((connector) => connector.tasks);
  const own = (row) => tasks.filter((task) => row.address !== undefined && task.process === row.address);
  const isKnown = (row) => !row.error;
  return table([
    { title: "Process", code: true, of: (row) => [row.name, row.isHere && h("span", { class: "quiet" }, " (this one)")] },
    { title: "Address", code: true, of: (row) => row.address ?? "–" },
    { title: "State", of: (row) => badge(!row.error ? "running" : row.address ? "unreachable" : "not asked") },
    { title: "Tasks", number: true, of: (row) => (isKnown(row) ? count(own(row).length) : "–") },
    { title: "Records", number: true, of: (row) => (isKnown(row) ? brief(sum(own(row), "records")) : "–") },
    { title: "Rate", number: true, of: (row) => (isKnown(row) ? rate(model.history.rate(`count process ${row.address}`)) : "–") },
    { title: "Problem", of: (row) => row.error ?? "" },
  ], report.processes, { key: (row) => row.name });
}

function connectorTable(connectors) {
  return table([
    {
      title: "Connector", of: (row) => [
        h("a", { class: "code", href: `#${encodeURIComponent(row.name)}` }, row.name), h("div", { class: "quiet" }, row.type),
      ],
    },
    { title: "State", of: states },
    mayOperate(model) && { title: "Operate", of: (row) => buttons(row.state, row) },
    { title: "Tasks", number: true, of: (row) => count(row.tasks.length) },
    { title: "Lag", number: true, of: lagOf },
    { title: "Rate", number: true, of: (row) => rate(model.history.rate(`count connector ${row.name}`)) },
    { title: "Records", number: true, of: (row) => brief(sum(row.tasks, "records")) },
    { title: "Last record", number: true, of: (row) => ago(Math.max(0, ...row.tasks.map((task) => task.lastRecordMs ?? 0))) },
    { title: "Failures", number: true, of: (row) => count(sum(row.tasks, "failures")) },
    { title: "Refused", number: true, of: (row) => count(sum(row.tasks, "refused")) },
  ].filter(Boolean), connectors, { key: (row) => row.name, empty: "The configuration has no connector." });
}

function states(connector) {
  const failed = failedTasks(connector).length;
  return [badge(connector.state), connector.heldBack && [" ", badge("held back")],
    connector.state !== "FAILED" && failed > 0 && [" ", h("span", { class: "badge bad" }, `${failed} of ${connector.tasks.length} failed`)],
    trouble(connector)];
}

const trouble = ({ trouble }) => trouble && h("div", { class: "cause" }, trouble);

function lagOf(connector) {
  const trend = model.history.trend(`level lag ${connector.name}`);
  return [brief(connector.lag), trend && trend !== "steady" && trendWords(trend)];
}

const ago = (ms) => (ms ? `${span(Math.max(0, Date.now() - ms) / 1_000)} ago` : "–");

function tasksOf(connector, tasks, report) {
  const { name } = connector;
  const has = (figure) => connector.tasks.some((task) => task[figure] !== undefined);
  const unseen = report.complete ? 0 : (connector.parts ?? []).filter((part) => !connector.tasks.some((task) => task.name === part)).length;
  return h("section", { key: `connector ${name}` },
    h("h2", { id: name }, name, " ", h("span", { class: "quiet" }, `${connector.type}, a ${connector.direction}`)),
    connector.heldBack && h("p", { class: "quiet" }, "It waits for its readers: their lag is above the limit."),
    tasks.length > most && h("p", { class: "quiet" }, `The first ${most} of ${count(tasks.length)} tasks.`),
    unseen > 0 && h("p", { class: "quiet" }, `${count(unseen)} of ${count(connector.parts.length)} parts are not shown: a process that could not be asked may have them.`),
    table([
      { title: "Task", code: true, of: (task) => task.name },
      { title: "State", of: (task) => [badge(task.state), trouble(task)] },
      mayOperate(model) && connector.direction === "source" && { title: "Operate", of: (task) => buttons(task.state, connector, task.name) },
      { title: "Process", code: true, of: (task) => task.process ?? "–" },
      { title: "Rate", number: true, of: (task) => rate(model.history.rate(`count task ${series(connector, task)}`)) },
      { title: "Records", number: true, of: (task) => brief(task.records) },
      { title: "Size", number: true, of: (task) => bytes(task.bytes) },
      { title: "Last record", number: true, of: (task) => ago(task.lastRecordMs) },
      connector.direction === "sink" && { title: "Partitions", number: true, of: (task) => count(task.partitions) },
      { title: "Failures", number: true, of: (task) => count(task.failures) },
      has("unread") && { title: "Unread", number: true, of: (task) => count(task.unread) },
      has("trimMargin") && { title: "Before a trim", number: true, of: (task) => count(task.trimMargin) },
      has("lostRecords") && { title: "Lost", number: true, of: (task) => count(task.lostRecords) },
      connector.direction === "sink" && { title: "Refused", number: true, of: (task) => count(task.refused) },
      connector.direction === "source" && { title: "Position", code: true, of: (task) => task.position ?? "–" },
    ].filter(Boolean), tasks.slice(0, most), { empty: nothing(connector), key: (task) => `${task.name} ${task.process}` }));
}

function nothing(connector) {
  if (connector.direction === "sink") return "No process that has answered has this sink.";
  if (connector.parts === undefined) return "The source has not told its parts yet.";
  return connector.parts.length === 0 ? "The source has no part." : "No process that has answered has a part of this source.";
}

/** The buttons of a connector or of a task; nothing without the right to operate. */
function buttons(state, connector, task) {
  const what = task === undefined ? connector.name : label(connector, task);
  const order = (verb, title, text) => button(model, `${verb} ${what}`, title, {
    title: `${title} ${what}?`, text, path: `/connectors/${encodeURIComponent(connector.name)}/${verb}${query({ task })}`,
    done: "The order is written down. Every process follows it within moments.",
  });
  return h("span", { class: "buttons", key: `buttons ${what}` },
    state === "PAUSED" && !connector.heldBack
      ? order("resume", "Resume", "It goes on in all processes, from where it stopped.")
      : order("pause", "Pause", "What was read is committed first. It stays paused until somebody resumes it, also when processes restart."),
    order("restart", "Restart", "It begins anew in all processes from its last commit, also after a failure."));
}

// Asking

async function ask() {
  try {
    const report = await get("/connectors");
    model.rights ??= (await get("/rights")).rights;
    model.report = report;
    note(report, performance.now() / 1_000);
    model.problem = undefined;
  } catch (error) {
    model.problem = error.message;
    if (error.status === 401) askForToken();
    if (error.status === undefined) console.error(error);
  }
  show();
}

async function tick() {
  if (!document.hidden) await ask();
  setTimeout(tick, intervalMs);
}

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, dialog[open]");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.querySelector("main input[type=search]")?.focus();
});

followToken(() => {
  model.rights = undefined;
  ask();
});
show();
tick();
