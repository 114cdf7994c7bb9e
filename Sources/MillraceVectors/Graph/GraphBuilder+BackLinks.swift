import CVectorKernels

extension GraphBuilder {
    /// Makes what was chosen the list of a node on the layer of all nodes.
    func setBaseList(of node: UInt32) {
        let capacity = storage.base.listCapacity
        let ids = storage.baseList(of: node)
        let distances = notes.distances + Int(node) * capacity
        for (index, key) in selection.chosen.enumerated() {
            ids[index] = key.node
            distances[index] = key.distance
        }
        let length = selection.chosen.count
        (ids + length).update(repeating: noNode, count: capacity - length)
        notes.lengths[Int(node)] = UInt8(length)
        notes.chosenLengths[Int(node)] = UInt8(length)
    }

    /// Links the neighbours of a new node back to it. For a list that is full, neighbours are chosen anew.
    func linkBack(_ neighbors: [NodeKey], to node: UInt32) {
        let capacity = storage.base.listCapacity
        for neighbor in neighbors {
            let index = Int(neighbor.node)
            let ids = storage.baseList(of: neighbor.node)
            let distances = notes.distances + index * capacity
            let length = Int(notes.lengths[index])
            if length < capacity {
                ids[length] = node
                distances[length] = neighbor.distance
                notes.lengths[index] += 1
                continue
            }
            let chosen = Int(notes.chosenLengths[index])
            for place in 0..<capacity {
                let key = NodeKey(distance: distances[place], node: ids[place])
                candidates[place] = place < chosen ? key.marked : key
            }
            candidates[capacity] = NodeKey(distance: neighbor.distance, node: node)
            choose(ofFirst: capacity + 1, limit: capacity, in: storage.base)
            setBaseList(of: neighbor.node)
        }
    }

    /// The same on an upper layer, where there are too few nodes for notes.
    func linkBack(_ neighbors: [NodeKey], to node: UInt32, level: Int) {
        let layer = graph.upper.layer(level)
        let capacity = layer.listCapacity
        for neighbor in neighbors {
            let list = storage.list(of: neighbor.node, level: level)
            if let free = (0..<capacity).first(where: { list[$0] == noNode }) {
                list[free] = node
                continue
            }
            for index in 0..<capacity { scratch.rows[index] = layer.row(of: list[index]) }
            let query = selection.query.pointer(toRow: compared.unsafeRow(Int(layer.row(of: neighbor.node))))
            graph.distances(query, graph.table, scratch.rows, capacity, scratch.distances)
            for index in 0..<capacity {
                candidates[index] = NodeKey(distance: scratch.distances[index], node: list[index])
            }
            candidates[capacity] = NodeKey(distance: neighbor.distance, node: node)
            choose(ofFirst: capacity + 1, limit: capacity, in: layer)
            setList(of: neighbor.node, level: level)
        }
    }

    /// Makes what was chosen the list of an upper node.
    func setList(of upperNode: UInt32, level: Int) {
        let list = storage.list(of: upperNode, level: level)
        for index in 0..<graph.upper.listCapacity {
            list[index] = index < selection.chosen.count ? selection.chosen[index].node : noNode
        }
    }

    /// Sorts the first candidates, most of which are sorted already, and chooses among them.
    private func choose<Layer: GraphLayer>(ofFirst count: Int, limit: Int, in layer: Layer) {
        for index in 1..<count {
            let key = candidates[index]
            var place = index
            while place > 0, key < candidates[place - 1] {
                candidates[place] = candidates[place - 1]
                place -= 1
            }
            candidates[place] = key
        }
        selection.choose(
            from: UnsafeBufferPointer(start: candidates, count: count), limit: limit, in: layer, graph: graph,
            rows: compared)
    }
}
