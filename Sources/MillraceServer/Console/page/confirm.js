// Operations are confirmed in a dialog, done once, and their results are shown.

import { post } from "./api.js";
import { h, morph } from "./dom.js";

/**
 * A button that asks in a dialog before it does something. The action has a `title`, a `text` and a `path`; `result` tells the answer
 * of an instance, `done` what has been done if the answer does not tell instances.
 */
export function button(model, id, label, action) {
  return h("button", { type: "button", key: id, id, onclick: (event) => confirm(model, action, event.currentTarget) }, label);
}

const title = h("h2", { id: "operate-title" });
const text = h("p", { id: "operate-text" });
const results = h("div", { id: "operate-result", role: "status" });
// The second click of a double click has opened the dialog or confirmed already.
const confirmButton = h("button", { type: "button", class: "primary", id: "operate-confirm", onclick: (event) => { if (event.detail < 2) perform(); } });
const closeButton = h("button", { type: "button", id: "operate-close", onclick: (event) => { if (event.detail < 2) dialog.close(); } }, "Cancel");
const dialog = h("dialog", { id: "operate-dialog", "aria-labelledby": "operate-title", "aria-describedby": "operate-text" },
  title, text, results, h("p", { class: "buttons" }, confirmButton, " ", closeButton));
document.body.append(dialog);

/** What the dialog is about; `phase` goes from "asking" over "doing" to "done", and never back. */
let current;

function confirm(model, action, opener) {
  if (dialog.open) return;
  current = { model, action, opener, phase: "asking" };
  render();
  dialog.showModal();
  closeButton.focus();
}

function render() {
  const { action, phase, answer } = current;
  title.textContent = action.title;
  text.textContent = action.text;
  confirmButton.hidden = phase === "done";
  confirmButton.disabled = phase !== "asking";
  confirmButton.textContent = phase === "doing" ? "Asking…" : action.title.replace("?", "");
  closeButton.disabled = phase === "doing";
  closeButton.textContent = phase === "done" ? "Close" : "Cancel";
  morph(results, h("div", {}, answer && result(action, answer)));
}

function result(action, answer) {
  return [
    answer.message && h("p", { class: "trouble" }, answer.message),
    !answer.message && action.done && h("p", {}, action.done),
    answer.instances?.length > 0 && h("ul", { class: "results" }, answer.instances.map((instance) =>
      h("li", { class: instance.error ? "bad" : "good" },
        h("span", { class: "code" }, instance.address ?? (instance.isHere ? "this instance" : "an instance without an address")), ": ",
        instance.error ? `not done: ${instance.error.message}` : action.result(instance)))),
  ];
}

async function perform() {
  if (current?.phase !== "asking") return;
  current.phase = "doing";
  const doing = current;
  render();
  try {
    doing.answer = await post(doing.action.path);
  } catch (error) {
    doing.answer = { message: error.message, instances: error.body?.instances };
  }
  doing.phase = "done";
  render();
  closeButton.focus();
  doing.model.refresh();
}

dialog.addEventListener("cancel", (event) => { if (current?.phase === "doing") event.preventDefault(); });
dialog.addEventListener("close", () => {
  // A button that was pressed may have given way to its opposite.
  const opener = current?.opener;
  (opener?.isConnected ? opener : document.getElementById("main")).focus();
});
