// Places the nodes of a graph in layers, along the records' way: each node after all from which it gets records.
//
// First each node gets a layer (the longest way to it). An edge over several layers gets a point in each of them. Then the order
// within the layers is improved by sweeps that put each node near the middle of its neighbours, and at last the nodes move as near
// to their neighbours as the order and the distances allow. All of it takes time in proportion to the graph, times a constant.

const sweeps = 6;
const maxPoints = 20_000;

/**
 * Lays out `nodes`, each `{id, length, breadth, successors}`, where `length` is the size along the records' way.
 * Returns `{places: Map(id → {along, across}), edges: [{from, to, points}], length, breadth}`; places are the nodes' corners.
 */
export function layOut(nodes, { layerGap = 48, nodeGap = 14 } = {}) {
  const byID = new Map(nodes.map((node) => [node.id, node]));
  const edges = [];
  for (const node of nodes) {
    for (const successor of new Set(node.successors)) if (byID.has(successor)) edges.push([node.id, successor]);
  }
  const layerOf = layersOf(nodes, edges);
  const { items, links } = withPoints(nodes, edges, layerOf);
  const layers = [];
  for (const item of items.values()) (layers[item.layer] ??= []).push(item);
  for (let index = 0; index < layers.length; index++) layers[index] ??= [];
  order(layers);
  const breadth = placeAcross(layers, nodeGap);
  const length = placeAlong(layers, layerGap);
  return describe(nodes, edges, items, links, length, breadth);
}

function layersOf(nodes, edges) {
  const successors = new Map(nodes.map((node) => [node.id, []]));
  const open = new Map(nodes.map((node) => [node.id, 0]));
  for (const [from, to] of edges) {
    successors.get(from).push(to);
    open.set(to, open.get(to) + 1);
  }
  const starts = new Set(nodes.map((node) => node.id).filter((id) => open.get(id) === 0));
  const layer = new Map(nodes.map((node) => [node.id, 0]));
  const ready = nodes.filter((node) => open.get(node.id) === 0).map((node) => node.id);
  for (let index = 0; index < ready.length; index++) {
    for (const to of successors.get(ready[index])) {
      layer.set(to, Math.max(layer.get(to), layer.get(ready[index]) + 1));
      open.set(to, open.get(to) - 1);
      if (open.get(to) === 0) ready.push(to);
    }
  }
  // A node that begins a path stands right before the next one. A node in a circle, which no topology has, stays in the first layer.
  for (const id of starts) {
    const following = successors.get(id).map((to) => layer.get(to));
    if (following.length > 0) layer.set(id, Math.max(0, Math.min(...following) - 1));
  }
  return layer;
}

function withPoints(nodes, edges, layerOf) {
  const items = new Map();
  const links = [];
  for (const node of nodes) {
    items.set(node.id, {
      id: node.id, layer: layerOf.get(node.id), length: node.length, breadth: node.breadth, before: [], after: [],
    });
  }
  let points = 0;
  for (const [from, to] of edges) {
    const chain = [from];
    const distance = layerOf.get(to) - layerOf.get(from);
    if (distance > 1 && points + distance < maxPoints) {
      for (let layer = layerOf.get(from) + 1; layer < layerOf.get(to); layer++) {
        const id = `\u0000${points++}`;
        items.set(id, { id, layer, length: 0, breadth: 2, before: [], after: [] });
        chain.push(id);
      }
    }
    chain.push(to);
    links.push(chain);
    for (let index = 1; index < chain.length; index++) {
      items.get(chain[index - 1]).after.push(items.get(chain[index]));
      items.get(chain[index]).before.push(items.get(chain[index - 1]));
    }
  }
  return { items, links };
}

function order(layers) {
  const renumber = (layer) => layer.forEach((item, index) => { item.order = index; });
  layers.forEach(renumber);
  const sort = (layer, neighbours) => {
    for (const item of layer) {
      const near = item[neighbours];
      item.middle = near.length === 0 ? item.order : near.reduce((sum, other) => sum + other.order, 0) / near.length;
    }
    layer.sort((one, other) => one.middle - other.middle || one.order - other.order);
    renumber(layer);
  };
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (let index = 1; index < layers.length; index++) sort(layers[index], "before");
    for (let index = layers.length - 2; index >= 0; index--) sort(layers[index], "after");
  }
}

function placeAcross(layers, gap) {
  for (const layer of layers) {
    let next = 0;
    for (const item of layer) {
      item.across = next + item.breadth / 2;
      next += item.breadth + gap;
    }
  }
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (let index = 1; index < layers.length; index++) settle(layers[index], "before", gap);
    for (let index = layers.length - 2; index >= 0; index--) settle(layers[index], "after", gap);
  }
  const all = layers.flat();
  const lowest = Math.min(0, ...bounds(all, (item) => item.across - item.breadth / 2, Math.min));
  for (const item of all) item.across -= lowest;
  return bounds(all, (item) => item.across + item.breadth / 2, Math.max)[0] ?? 0;
}

function bounds(items, of, choose) {
  return items.length === 0 ? [] : [items.reduce((found, item) => choose(found, of(item)), of(items[0]))];
}

/**
 * Moves the items of a layer as near to the middles of their neighbours as their order and distances allow: least squares under
 * an order, which pooling those that would overlap solves exactly.
 */
function settle(layer, neighbours, gap) {
  const blocks = [];
  let offset = 0;
  layer.forEach((item, index) => {
    if (index > 0) offset += layer[index - 1].breadth / 2 + gap + item.breadth / 2;
    const near = item[neighbours];
    const wish = near.length === 0 ? item.across : near.reduce((sum, other) => sum + other.across, 0) / near.length;
    item.offset = offset;
    blocks.push({ sum: wish - offset, count: 1 });
    while (blocks.length > 1) {
      const [one, other] = [blocks.at(-2), blocks.at(-1)];
      if (one.sum / one.count <= other.sum / other.count) break;
      blocks.pop();
      one.sum += other.sum;
      one.count += other.count;
    }
  });
  let index = 0;
  for (const block of blocks) {
    for (let count = 0; count < block.count; count++, index++) {
      layer[index].across = block.sum / block.count + layer[index].offset;
    }
  }
}

function placeAlong(layers, gap) {
  let along = 0;
  for (const layer of layers) {
    const length = bounds(layer, (item) => item.length, Math.max)[0] ?? 0;
    for (const item of layer) [item.along, item.end] = [along, item.length === 0 ? along + length : along + item.length];
    along += length + gap;
  }
  return Math.max(0, along - gap);
}

function describe(nodes, edges, items, links, length, breadth) {
  const places = new Map(nodes.map((node) => {
    const item = items.get(node.id);
    return [node.id, { along: item.along, across: item.across - item.breadth / 2 }];
  }));
  return {
    places, length, breadth,
    edges: links.map((chain, index) => {
      const points = [];
      chain.forEach((id, position) => {
        const item = items.get(id);
        if (position > 0) points.push([item.along, item.across]);
        if (position < chain.length - 1) points.push([item.end, item.across]);
      });
      return { from: edges[index][0], to: edges[index][1], points };
    }),
  };
}
