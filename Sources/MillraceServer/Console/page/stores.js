// The stores: where their partitions are, and what is in them. Keys and values are shown as text, whatever they look like.

import { get, keyPath, query, storePath } from "./api.js";
import { badge, bytes, count, h, plain, table, time } from "./dom.js";
import { sourceTopics, whyLink } from "./why.js";

const pageSize = 50;
const unreadable = new Set(["custom", "suppression-buffer"]);

export function stores(model) {
  if (!model.stores) return h("p", { class: "quiet" }, "Asking for the stores…");
  const [name] = model.path;
  if (name !== undefined) return oneStore(model, name);
  const local = (model.local.stores ??= { filter: "" });
  const text = local.filter.toLowerCase();
  const found = model.stores.filter((store) => store.name.toLowerCase().includes(text));
  return [
    h("h1", {}, "Stores"),
    h("div", { class: "bar" }, h("label", {}, "Find ", h("input", {
      type: "search", placeholder: "name  ( / )", value: local.filter, autocomplete: "off",
      oninput: (event) => { local.filter = event.target.value; model.show(); },
    }))),
    table([
      { title: "Store", of: (row) => h("a", { href: `#/stores/${encodeURIComponent(row.name)}` }, row.name) },
      { title: "Kind", of: (row) => `${row.kind}${row.isGlobal ? ", global" : ""}` },
      { title: "Keys", code: true, of: (row) => row.keyType ?? "–" },
      { title: "Values", code: true, of: (row) => row.valueType ?? "–" },
      { title: "Partitions", number: true, of: (row) => count(row.partitions.length) },
      { title: "Here", number: true, of: (row) => count(row.partitions.filter((partition) => ["here", "unavailable"].includes(partition.location)).length) },
      { title: "Read from", of: (row) => row.inputTopics.join(", ") },
    ], found, { key: (row) => row.name, empty: "The topology has no such store." }),
  ];
}

function oneStore(model, name) {
  const store = model.stores.find((other) => other.name === name);
  if (!store) return [heading(name), h("p", { class: "quiet" }, "The topology has no such store.")];
  const local = (model.local[`store ${name}`] ??= { key: "", prefix: "", pages: [undefined], entries: undefined });
  const isReadable = !unreadable.has(store.kind);
  if (isReadable && local.entries === undefined && !local.isAsking) browse(model, store, local);
  return [
    heading(name),
    h("p", { class: "quiet" }, `${store.kind}${store.isGlobal ? ", on every instance" : ""} · keys ${store.keyType ?? "–"} · values ${store.valueType ?? "–"} · from ${store.inputTopics.join(", ")} · `,
      h("a", { href: `#/topology/${encodeURIComponent(`store ${name}`)}` }, "in the topology")),
    isReadable ? contents(model, store, local) : h("p", {}, "A store of this kind cannot be read."),
    h("h2", {}, "Partitions"),
    table([
      { title: "Partition", number: true, of: (row) => row.id },
      { title: "Location", of: (row) => badge({ here: "here", standby: "standby", elsewhere: "elsewhere", unavailable: "not readable yet" }[row.location]) },
      { title: "Owner", code: true, of: (row) => row.owner ?? "–" },
      { title: "Standbys", code: true, of: (row) => row.standbys.join(", ") || "–" },
      { title: "Entries", number: true, of: (row) => (row.approximateEntryCount === undefined ? "–" : `≈ ${count(row.approximateEntryCount)}`) },
      { title: "Size", number: true, of: (row) => bytes(row.approximateSizeInBytes) },
      { title: "Position", code: true, of: (row) => row.position ?? "–" },
    ], store.partitions, { key: (row) => row.id }),
  ];
}

function heading(name) {
  return h("h1", { key: `heading ${name}` }, h("a", { href: "#/stores" }, "Stores"), " / ", h("span", { class: "code" }, name));
}

// Looking up and paging

function contents(model, store, local) {
  const isText = !store.keyType || /string/i.test(store.keyType);
  return [
    h("div", { class: "bar", key: `bar ${store.name}` },
      h("form", {
        key: "look-up", role: "search", onsubmit: (event) => { event.preventDefault(); lookUp(model, store, local); },
      },
        h("label", {}, "Key ", h("input", {
          type: "search", id: "key", placeholder: "as the serde reads it  ( / )", value: local.key, autocomplete: "off",
          oninput: (event) => { local.key = event.target.value; },
        })),
        h("button", { type: "submit", class: "primary" }, "Look up")),
      isText && h("form", {
        key: "prefix", onsubmit: (event) => { event.preventDefault(); local.pages = [undefined]; browse(model, store, local); },
      },
        h("label", {}, "Keys that begin with ", h("input", {
          id: "prefix", value: local.prefix, autocomplete: "off",
          oninput: (event) => { local.prefix = event.target.value; },
        })),
        h("button", { type: "submit" }, "Browse"))),
    local.message && h("p", { class: "trouble", role: "alert" }, local.message),
    pager(model, store, local),
    h("div", { "aria-live": "polite", "aria-busy": String(Boolean(local.isAsking)) },
      entryTable(model, store, local)),
  ];
}

function entryTable(model, store, local) {
  const entries = local.found ?? local.entries ?? [];
  const topic = sourceTopics(model).find((name) => store.inputTopics.includes(name));
  const hasWindows = entries.some((entry) => entry.window);
  const hasTimes = entries.some((entry) => entry.timestampMs !== undefined);
  return table([
    { title: "Key", code: true, of: (row) => plain(row.key) },
    hasWindows && {
      title: "Window", of: (row) => row.window && `${time(row.window.startMs)}${row.window.endMs === undefined ? "" : ` – ${time(row.window.endMs)}`}`,
    },
    { title: "Value", code: true, of: (row) => h("pre", {}, plain(row.value)) },
    hasTimes && { title: "Time", of: (row) => (row.timestampMs === undefined ? "–" : time(row.timestampMs)) },
    topic && { title: "Why", of: (row) => whyLink(model, row.key, topic) },
  ].filter(Boolean), entries, {
    empty: local.isAsking ? "Asking…" : "No entry.", key: (row) => `${plain(row.key)} ${row.window?.startMs ?? ""} ${row.window?.endMs ?? ""} ${row.validToMs ?? ""}`,
  });
}

function pager(model, store, local) {
  if (local.found) {
    return h("p", { class: "buttons" }, h("button", {
      type: "button", onclick: () => { local.found = undefined; local.message = undefined; model.show(); },
    }, "Back to all entries"));
  }
  const go = (change) => () => { change(); browse(model, store, local); };
  return h("p", { class: "buttons" },
    h("button", { type: "button", id: "previous", disabled: local.pages.length < 2, onclick: go(() => local.pages.pop()) }, "Previous"),
    h("button", { type: "button", id: "next", disabled: !local.next, onclick: go(() => local.pages.push(local.next)) }, "Next"),
    h("button", { type: "button", id: "again", onclick: go(() => {}) }, "Read again"),
    h("span", { class: "quiet" }, ` page ${local.pages.length}, ${count(local.entries?.length ?? 0)} entries`));
}

async function browse(model, store, local) {
  await ask(model, local, async () => {
    const page = await get(storePath(store.name, "entries") + query({ limit: pageSize, prefix: local.prefix, page: local.pages.at(-1) }));
    [local.entries, local.next, local.found] = [page.entries, page.page, undefined];
  });
}

async function lookUp(model, store, local) {
  await ask(model, local, async () => {
    if (local.key === "") throw new Error("Give a key.");
    const answer = await get(keyPath(store.name, local.key));
    local.found = answer.entries ?? [answer];
  });
}

async function ask(model, local, body) {
  local.isAsking = true;
  local.message = undefined;
  try {
    await body();
  } catch (error) {
    local.message = error.message;
    local.entries ??= [];
    if (error.code === "key_unknown") local.found = [];
  }
  local.isAsking = false;
  model.show();
}
