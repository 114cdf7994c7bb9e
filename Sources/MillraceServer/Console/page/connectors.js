// The page of a worker of connectors: asks it every two seconds, and shows its connectors and their tasks.

import { get, hasToken, post, query, setToken } from "./api.js";
import { badge, brief, bytes, count, h, morph, span, table } from "./dom.js";

const intervalMs = 2_000;
const model = { report: undefined, rights: undefined, problem: undefined, done: undefined };

const mayOperate = () => model.rights?.includes("operate") ?? false;

function show() {
  morph(document.getElementById("main"), h("div", {}, model.report ? page(model.report) : h("p", { class: "quiet" }, "Asking the worker…")));
  const problem = document.getElementById("problem");
  problem.hidden = !model.problem;
  if (problem.textContent !== (model.problem ?? "")) problem.textContent = model.problem ?? "";
  const state = document.getElementById("state");
  const shown = badge(model.problem ? "unreachable" : model.report && "running");
  [state.className, state.textContent] = [shown.className, model.report || model.problem ? shown.textContent : ""];
  document.getElementById("token-button").textContent = mayOperate() ? "May operate" : hasToken() ? "May read" : "Read-only";
}

function page(report) {
  const silent = report.processes.filter((process) => process.error);
  return [
    h("h1", {}, "Connectors"),
    h("p", { class: "quiet", role: "status" }, model.done ?? `${report.processes.length === 1 ? "1 process" : `${report.processes.length} processes`}.`),
    silent.map((process) => h("p", { key: `silent ${process.address}` }, `${process.address} does not answer: ${process.error}`)),
    report.connectors.map(connector),
  ];
}

function connector(one) {
  const { name } = one;
  return h("section", { key: `connector ${name}` },
    h("h2", {}, name, " ", badge(one.state), " ", one.heldBack && badge("held back")),
    h("p", { class: "quiet" },
      `${one.type}, a ${one.direction}`, one.lag !== undefined && `; lag ${count(one.lag)} records`,
      one.heldBack && "; it waits for its readers"),
    one.trouble && h("p", {}, one.trouble),
    buttons(one.state, name),
    table([
      { title: "Task", code: true, of: (task) => task.name },
      { title: "State", of: (task) => badge(task.state) },
      { title: "Process", code: true, of: (task) => task.process ?? "–" },
      { title: "Records", number: true, of: (task) => brief(task.records) },
      { title: "Size", number: true, of: (task) => bytes(task.bytes) },
      { title: "Last record", number: true, of: (task) => task.lastRecordMs ? `${span(Math.max(0, Date.now() - task.lastRecordMs) / 1_000)} ago` : "–" },
      { title: "Failures", number: true, of: (task) => count(task.failures) },
      { title: "Refused", number: true, of: (task) => count(task.refused) },
      { title: "Trouble", of: (task) => task.trouble ?? "" },
      ...(mayOperate() && one.direction === "source" ? [{ title: "", of: (task) => buttons(task.state, name, task.name) }] : []),
    ], one.tasks, { empty: "No task.", key: (task) => `${task.name} ${task.process}` }));
}

/** The buttons of a connector or of a task; nothing without the right to operate. */
function buttons(state, name, task) {
  if (!mayOperate()) return undefined;
  const button = (order, label) => h("button", { type: "button", key: `${order} ${name} ${task}`, onclick: () => send(order, name, task) }, label);
  return h("span", { class: "buttons", key: `buttons ${name} ${task}` },
    state === "PAUSED" ? button("resume", "Resume") : button("pause", "Pause"), button("restart", "Restart"));
}

async function send(order, name, task) {
  const words = `${order} ${task === undefined ? name : `${name}/${task}`}`;
  try {
    await post(`/connectors/${encodeURIComponent(name)}/${order}${query({ task })}`);
    model.done = `Ordered: ${words}.`;
  } catch (error) {
    model.done = `Not done: ${words}. ${error.message}`;
  }
  await ask();
}

async function ask() {
  try {
    model.report = await get("/connectors");
    model.rights ??= (await get("/rights")).rights;
    model.problem = undefined;
  } catch (error) {
    model.problem = error.message;
    if (error.status === 401 && !wasRefused) {
      wasRefused = true;
      dialog.showModal();
    }
    if (error.status === undefined) console.error(error);
  }
  show();
}

async function tick() {
  if (!document.hidden) await ask();
  setTimeout(tick, intervalMs);
}

// The token

const dialog = document.getElementById("token-dialog");
const tokenInput = document.getElementById("token-input");
let wasRefused = false;

function useToken(text) {
  setToken(text);
  model.rights = undefined;
  tokenInput.value = "";
  dialog.close();
  ask();
}

document.getElementById("token-button").onclick = () => dialog.showModal();
document.getElementById("token-cancel").onclick = () => { tokenInput.value = ""; dialog.close(); };
document.getElementById("token-forget").onclick = () => useToken(undefined);
document.getElementById("token-form").onsubmit = (event) => {
  event.preventDefault();
  useToken(tokenInput.value.trim());
};

show();
tick();
