// The figures of the topology's nodes and edges: rates, lags at the sources, errors, drops, missing records of stores.

import { brief, rate, span } from "./dom.js";

const arrows = { growing: "↗", falling: "↘", steady: "→" };

/** The figures of a sub-topology, by the names of its nodes. */
export class Figures {
  constructor(model, subtopology, instances) {
    this.model = model;
    this.subtopology = subtopology;
    const tasks = instances.flatMap((instance) => instance.tasks).filter((task) => !task.isStandby);
    // Instances count dead letters, but remember only the latest errors. A dead letter counts as dropped too, and is shown once.
    const others = (model.errors ?? []).flatMap((instance) => instance.errors ?? []).filter((error) => error.node && !["dead-letter", "continue"].includes(error.response));
    const deadLetters = instances.flatMap((instance) => instance.deadLetters ?? []);
    const dropped = instances.flatMap((instance) => instance.dropped ?? []);
    this.dropped = sums([...dropped.map((row) => [row.node, row.count]), ...deadLetters.map((row) => [row.node, -row.count])]);
    this.failed = sums([...others.map((error) => [error.node, 1]), ...deadLetters.map((row) => [row.node, row.count])]);
    this.missing = sums(tasks.flatMap((task) => task.stores.map((store) => [store.name, store.missingRecords])));
    const inputs = tasks.filter((task) => task.id.split("_")[0] === String(subtopology.id)).flatMap((task) => task.inputs ?? []);
    this.inputs = Map.groupBy(inputs, (input) => input.topic);
    const sources = subtopology.nodes.filter((node) => node.kind === "source");
    this.sources = new Map(sources.map((node) => [node.name, node]));
    this.named = new Set(sources.flatMap((node) => node.topics.map((topic) => topic.name)));
    this.onlySource = sources.length === 1 ? sources[0].name : undefined;
  }

  /** The records per second of a node; undefined while it is not known. */
  rate(name) {
    const known = this.model.history.rate(`count node ${name}`);
    return known ?? (name === this.onlySource ? this.model.history.rate(`count subtopology ${this.subtopology.id}`) : undefined);
  }

  /** What waits before a source: records, the age of the oldest in seconds, and the trend. */
  lag(name) {
    const source = this.sources.get(name);
    if (!source) return undefined;
    // A pattern's topics are those that no source names.
    const topics = [...this.inputs.keys()].filter((topic) =>
      source.topics.some((named) => named.name === topic) || (source.pattern && !this.named.has(topic)));
    const inputs = topics.flatMap((topic) => this.inputs.get(topic)).filter((input) => input.lag !== undefined);
    if (inputs.length === 0) return undefined;
    const ages = inputs.map((input) => input.lagMs).filter((age) => age !== undefined);
    const trends = topics.map((topic) => this.model.history.trend(`level input ${topic}`)).filter(Boolean);
    return {
      records: inputs.reduce((sum, input) => sum + input.lag, 0), seconds: ages.length > 0 ? Math.max(...ages) / 1_000 : undefined,
      trend: ["growing", "falling", "steady"].find((trend) => trends.includes(trend)),
    };
  }

  /** The lag of a source in a few characters. */
  lagText(name) {
    const lag = this.lag(name);
    if (!lag) return "";
    const amount = lag.records === 0 ? "0 s" : lag.seconds === undefined ? `${brief(lag.records)} records` : span(lag.seconds);
    return `lag ${amount}${lag.records > 0 && lag.trend ? ` ${arrows[lag.trend]}` : ""}`;
  }

  /** The errors and drops of a node; empty if there are none. */
  troubleText(name) {
    const parts = [];
    if (this.failed.has(name)) parts.push(`${brief(this.failed.get(name))} failed`);
    if (this.dropped.get(name) > 0) parts.push(`${brief(this.dropped.get(name))} dropped`);
    return parts.join(" · ");
  }

  /** The figure in the corner of an element of the drawing. */
  cornerText(kind, name) {
    if (kind === "store") return this.missing.get(name) > 0 ? `${brief(this.missing.get(name))} missing` : "";
    const speed = kind === "node" ? this.rate(name) : undefined;
    return speed === undefined ? "" : rate(speed);
  }

  /** The records per second along an edge, where the counts of its ends tell: a node with one way in, or a source or sink. */
  edgeRate(from, to, waysIn) {
    if (to.kind === "node") {
      // A source counts all of its topics together.
      return waysIn === 1 ? this.rate(to.name) : undefined;
    }
    return to.kind === "out" && from.kind === "node" ? this.rate(from.name) : undefined;
  }
}

function sums(pairs) {
  const found = new Map();
  for (const [name, number] of pairs) found.set(name, (found.get(name) ?? 0) + number);
  return found;
}
