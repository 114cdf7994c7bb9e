// The dead letters in their topics, page by page. They are read when they are asked for, since each page is a read of the topics.

import { get, query } from "./api.js";
import { count, h, plain, time } from "./dom.js";
import { whyLink } from "./why.js";

const pageSize = 20;

export function letters(model) {
  const local = (model.local.letters ??= { pages: [undefined], page: undefined, isAsking: false, message: undefined });
  const ask = (change) => () => { change(); read(model, local); };
  return h("section", { key: "dead letters", "aria-labelledby": "letters-title" },
    h("h2", { id: "letters-title" }, "Dead letters in their topics"),
    h("p", { class: "buttons" },
      h("button", { type: "button", id: "letters-read", disabled: local.isAsking, onclick: ask(() => { local.pages = [undefined]; }) }, local.page ? "Read the newest" : "Read"),
      local.page && h("button", { type: "button", id: "letters-newer", disabled: local.isAsking || local.pages.length < 2, onclick: ask(() => local.pages.pop()) }, "Newer"),
      local.page && h("button", { type: "button", id: "letters-older", disabled: local.isAsking || !local.page.before, onclick: ask(() => local.pages.push(local.page.before)) }, "Older"),
      h("span", { class: "quiet" }, local.isAsking ? "Asking…" : local.page ? ` page ${local.pages.length}, ${count(local.page.letters.length)} letters` : "")),
    local.message && h("p", { class: "trouble", role: "alert" }, local.message),
    h("div", { "aria-live": "polite" }, local.page && list(model, local.page)));
}

function list(model, page) {
  if (page.topics.length === 0) return h("p", { class: "quiet" }, "The error handlers name no topic of dead letters.");
  if (page.letters.length === 0) return h("p", { class: "quiet" }, `None in ${page.topics.join(", ")}.`);
  return h("ol", { class: "errors letters" }, page.letters.map((letter) => card(model, letter)));
}

function card(model, letter) {
  return h("li", { key: `letter ${letter.topic} ${letter.partition} ${letter.offset}` },
    h("p", { class: "facts" },
      h("time", { datetime: date(letter.timestampMs) }, time(letter.timestampMs)), " ",
      h("span", { class: "badge busy" }, letter.exception ?? "no error named"), " ",
      h("span", { class: "code" }, `${letter.topic} ${letter.partition}:${letter.offset}`)),
    h("p", { class: "message" }, letter.message ?? "The headers say nothing."),
    h("pre", {}, plain(letter.value ?? null)),
    h("p", { class: "facts quiet" },
      letter.node && [h("a", { href: `#/topology/${encodeURIComponent(`node ${letter.node}`)}` }, letter.node), " · "],
      letter.sourceTopic && `from ${letter.sourceTopic}-${letter.sourcePartition}@${letter.sourceOffset ?? "?"} · `,
      "key ", h("span", { class: "code" }, plain(letter.key ?? null)), ` · value of ${count(letter.valueSizeInBytes)} bytes `,
      whyLink(model, letter.key, letter.sourceTopic, letter.sourcePartition)));
}

function date(ms) {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

async function read(model, local) {
  local.isAsking = true;
  local.message = undefined;
  model.show();
  try {
    local.page = await get("/dead-letters" + query({ limit: pageSize, before: local.pages.at(-1) }));
  } catch (error) {
    local.message = error.message;
  }
  local.isAsking = false;
  model.show();
}
