// Operating: pausing, resuming, threads. Each action is confirmed in a dialog, done once, and its result is shown for each instance.

import { query } from "./api.js";
import { button } from "./confirm.js";
import { badge, count, h, table } from "./dom.js";
import { mayOperate } from "./token.js";

// What is paused

const alive = (model) => (model.instances ?? []).filter((instance) => !instance.error);
const pauses = (instance, id) => (instance.pausedSubtopologies ?? []).includes(id);

/** How much of a sub-topology is paused: "all", "some" or "none" of the instances that answer. */
export function pausedPart(model, id) {
  const instances = alive(model);
  const paused = instances.filter((instance) => pauses(instance, id)).length;
  return paused === 0 ? "none" : paused < instances.length ? "some" : "all";
}

export function pauseBadge(model, id) {
  const part = pausedPart(model, id);
  return part !== "none" && badge(part === "all" ? "paused" : "partly paused");
}

/** Says what is paused; nothing if nothing is. */
export function pauseBanner(model) {
  const instances = alive(model);
  const ids = [...new Set(instances.flatMap((instance) => instance.pausedSubtopologies ?? []))].sort((one, other) => one - other);
  if (ids.length === 0) return [];
  const whole = instances.filter((instance) => instance.paused);
  const places = (found) => (found.length === instances.length ? "" : ` on ${found.map((instance) => instance.address ?? "this instance").join(", ")}`);
  const text = whole.length > 0 ? `The application is paused${places(whole)}: it processes no records.` : "";
  const rest = instances.filter((instance) => !instance.paused);
  const parts = ids.map((id) => [id, rest.filter((instance) => pauses(instance, id))]).filter(([, found]) => found.length > 0)
    .map(([id, found]) => `sub-topology ${id}${places(found)}`);
  return [h("p", {}, text, text && parts.length > 0 ? " Also paused: " : parts.length > 0 ? "Paused: " : "", parts.join("; "), parts.length > 0 && ".")];
}

// Buttons

/** The buttons for all sub-topologies; nothing without the right to operate. */
export function applicationButtons(model) {
  if (!mayOperate(model)) return undefined;
  const instances = alive(model);
  const isWhole = instances.length > 0 && instances.every((instance) => instance.paused);
  const isPaused = instances.some((instance) => (instance.pausedSubtopologies ?? []).length > 0);
  return h("p", { class: "buttons", key: "application buttons" },
    !isWhole && button(model, "pause-application", "Pause the application", pausing("pause")),
    isPaused && button(model, "resume-application", "Resume the application", pausing("resume")));
}

/** The button of one sub-topology. */
export function subtopologyButtons(model, subtopology) {
  if (!mayOperate(model) || subtopology.isGlobal) return undefined;
  const { id } = subtopology;
  const part = pausedPart(model, id);
  return h("span", { class: "buttons", key: `buttons ${id}` },
    part !== "all" && button(model, `pause-${id}`, "Pause", pausing("pause", id)),
    part !== "none" && button(model, `resume-${id}`, "Resume", pausing("resume", id)));
}

/** The sub-topologies with their states. */
export function subtopologyTable(model, rate) {
  const rows = (model.topology?.subtopologies ?? []).filter((subtopology) => !subtopology.isGlobal);
  return table([
    { title: "Sub-topology", of: (row) => h("a", { href: "#/topology" }, `${row.id}`) },
    { title: "Reads", code: true, of: (row) => row.nodes.flatMap((node) => (node.kind === "source" ? node.topics.map((topic) => topic.name) : [])).slice(0, 4).join(", ") },
    { title: "Nodes", number: true, of: (row) => count(row.nodes.length) },
    { title: "Rate", number: true, of: (row) => rate(row.id) },
    { title: "State", of: (row) => pauseBadge(model, row.id) || badge("not paused") },
    mayOperate(model) && { title: "Operate", of: (row) => subtopologyButtons(model, row) },
  ].filter(Boolean), rows, { key: (row) => String(row.id), empty: "None." });
}

/** The buttons for the threads of an instance. */
export function threadButtons(model, instance) {
  if (!mayOperate(model)) return undefined;
  const name = instance.address ?? "this instance";
  const act = (verb, title, text) => ({
    path: `/threads/${verb}` + query({ instance: instance.address }), title, text,
    result: (answer) => `${verb === "add" ? "thread added" : "thread removed"}: ${answer.thread}; threads now: ${(answer.threads ?? []).join(", ")}`,
  });
  return h("span", { class: "buttons", key: `threads ${name}` },
    button(model, `add ${name}`, "Add a thread", act("add", "Add a thread?", `${name} starts one more worker thread. The tasks are assigned anew. The next start begins with the configured number again.`)),
    instance.threads.length > 1 && button(model, `remove ${name}`, "Remove a thread",
      act("remove", "Remove a thread?", `The thread of ${name} with the highest number commits and ends. Its tasks move to other threads.`)));
}

function pausing(verb, id) {
  const what = id === undefined ? "the application" : `sub-topology ${id}`;
  return {
    path: `/${verb}` + query({ subtopology: id }), title: `${verb === "pause" ? "Pause" : "Resume"} ${what}?`,
    text: verb === "pause"
      ? "All instances stop processing its records, and the lag grows. Stores stay readable. A restart of an instance resumes it."
      : "All instances process its records again, from where they stopped.",
    result: (answer) => {
      const paused = answer.pausedSubtopologies ?? [];
      return answer.paused ? "paused" : paused.length === 0 ? "nothing is paused" : `paused: sub-topology ${paused.join(", ")}`;
    },
  };
}
