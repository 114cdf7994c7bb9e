import CVectorKernels

/// Stands for no node, in lists of links and chains of twins.
let noNode = UInt32.max

/// The pointers of a graph, without who owns them: what the inner loops of building and searching work on. The checks are elsewhere:
/// every id in the lists is that of a node, whoever made them.
struct UnsafeGraph {
    var table: UnsafePointer<millrace_rows>
    var distances: millrace_distances
    var upper: UpperLayers
    /// The next node of the same row, or ``noNode``; nil if no node has a twin.
    var twins: UnsafePointer<UInt32>?
}

/// One layer of a graph for the walk over it. An id names a node within the layer.
protocol GraphLayer {
    associatedtype List: LinkList
    /// The neighbours of a node.
    func list(of id: UInt32) -> List
    /// Asks for what leads to a node's neighbours, because they may be asked for soon.
    func announce(_ id: UInt32)
    /// Asks for the memory of a node's neighbours.
    func prefetch(_ id: UInt32)
    /// Whether ids are rows.
    static var idsAreRows: Bool { get }
    func row(of id: UInt32) -> UInt32
}

/// The neighbours of a node, as ids of the layer.
protocol LinkList {
    /// The number of places. After the last neighbour there is ``noNode``, unless the list is full.
    var capacity: Int { get }
    subscript(index: Int) -> UInt32 { get }
}

/// A list with one number for each place.
struct OpenList: LinkList {
    var links: UnsafePointer<UInt32>
    var capacity: Int

    @inline(__always)
    subscript(index: Int) -> UInt32 { links[index] }

    @inline(__always)
    func prefetch() { millrace_prefetch(links, capacity * 4) }
}

/// The layer of all nodes of a graph that is being built: `listCapacity` links a node, one node after the other. An id is a row.
struct BaseLayer: GraphLayer {
    var lists: UnsafePointer<UInt32>
    var listCapacity: Int

    static var idsAreRows: Bool { true }

    @inline(__always)
    func list(of id: UInt32) -> OpenList { OpenList(links: lists + Int(id) * listCapacity, capacity: listCapacity) }

    @inline(__always)
    func announce(_ id: UInt32) {}

    @inline(__always)
    func prefetch(_ id: UInt32) { list(of: id).prefetch() }

    @inline(__always)
    func row(of id: UInt32) -> UInt32 { id }

    /// The number of a node's neighbours.
    func length(of id: UInt32) -> Int {
        let list = list(of: id)
        return (0..<listCapacity).first { list[$0] == noNode } ?? listCapacity
    }
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
    func list(of id: UInt32) -> OpenList {
        let list = Int(layers.offsets[Int(id)]) + level - 1
        return OpenList(links: layers.lists + list * layers.listCapacity, capacity: layers.listCapacity)
    }

    @inline(__always)
    func announce(_ id: UInt32) {}

    @inline(__always)
    func prefetch(_ id: UInt32) { list(of: id).prefetch() }

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

    /// Collects the neighbours of a node that the search has not met, and marks them as met.
    ///
    /// - Parameter ids: where their ids go.
    /// - Returns: How many there are.
    @inline(__always)
    func meet<Layer: GraphLayer>(
        _ id: UInt32, in layer: Layer, scratch: SearchScratch, ids: UnsafeMutablePointer<UInt32>
    ) -> Int {
        let list = layer.list(of: id)
        let (visited, round) = (scratch.visited, scratch.round)
        var count = 0
        for index in 0..<list.capacity {
            let neighbor = list[index]
            if neighbor == noNode { break }
            // Written always and counted if new: which one is new cannot be guessed.
            ids[count] = neighbor
            count += visited[Int(neighbor)] != round ? 1 : 0
            visited[Int(neighbor)] = round
        }
        return count
    }

    /// Computes the distances of nodes; they are in the scratch.
    @inline(__always)
    func compare<Layer: GraphLayer>(
        _ ids: UnsafeMutablePointer<UInt32>, count: Int, in layer: Layer, query: UnsafeRawPointer,
        scratch: SearchScratch
    ) {
        var rows = ids
        if !Layer.idsAreRows {
            rows = scratch.rows
            for index in 0..<count { rows[index] = layer.row(of: ids[index]) }
        }
        distances(query, table, rows, count, scratch.distances)
    }

    /// Meets the neighbours of a node and computes their distances.
    ///
    /// - Returns: How many there are; their ids and distances are in the scratch.
    @inline(__always)
    func expand<Layer: GraphLayer>(
        _ id: UInt32, in layer: Layer, query: UnsafeRawPointer, scratch: SearchScratch
    ) -> Int {
        let count = meet(id, in: layer, scratch: scratch, ids: scratch.ids)
        compare(scratch.ids, count: count, in: layer, query: query, scratch: scratch)
        return count
    }

    /// Walks over a layer from what is in the pool until the pool's nodes are all expanded.
    ///
    /// A search would wait for memory most of the time. So three nodes are under way: of the first one the distances of its neighbours are
    /// computed, while the neighbours' rows of the second one and the links of the third one are fetched. The next node is thus chosen
    /// before the distances around the last two are known, which changes the order of what is expanded, and hardly the number.
    @inline(__always)
    func walk<Layer: GraphLayer>(
        _ layer: Layer, query: UnsafeRawPointer, pool: inout NeighborPool, scratch: SearchScratch
    ) {
        var (ids, fetched) = (scratch.ids, scratch.fetchedIds)
        var fetchedCount = 0
        var next = 0
        var chosen = noNode
        while true {
            if chosen == noNode { chosen = pool.expandNext(from: &next) }
            if chosen == noNode, fetchedCount == 0 { return }
            var count = 0
            if chosen != noNode {
                count = meet(chosen, in: layer, scratch: scratch, ids: ids)
                if Layer.idsAreRows { millrace_prefetch_rows(table, ids, count) }
            }
            chosen = pool.expandNext(from: &next)
            if chosen != noNode { layer.prefetch(chosen) }
            compare(fetched, count: fetchedCount, in: layer, query: query, scratch: scratch)
            for index in 0..<fetchedCount {
                let key = NodeKey(distance: scratch.distances[index], node: fetched[index])
                guard pool.takes(key) else { continue }
                next = min(next, pool.insert(key))
                layer.announce(fetched[index])
            }
            swap(&ids, &fetched)
            fetchedCount = count
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
                let count = expand(best, in: layer, query: query, scratch: scratch)
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
