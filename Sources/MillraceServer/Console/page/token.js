// The token and what it permits: a button that names the rights, and a dialog.

import { hasToken, setToken } from "./api.js";

const dialog = document.getElementById("token-dialog");
const input = document.getElementById("token-input");
const button = document.getElementById("token-button");
let wasRefused = false;

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
export function followToken(changed) {
  const use = (text) => {
    setToken(text);
    input.value = "";
    dialog.close();
    changed();
  };
  button.onclick = () => dialog.showModal();
  document.getElementById("token-cancel").onclick = () => { input.value = ""; dialog.close(); };
  document.getElementById("token-forget").onclick = () => use(undefined);
  document.getElementById("token-form").onsubmit = (event) => {
    event.preventDefault();
    use(input.value.trim());
  };
}
