/// The possible size of the metadata beside a committed offset, by the number of times that a task's operators keep.
///
/// A broker accepts 4,096 characters (`offset.metadata.max.bytes`). The times are written in base64. In their densest form
/// each takes at most 8 bytes and a bit, beside 31 bytes: see `OffsetMetadata` of the runtime.
package enum OffsetMetadataSize {
    /// The limit of a broker by default, in characters.
    package static let brokerLimit = 4_096

    /// The greatest length of the densest form, in characters.
    package static func longest(timeCount count: Int) -> Int {
        if count == 0 { return 12 }
        let sizeInBytes = 31 + (count + 7) / 8 + 8 * count
        return (sizeInBytes + 2) / 3 * 4
    }

    /// The most times that a task may keep, so that they can be committed whatever their values.
    package static let maxTimeCount = (0...).first { longest(timeCount: $0 + 1) > brokerLimit } ?? 0
}

extension Topology {
    /// The names of the times that the operators among some nodes keep beyond the task, in order, each once.
    package func keptTimes(of nodes: [Int]) -> [String] {
        var names: Set<String> = []
        for index in nodes {
            if case .processor(let processor) = self.nodes[index].kind { names.formUnion(processor.keptTimes) }
        }
        return names.sorted()
    }

    /// The sub-topologies whose times might not fit beside a committed offset, each in a sentence.
    func problemsOfKeptTimes() -> [String] {
        subtopologies.compactMap { subtopology in
            let count = keptTimes(of: subtopology.nodes).count
            let length = OffsetMetadataSize.longest(timeCount: count)
            guard !subtopology.isGlobal, length > OffsetMetadataSize.brokerLimit else { return nil }
            let operators = subtopology.nodes.filter { index in
                if case .processor(let processor) = nodes[index].kind { !processor.keptTimes.isEmpty } else { false }
            }
            let names = operators.prefix(2).map { nodes[$0].name }.joined(separator: ", ")
            return
                "sub-topology \(subtopology.id) has \(operators.count) operators with windows, joins or suppressions "
                + "(\(names), …), whose \(count) times may take \(length) characters beside a committed offset; a broker "
                + "takes "
                + "\(OffsetMetadataSize.brokerLimit), which is enough for \(OffsetMetadataSize.maxTimeCount) times. "
                + "Split the sub-topology with repartition()"
        }
    }
}
