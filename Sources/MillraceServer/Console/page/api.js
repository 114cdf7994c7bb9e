// Asks the server. The token is kept in a variable of this module and nowhere else.

let token;

export function setToken(text) { token = text || undefined; }
export function hasToken() { return token !== undefined; }

/** An answer that says why there is none. */
export class Refusal extends Error {
  constructor(status, code, message, body) {
    super(message);
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

const readSeconds = 30;
const operationSeconds = 90;

export function get(path) {
  return ask("GET", path, readSeconds, "The instance does not answer. The page goes on trying.");
}

/** Sends an operation once. It is never sent again, since it may have been done though no answer has come. */
export function post(path) {
  return ask("POST", path, operationSeconds, "The instance does not answer. Perhaps it has been done: look at the state.");
}

/** Asks a question that is too long for an address. */
export function postJSON(path, question) {
  return ask("POST", path, readSeconds, "The instance does not answer. Ask again.", JSON.stringify(question));
}

async function ask(method, path, seconds, silence, question) {
  const headers = { Accept: "application/json" };
  if (question !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(path, {
      method, headers, body: question, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(seconds * 1_000),
    });
  } catch {
    throw new Refusal(0, "unreachable", silence);
  }
  const text = await response.text();
  let body;
  try { body = JSON.parse(text); } catch { body = undefined; }
  if (response.ok && body !== undefined) return body;
  throw new Refusal(response.status, body?.code ?? "failed", body?.message ?? `The answer has status ${response.status}.`, body);
}

/** The path of a store, or of something in it. */
export function storePath(store, ...rest) {
  return ["", "stores", store, ...rest].map(encodeURIComponent).join("/");
}

/** The path of an index, or of something in it. */
export function indexPath(index, ...rest) {
  return ["", "indexes", index, ...rest].map(encodeURIComponent).join("/");
}

/** The path of a key's entries. A key that is a segment of dots would leave the path, so it goes as hexadecimal digits. */
export function keyPath(store, key, parameters = {}) {
  if (key !== "." && key !== "..") return storePath(store, "entries", key) + query(parameters);
  const digits = [...new TextEncoder().encode(key)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return storePath(store, "entries", digits) + query({ ...parameters, "key-format": "hex" });
}

export function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== "");
  const text = given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return text && `?${text}`;
}
