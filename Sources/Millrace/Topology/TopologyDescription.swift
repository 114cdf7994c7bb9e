/// The text of a topology as Kafka Streams prints it (`InternalTopologyBuilder.TopologyDescription`).
struct TopologyDescription {
    let text: String

    init(_ topology: Topology) {
        text =
            "Topologies:\n "
            + topology.subtopologies.map { SubtopologyDescription($0, of: topology).text }.joined()
    }
}

/// One sub-topology's part of the description.
///
/// Kafka connects the nodes one by one, in the order of a hash map of their names. It puts them into sorted sets that
/// compare how many nodes are downstream of each, as far as these are connected at that time. The successors and
/// predecessors of a node are printed in that order, the nodes themselves by their final sizes.
private struct SubtopologyDescription {
    private let topology: Topology
    private let subtopology: Topology.Subtopology
    private var sizes: [Int: Int]
    private var successors: [Int: JavaTreeSet] = [:]
    private var predecessors: [Int: JavaTreeSet] = [:]

    init(_ subtopology: Topology.Subtopology, of topology: Topology) {
        self.topology = topology
        self.subtopology = subtopology
        sizes = Dictionary(uniqueKeysWithValues: subtopology.nodes.map { ($0, 1) })
        let indexOfName = Dictionary(uniqueKeysWithValues: subtopology.nodes.map { (topology.nodes[$0].name, $0) })
        for name in JavaHashOrder.sorted(subtopology.nodes.map { topology.nodes[$0].name }) {
            guard let node = indexOfName[name] else { continue }
            for predecessor in topology.nodes[node].predecessors {
                predecessors[node, default: JavaTreeSet()].insert(predecessor, precedes: precedes)
                successors[predecessor, default: JavaTreeSet()].insert(node, precedes: precedes)
                enlarge(predecessor, by: sizes[node] ?? 1)
            }
        }
    }

    private mutating func enlarge(_ node: Int, by count: Int) {
        sizes[node, default: 1] += count
        for predecessor in predecessors[node]?.elements ?? [] { enlarge(predecessor, by: count) }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        let (leftSize, rightSize) = (sizes[left] ?? 1, sizes[right] ?? 1)
        if leftSize != rightSize { return leftSize > rightSize }
        return topology.nodes[left].name.utf16.lexicographicallyPrecedes(topology.nodes[right].name.utf16)
    }

    var text: String {
        let nodes = subtopology.nodes.sorted(by: precedes).map { "    \(text(of: $0))\n" }
        let title = "  Sub-topology: \(subtopology.id)"
        // No empty line follows a global table.
        if subtopology.isGlobal { return "\(title) for global store (will not generate tasks)\n\(nodes.joined())" }
        return "\(title)\n\(nodes.joined())\n"
    }

    private func text(of index: Int) -> String {
        let node = topology.nodes[index]
        let forward = "\n      --> \(names(successors[index]))"
        let backward = "\n      <-- \(names(predecessors[index]))"
        switch node.kind {
        case .source(let source):
            let topics = JavaHashOrder.sorted(source.topics.map(\.name)).joined(separator: ", ")
            return "Source: \(node.name) (topics: \(source.pattern?.text ?? "[\(topics)]"))" + forward
        case .processor:
            let stores = JavaHashOrder.sorted(node.storeNames).joined(separator: ", ")
            return "Processor: \(node.name) (stores: [\(stores)])" + forward + backward
        case .sink(let sink):
            switch sink.target {
            case .topic(let topic): return "Sink: \(node.name) (topic: \(topic.name))" + backward
            case .chosen(let chooser): return "Sink: \(node.name) (extractor class: \(chooser))" + backward
            }
        }
    }

    private func names(_ nodes: JavaTreeSet?) -> String {
        nodes.map { $0.elements.map { topology.nodes[$0].name }.joined(separator: ", ") } ?? "none"
    }
}
