// The indexes of stores: how large and how complete they are, how much of the truth they find, and a search by an existing key.

import { get, indexPath, postJSON } from "./api.js";
import { bytes, count, h, plain, table } from "./dom.js";

const matchCount = 10;

export function indexes(model) {
  if (!model.indexes) return h("p", { class: "quiet" }, "Asking for the indexes…");
  const [name] = model.path;
  if (name !== undefined) return oneIndex(model, name);
  return [
    h("h1", {}, "Indexes"),
    missingNote(model),
    table([
      { title: "Index", of: (row) => h("a", { href: `#/indexes/${encodeURIComponent(row.name)}` }, row.name) },
      { title: "Store", of: (row) => h("a", { href: `#/stores/${encodeURIComponent(row.store)}` }, row.store) },
      { title: "Kind", of: (row) => `${row.kind}${row.isGlobal ? ", global" : ""}` },
      ...figures((row) => row.total),
    ], model.indexes, { key: (row) => row.name, empty: "No store of the topology has an index." }),
  ];
}

function missingNote(model) {
  const silent = model.silentInstances ?? [];
  return silent.length > 0 && h("p", { class: "trouble", role: "status" }, `Without the figures of ${silent.join(", ")}, which do not answer.`);
}

/** The columns of an index's figures. */
function figures(of) {
  return [
    { title: "State", of: (row) => state(of(row)) },
    { title: "Entries", number: true, of: (row) => count(of(row).entryCount) },
    { title: "Segments", number: true, of: (row) => count(of(row).segmentCount) },
    { title: "Tail", number: true, of: (row) => count(of(row).tailCount) },
    { title: "Dead rows", number: true, of: (row) => count(of(row).deadCount) },
    { title: "Size", number: true, of: (row) => bytes(of(row).sizeInBytes) },
    { title: "Recall", number: true, of: (row) => recall(of(row).recall) },
    { title: "Searches", number: true, of: (row) => count(of(row).searchCount) },
    { title: "Mean time", number: true, of: (row) => searchTime(of(row).searchSeconds / of(row).searchCount) },
    { title: "p99", number: true, of: (row) => searchTime(of(row).searchP99Seconds) },
  ];
}

function state(figures) {
  if (figures.problem !== undefined) {
    return [h("span", { class: "badge bad" }, "closed"), h("p", { class: "trouble" }, figures.problem)];
  }
  return [completeness(figures), unwritten(figures.fileProblem)];
}

function unwritten(reason) {
  return reason !== undefined && [
    " ", h("span", { class: "badge bad" }, "in memory only"),
    h("p", { class: "trouble" }, `The files cannot be written: ${reason}`),
  ];
}

function completeness(figures) {
  if (figures.isComplete) return h("span", { class: "badge good" }, "complete");
  const read = figures.rebuiltCount;
  return [
    h("span", { class: "badge busy" }, read === undefined ? "incomplete" : "made anew"),
    read !== undefined && h("span", { class: "quiet" }, ` ${count(read)} entries read`),
  ];
}

function recall(share) { return share === undefined ? "–" : `${(100 * share).toFixed(1)} %`; }

function searchTime(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const ms = 1_000 * seconds;
  return `${ms < 10 ? ms.toFixed(2) : count(ms)} ms`;
}

function oneIndex(model, name) {
  const index = model.indexes.find((other) => other.name === name);
  if (!index) return [heading(name), h("p", { class: "quiet" }, "The topology has no such index.")];
  const local = (model.local[`index ${name}`] ??= { key: "", isExact: false });
  return [
    heading(name),
    h("p", { class: "quiet" }, `${index.kind}${index.isGlobal ? ", on every instance" : ""} · of the store `,
      h("a", { href: `#/stores/${encodeURIComponent(index.store)}` }, index.store)),
    missingNote(model),
    index.isSearchable ? search(model, index, local) : h("p", {}, "An index of this kind cannot be searched here."),
    h("h2", {}, "Partitions"),
    index.missingPartitions.length > 0 && h("p", { class: "quiet" }, `No instance gives figures of the partitions ${index.missingPartitions.join(", ")}.`),
    table([
      { title: "Partition", number: true, of: (row) => row.id },
      { title: "Instance", code: true, of: (row) => row.instance ?? "–" },
      { title: "Role", of: (row) => (row.location === "standby" ? "standby" : "owner") },
      ...figures((row) => row),
    ], index.partitions, { key: (row) => `${row.id} ${row.instance ?? ""}` }),
  ];
}

function heading(name) {
  return h("h1", { key: `heading ${name}` }, h("a", { href: "#/indexes" }, "Indexes"), " / ", h("span", { class: "code" }, name));
}

// Searching by a key

function search(model, index, local) {
  return [
    h("div", { class: "bar", key: `bar ${index.name}` },
      h("form", {
        key: "search", role: "search", onsubmit: (event) => { event.preventDefault(); find(model, index, local); },
      },
        h("label", {}, "Entries like the one of the key ", h("input", {
          type: "search", id: "example", placeholder: "as the serde reads it  ( / )", value: local.key, autocomplete: "off",
          oninput: (event) => { local.key = event.target.value; },
        })),
        h("label", {}, h("input", {
          type: "checkbox", id: "exact", checked: local.isExact, onchange: (event) => { local.isExact = event.target.checked; },
        }), " compare all"),
        h("button", { type: "submit", class: "primary" }, "Search"))),
    local.message && h("p", { class: "trouble", role: "alert" }, local.message),
    local.answer && !local.answer.isIndexComplete && h("p", { class: "quiet", role: "status" },
      "The index is being made anew. The entries were compared one by one: the matches are exact, but a search takes long."),
    h("div", { "aria-live": "polite", "aria-busy": String(Boolean(local.isAsking)) }, matchTable(model, index, local)),
  ];
}

function matchTable(model, index, local) {
  if (!local.answer) return local.isAsking && h("p", { class: "quiet" }, "Asking…");
  return table([
    { title: "Key", code: true, of: (row) => h("button", {
      type: "button", onclick: () => likeThis(model, index, local, plain(row.key)),
    }, plain(row.key)) },
    { title: "Score", number: true, of: (row) => (typeof row.score === "number" ? row.score.toFixed(4) : "–") },
    { title: "Value", code: true, of: (row) => h("pre", {}, plain(shortened(row.value))) },
  ], local.answer.matches, { key: (row) => plain(row.key), empty: "No other entry." });
}

function likeThis(model, index, local, key) {
  local.key = key;
  // What a field has is the user's; a new picture of the page leaves it.
  document.getElementById("example").value = key;
  find(model, index, local);
}

/** A value whose long lists of numbers, which are vectors, are cut: nobody reads them. */
function shortened(value) {
  if (Array.isArray(value)) {
    const isVector = value.length > 8 && value.every((element) => typeof element === "number");
    return isVector ? `[${value.slice(0, 3).join(", ")}, … ${count(value.length)} numbers]` : value.map(shortened);
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shortened(member)]));
}

async function find(model, index, local) {
  local.isAsking = true;
  local.message = undefined;
  model.show();
  try {
    if (local.key === "") throw new Error("Give a key.");
    local.answer = await postJSON(indexPath(index.name, "search"), {
      key: local.key, count: matchCount, ...(local.isExact ? { effort: "exact" } : {}),
    });
  } catch (error) {
    [local.message, local.answer] = [error.message, undefined];
  }
  local.isAsking = false;
  model.show();
}
