import CVectorKernels

/// Stands for no node, in lists of links and chains of twins.
let noNode = UInt32.max

/// The pointers of a graph, without who owns them: what the inner loops of building and searching work on. The checks are elsewhere:
/// every id in the lists is that of a node, whoever made them.
struct UnsafeGraph {
    var table: UnsafePointer<millrace_rows>
    var distances: millrace_distances
    var base: BaseLayer
    var upper: UpperLayers
    /// The next node of the same row, or ``noNode``; nil if no node has a twin.
    var twins: UnsafePointer<UInt32>?
}

/// One layer of a graph for the walk over it. An id names a node within the layer.
protocol GraphLayer {
    var listCapacity: Int { get }
    /// The neighbours of a node; after the last one ``noNode``, unless the list is full.
    func links(of id: UInt32) -> UnsafePointer<UInt32>
    /// Whether ids are rows.
    static var idsAreRows: Bool { get }
    func row(of id: UInt32) -> UInt32
}

/// The layer of all nodes: `listCapacity` links a node, one node after the other. An id is a row.
struct BaseLayer: GraphLayer {
    var lists: UnsafePointer<UInt32>
    var listCapacity: Int

    static var idsAreRows: Bool { true }

    @inline(__always)
    func links(of id: UInt32) -> UnsafePointer<UInt32> { lists + Int(id) * listCapacity }

    @inline(__always)
    func row(of id: UInt32) -> UInt32 { id }
}

/// The layers above it, compact: upper node `u` is row `nodes[u]` and has lists `offsets[u]` up to `offsets[u + 1]`, that of layer 1
/// first. The links are numbers of upper nodes.
struct UpperLayers {
    var nodes: UnsafePointer<UInt32>
    var offsets: UnsafePointer<UInt32>
    var lists: UnsafePointer<UInt32>
    var listCapacity: Int
    var count: Int

    /// The highest layer of an upper node.
    @inline(__always)
    func height(of id: UInt32) -> Int { Int(offsets[Int(id) + 1] - offsets[Int(id)]) }

    func layer(_ level: Int) -> UpperLayer { UpperLayer(layers: self, level: level) }
}

/// One of the upper layers.
struct UpperLayer: GraphLayer {
    var layers: UpperLayers
    /// From 1.
    var level: Int

    static var idsAreRows: Bool { false }

    @inline(__always)
    var listCapacity: Int { layers.listCapacity }

    @inline(__always)
    func links(of id: UInt32) -> UnsafePointer<UInt32> {
        layers.lists + (Int(layers.offsets[Int(id)]) + level - 1) * layers.listCapacity
    }

    @inline(__always)
    func row(of id: UInt32) -> UInt32 { layers.nodes[Int(id)] }
}

extension UnsafeGraph {
    /// The distance of one row.
    @inline(__always)
    func distance(_ query: UnsafeRawPointer, row: UInt32) -> Float {
        var index = row
        var distance: Float = 0
        distances(query, table, &index, 1, &distance)
        return distance
    }

    /// Collects the neighbours of a node that the search has not met, marks them as met, and computes their distances.
    ///
    /// - Returns: How many there are; their ids and distances are in the scratch.
    @inline(__always)
    func expand<Layer: GraphLayer>(
        _ id: UInt32, in layer: Layer, query: UnsafeRawPointer, scratch: SearchScratch, prefetching next: UInt32
    ) -> Int {
        let links = layer.links(of: id)
        let (visited, round, ids) = (scratch.visited, scratch.round, scratch.ids)
        var count = 0
        for index in 0..<layer.listCapacity {
            let neighbor = links[index]
            if neighbor == noNode { break }
            // Written always and counted if new: which one is new cannot be guessed.
            ids[count] = neighbor
            count += visited[Int(neighbor)] != round ? 1 : 0
            visited[Int(neighbor)] = round
        }
        if next != noNode { millrace_prefetch(layer.links(of: next), layer.listCapacity * 4) }
        var rows = ids
        if !Layer.idsAreRows {
            rows = scratch.rows
            for index in 0..<count { rows[index] = layer.row(of: ids[index]) }
        }
        distances(query, table, rows, count, scratch.distances)
        return count
    }

    /// Walks over a layer from what is in the pool until the pool's nodes are all expanded.
    @inline(__always)
    func walk<Layer: GraphLayer>(
        _ layer: Layer, query: UnsafeRawPointer, pool: inout NeighborPool, scratch: SearchScratch
    ) {
        let (ids, distances) = (scratch.ids, scratch.distances)
        var next = 0
        while next < pool.count {
            let id = pool.expand(next)
            while next < pool.count, pool.keys[next].isMarked { next += 1 }
            let likely = next < pool.count ? pool.keys[next].node : noNode
            let count = expand(id, in: layer, query: query, scratch: scratch, prefetching: likely)
            for index in 0..<count {
                let key = NodeKey(distance: distances[index], node: ids[index])
                if pool.takes(key) { next = min(next, pool.insert(key)) }
            }
            while next < pool.count, pool.keys[next].isMarked { next += 1 }
        }
    }

    /// Goes from an upper node to ever nearer ones, on the layers from `top` down to `bottom`.
    ///
    /// - Returns: The nearest upper node that was found, and its distance.
    func descend(
        from entry: UInt32, top: Int, bottom: Int, query: UnsafeRawPointer, scratch: SearchScratch
    ) -> (id: UInt32, distance: Float) {
        var best = entry
        var bestDistance = distance(query, row: upper.nodes[Int(entry)])
        var level = top
        while level >= bottom {
            let layer = upper.layer(level)
            scratch.beginRound()
            var isNearer = true
            while isNearer {
                isNearer = false
                let count = expand(best, in: layer, query: query, scratch: scratch, prefetching: noNode)
                for index in 0..<count where scratch.distances[index] < bestDistance {
                    best = scratch.ids[index]
                    bestDistance = scratch.distances[index]
                    isNearer = true
                }
            }
            level -= 1
        }
        return (best, bestDistance)
    }
}
