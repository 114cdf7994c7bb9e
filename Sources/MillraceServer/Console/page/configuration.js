// The settings of the instance that has sent the page, and what gave each its value.

import { h, table } from "./dom.js";

export function configuration(model) {
  if (!model.configuration) return h("p", { class: "quiet" }, "Asking for the settings…");
  const local = (model.local.configuration ??= { filter: "", onlyGiven: false });
  const text = local.filter.toLowerCase();
  const found = model.configuration.filter((setting) =>
    `${setting.name} ${setting.summary} ${setting.value ?? ""}`.toLowerCase().includes(text)
      && (!local.onlyGiven || setting.source !== "default"));
  const groups = Map.groupBy(found, (setting) => setting.group);
  return [
    h("h1", {}, "Configuration"),
    h("div", { class: "bar" },
      h("label", {}, "Find ", h("input", {
        type: "search", placeholder: "setting  ( / )", value: local.filter, autocomplete: "off",
        oninput: (event) => { local.filter = event.target.value; model.show(); },
      })),
      h("label", {}, h("input", {
        type: "checkbox", id: "only-given", checked: local.onlyGiven,
        onchange: (event) => { local.onlyGiven = event.target.checked; model.show(); },
      }), " only those that were given"),
      h("span", { class: "quiet" }, "of this instance")),
    found.length === 0 && h("p", { class: "quiet" }, "No such setting."),
    [...groups].map(([group, settings]) => [
      h("h2", { key: `group ${group}` }, group),
      table([
        { title: "Setting", of: (row) => [h("span", { class: "code" }, row.name), h("br"), h("span", { class: "quiet" }, row.summary)] },
        { title: "Value", code: true, of: (row) => (row.isHidden ? h("em", {}, "hidden") : row.value) },
        { title: "From", of: (row) => h("span", { class: row.source === "default" ? "quiet" : "code" }, row.source) },
        { title: "Default", code: true, of: (row) => row.default ?? "–" },
      ], settings, { key: (row) => row.name }),
    ]),
  ];
}
