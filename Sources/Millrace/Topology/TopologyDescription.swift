/// The text of a topology as Kafka Streams prints it (`InternalTopologyBuilder.TopologyDescription`).
struct TopologyDescription {
    let text: String

    init(_ topology: Topology) {
        let writer = Writer(topology: topology, sizes: Self.sizes(of: topology))
        text = "Topologies:\n " + topology.subtopologies.map(writer.text(of:)).joined()
    }

    /// How many nodes stand below each node, itself included, counted once for each way that leads to them.
    private static func sizes(of topology: Topology) -> [Int] {
        var sizes = [Int](repeating: 1, count: topology.nodes.count)
        for index in topology.nodes.indices.reversed() {
            for successor in topology.nodes[index].successors { sizes[index] += sizes[successor] }
        }
        return sizes
    }

    private struct Writer {
        let topology: Topology
        let sizes: [Int]

        func text(of subtopology: Topology.Subtopology) -> String {
            let nodes = sorted(subtopology.nodes).map { "    \(text(of: topology.nodes[$0]))\n" }
            return "  Sub-topology: \(subtopology.id)\n\(nodes.joined())\n"
        }

        private func text(of node: Topology.Node) -> String {
            let forward = "\n      --> \(names(node.successors))"
            let backward = "\n      <-- \(names(node.predecessors))"
            switch node.kind {
            case .source(let source):
                let topics = JavaHashOrder.sorted(source.topics.map(\.name)).joined(separator: ", ")
                return "Source: \(node.name) (topics: [\(topics)])" + forward
            case .processor:
                let stores = JavaHashOrder.sorted(node.storeNames).joined(separator: ", ")
                return "Processor: \(node.name) (stores: [\(stores)])" + forward + backward
            case .sink(let sink):
                return "Sink: \(node.name) (topic: \(sink.topic.name))" + backward
            }
        }

        private func names(_ nodes: [Int]) -> String {
            nodes.isEmpty ? "none" : sorted(nodes).map { topology.nodes[$0].name }.joined(separator: ", ")
        }

        private func sorted(_ nodes: [Int]) -> [Int] {
            nodes.sorted { left, right in
                if sizes[left] != sizes[right] { return sizes[left] > sizes[right] }
                return topology.nodes[left].name.utf16.lexicographicallyPrecedes(topology.nodes[right].name.utf16)
            }
        }
    }
}

/// The order in which Java's `HashSet` of strings is iterated, which descriptions of several topics show.
enum JavaHashOrder {
    static func sorted(_ strings: [String]) -> [String] {
        var capacity = 16
        while Double(capacity) * 0.75 < Double(strings.count) { capacity *= 2 }
        return strings.enumerated().sorted { left, right in
            let (leftBucket, rightBucket) = (bucket(left.element, capacity), bucket(right.element, capacity))
            return leftBucket == rightBucket ? left.offset < right.offset : leftBucket < rightBucket
        }.map(\.element)
    }

    private static func bucket(_ string: String, _ capacity: Int) -> Int {
        var hash: UInt32 = 0
        for unit in string.utf16 { hash = hash &* 31 &+ UInt32(unit) }
        return Int((hash ^ (hash >> 16)) & UInt32(capacity - 1))
    }
}
