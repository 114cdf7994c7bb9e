// Figures that are read at a glance.

import { brief, h, s, span } from "./dom.js";

/** A figure with its title, a note, a drawing, and the urgency "warn" or "bad". */
export function tile(title, value, note, drawing, kind, explanation) {
  return h("div", { class: `tile ${kind || ""}`, key: title, title: explanation },
    h("div", { class: "tile-title" }, title), h("div", { class: "tile-value" }, value),
    h("div", { class: "tile-note" }, note), drawing);
}

/** What is said behind a level; nothing while its trend is not known. */
export function trendWords(trend) {
  const words = { growing: "↗ growing", falling: "↘ falling", steady: "→ steady" };
  return trend ? ` · ${words[trend]}` : "";
}

export function sparkline(samples, what) {
  const [width, height] = [160, 32];
  const shown = samples.slice(-150);
  const highest = Math.max(1e-9, ...shown.map((sample) => sample.value));
  const [start, end] = [shown[0]?.at ?? 0, shown.at(-1)?.at ?? 1];
  const points = shown.map((sample) =>
    `${(((sample.at - start) / (end - start || 1)) * width).toFixed(1)},${(height - 2 - (sample.value / highest) * (height - 4)).toFixed(1)}`);
  return s("svg", {
    class: "sparkline", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `${what} over the last ${span(end - start)}, at most ${brief(highest < 1e-6 ? 0 : highest)}`,
  }, points.length > 1 && s("polyline", { points: points.join(" ") }));
}
