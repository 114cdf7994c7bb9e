// Remembers what was counted, and derives rates and trends from it.

const keptSeconds = 300;
// There may be thousands of nodes, so of theirs only as much is kept as rates and trends need.
const shortSeconds = 40;
const rateSeconds = 10;
const trendSeconds = 30;

export class History {
  constructor() { this.series = new Map(); }

  /** Adds a number that only grows, or a level, as of a moment in seconds. */
  add(name, value, at, seconds = keptSeconds) {
    if (!Number.isFinite(value)) return;
    let samples = this.series.get(name);
    if (!samples) this.series.set(name, samples = []);
    // A count that has fallen is that of another process.
    if (name.startsWith("count ") && samples.length > 0 && value < samples.at(-1).value) samples.length = 0;
    samples.push({ at, value });
    while (samples[0].at < at - seconds) samples.shift();
  }

  /** Forgets series that nobody has added to for a while. */
  prune(at) {
    for (const [name, samples] of this.series) if (samples.at(-1).at < at - keptSeconds) this.series.delete(name);
  }

  /** The growth per second of a count over the last seconds; undefined while it is not known. */
  rate(name) {
    const samples = this.series.get(name) ?? [];
    const last = samples.at(-1);
    const first = samples.find((sample) => sample.at >= (last?.at ?? 0) - rateSeconds);
    if (!last || last.at - first.at < 0.5) return undefined;
    return Math.max(0, (last.value - first.value) / (last.at - first.at));
  }

  /** Whether a level grows, falls or stays, by the slope over the last seconds; undefined while it is not known. */
  trend(name) {
    const all = this.series.get(name) ?? [];
    const samples = all.filter((sample) => sample.at >= all.at(-1).at - trendSeconds);
    if (samples.length < 4) return undefined;
    const half = Math.floor(samples.length / 2);
    const mean = (part) => part.reduce((sum, sample) => sum + sample.value, 0) / part.length;
    const [before, now] = [mean(samples.slice(0, half)), mean(samples.slice(half))];
    const difference = now - before;
    if (Math.abs(difference) <= Math.max(5, 0.1 * Math.max(before, now))) return "steady";
    return difference > 0 ? "growing" : "falling";
  }

  levels(name) { return this.series.get(name) ?? []; }

  /** The growth between one sample and the next. */
  rates(name) {
    const samples = this.levels(name);
    return samples.slice(1).map((sample, index) => ({
      at: sample.at, value: Math.max(0, (sample.value - samples[index].value) / (sample.at - samples[index].at || 1)),
    }));
  }
}

/** Adds what the instances say of themselves. */
export function note(history, instances, at) {
  const total = { processed: 0, dropped: 0, lag: 0, dead: 0, lagMs: undefined };
  const [bySubtopology, nodes, inputs] = [new Map(), new Map(), new Map()];
  for (const instance of instances) {
    if (instance.error) continue;
    const name = instance.address ?? "here";
    const dropped = (instance.dropped ?? []).reduce((sum, row) => sum + row.count, 0);
    history.add(`count processed ${name}`, instance.processedRecords, at);
    history.add(`level lag ${name}`, instance.lag, at);
    total.processed += instance.processedRecords;
    total.dropped += dropped;
    total.dead += instance.deadLetteredRecords;
    total.lag += instance.lag;
    if (instance.lagMs !== undefined) total.lagMs = Math.max(total.lagMs ?? 0, instance.lagMs);
    for (const task of instance.tasks) {
      if (task.isStandby) continue;
      history.add(`count task ${task.id}`, task.processedRecords, at);
      for (const [node, figures] of Object.entries(task.nodes ?? {})) nodes.set(node, (nodes.get(node) ?? 0) + figures.records);
      for (const input of task.inputs ?? []) if (input.lag !== undefined) inputs.set(input.topic, (inputs.get(input.topic) ?? 0) + input.lag);
      const subtopology = task.id.split("_")[0];
      bySubtopology.set(subtopology, (bySubtopology.get(subtopology) ?? 0) + task.processedRecords);
    }
  }
  history.add("count processed", total.processed, at);
  history.add("count dropped", total.dropped, at);
  history.add("count dead", total.dead, at);
  history.add("level lag", total.lag, at);
  for (const [id, processed] of bySubtopology) history.add(`count subtopology ${id}`, processed, at);
  for (const [name, records] of nodes) history.add(`count node ${name}`, records, at, shortSeconds);
  for (const [topic, lag] of inputs) history.add(`level input ${topic}`, lag, at, shortSeconds);
  history.prune(at);
  return total;
}
