// Asks the server. The token is kept in a variable of this module and nowhere else.

let token;

export function setToken(text) { token = text || undefined; }
export function hasToken() { return token !== undefined; }

/** An answer that says why there is none. */
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export async function get(path, { signal } = {}) {
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(path, { headers, signal, cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "unreachable", "The instance does not answer. The page goes on trying.");
  }
  const text = await response.text();
  let body;
  try { body = JSON.parse(text); } catch { body = undefined; }
  if (response.ok && body !== undefined) return body;
  throw new Refusal(response.status, body?.code ?? "failed", body?.message ?? `The answer has status ${response.status}.`);
}

/** The path of a store, or of something in it. */
export function storePath(store, ...rest) {
  return ["", "stores", store, ...rest].map(encodeURIComponent).join("/");
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
