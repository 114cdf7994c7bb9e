// The token and what it permits: a button that names the rights, and a dialog.

import { hasToken, setToken } from "./api.js";
import { h } from "./dom.js";

const button = document.getElementById("token-button");
const input = h("input", { id: "token-input", type: "password", autocomplete: "off", spellcheck: "false" });
const dialog = h("dialog", { id: "token-dialog", "aria-labelledby": "token-title" },
  h("form", { onsubmit: (event) => { event.preventDefault(); use(input.value.trim()); } },
    h("h2", { id: "token-title" }, "Token"),
    h("p", {}, "The page keeps it in its memory. It is gone when the page is closed or reloaded."),
    h("label", {}, "Bearer token ", input),
    h("p", { class: "buttons" },
      h("button", { type: "submit", class: "primary" }, "Use"), " ",
      h("button", { type: "button", onclick: () => use(undefined) }, "Forget"), " ",
      h("button", { type: "button", onclick: () => { input.value = ""; dialog.close(); } }, "Cancel"))));
let wasRefused = false;
let changed;

document.body.append(dialog);
button.onclick = () => dialog.showModal();

function use(text) {
  setToken(text);
  input.value = "";
  dialog.close();
  changed?.();
}

export function mayOperate(model) { return model.rights?.includes("operate") ?? false; }

export function showRights(model) {
  button.textContent = mayOperate(model) ? "May operate" : hasToken() ? "May read" : "Read-only";
}

/** Asks once; after that the button opens the dialog, so that it does not come back every two seconds. */
export function askForToken() {
  if (wasRefused || dialog.open) return;
  wasRefused = true;
  dialog.showModal();
}

/** Calls a function whenever somebody has given another token or has taken it away. */
export function followToken(body) { changed = body; }
