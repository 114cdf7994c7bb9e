// The page: asks the server every two seconds, and shows one of the views. The address's fragment says which.

import { get } from "./api.js";
import { badge, h, morph } from "./dom.js";
import { History, note } from "./history.js";
import { overview } from "./overview.js";
import { topology } from "./topology.js";
import { tasks } from "./tasks.js";
import { stores } from "./stores.js";
import { indexes } from "./indexes.js";
import { errors } from "./errors.js";
import { configuration } from "./configuration.js";
import { metrics } from "./metrics.js";
import { why } from "./why.js";
import { pauseBanner } from "./operating.js";
import { askForToken, followToken, showRights } from "./token.js";

const intervalMs = 2_000;
const views = [
  ["overview", "Overview", overview], ["topology", "Topology", topology], ["tasks", "Tasks", tasks],
  ["stores", "Stores", stores], ["indexes", "Indexes", indexes], ["errors", "Errors", errors], ["configuration", "Configuration", configuration],
  ["why", "Why?", why], ["metrics", "Metrics", metrics],
];

/** Everything that views show. */
const model = {
  history: new History(), total: undefined, instances: undefined, topology: undefined, stores: undefined,
  indexes: undefined, silentInstances: undefined, errors: undefined, configuration: undefined, metrics: undefined, rights: undefined, problem: undefined, view: "overview", path: [], local: {}, show,
  refresh: ask,
  navigate: (...path) => { location.hash = hash(path); },
};

function hash(path) { return `#/${path.map(encodeURIComponent).join("/")}`; }

function readLocation() {
  const parts = location.hash.replace(/^#\/?/, "").split("/").map((part) => {
    try { return decodeURIComponent(part); } catch { return part; }
  });
  const known = views.some(([name]) => name === parts[0]);
  [model.view, model.path] = known ? [parts[0], parts.slice(1)] : ["overview", []];
}

function show() {
  const [, title, view] = views.find(([name]) => name === model.view);
  morph(document.getElementById("main"), h("div", {}, view(model)));
  const id = model.topology?.applicationId;
  document.title = `${title} · ${id ?? "Millrace"}`;
  document.getElementById("application").textContent = id ?? "Millrace";
  const here = model.instances?.find((instance) => instance.isHere);
  const state = document.getElementById("state");
  const shown = badge(model.problem ? "unreachable" : here?.state);
  [state.className, state.textContent] = [shown.className, here || model.problem ? shown.textContent : ""];
  morph(document.getElementById("tabs"), h("nav", {}, views.map(([name, label], index) =>
    h("a", {
      key: name, href: hash([name]), "aria-current": name === model.view ? "page" : undefined, title: `Key ${index + 1}`,
    }, label, name === "errors" && errorCount()))));
  const problem = document.getElementById("problem");
  problem.hidden = !model.problem;
  if (problem.textContent !== (model.problem ?? "")) problem.textContent = model.problem ?? "";
  const banner = document.getElementById("paused");
  const pauses = pauseBanner(model);
  banner.hidden = pauses.length === 0;
  morph(banner, h("div", {}, pauses));
  showRights(model);
}

function errorCount() {
  const count = (model.errors ?? []).reduce((sum, instance) => sum + (instance.errors?.length ?? 0), 0);
  return count > 0 && h("span", { class: "count" }, count);
}

// Asking

async function ask() {
  try {
    const [work, errors] = await Promise.all([get("/tasks"), get("/errors")]);
    model.rights ??= (await get("/rights")).rights;
    model.instances = work.instances;
    model.errors = errors.instances;
    model.total = note(model.history, model.instances, performance.now() / 1_000);
    if (!model.topology) model.topology = await get("/topology");
    if (model.view === "stores" || !model.stores) model.stores = (await get("/stores")).stores;
    if (model.view === "indexes" || !model.indexes) {
      const catalogue = await get("/indexes");
      [model.indexes, model.silentInstances] = [catalogue.indexes, catalogue.unreachable];
    }
    if (model.view === "metrics") model.metrics = (await get("/metric-summaries")).series;
    if (!model.configuration) model.configuration = (await get("/configuration")).settings;
    model.problem = undefined;
  } catch (error) {
    model.problem = error.message;
    if (error.status === 401) askForToken();
    if (error.status === undefined) console.error(error);
  }
  show();
}

let isAsking = false;

async function tick() {
  if (!document.hidden && !isAsking) {
    isAsking = true;
    await ask();
    isAsking = false;
  }
  setTimeout(tick, intervalMs);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden && !isAsking) ask(); });

followToken(() => {
  model.rights = undefined;
  ask();
});

// Keys

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea, select, dialog[open]");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const index = Number(event.key) - 1;
  if (Number.isInteger(index) && views[index]) {
    model.navigate(views[index][0]);
  } else if (event.key === "/") {
    const search = document.querySelector("main input[type=search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
  }
});

addEventListener("hashchange", () => {
  readLocation();
  show();
  document.getElementById("main").focus({ preventScroll: true });
  scrollTo(0, 0);
});

readLocation();
show();
tick();
