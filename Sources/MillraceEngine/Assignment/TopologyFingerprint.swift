package import Millrace

/// The parts of a topology that the workers of one group have to agree on: what each sub-topology reads and writes, and its stores.
///
/// It has two short hashes for each sub-topology, and one for each topic that the sub-topology writes. It does not cover what the
/// operators compute, so that a function can change in a rolling upgrade; if numbering changes the names of stores or topics, the
/// hashes differ. An upgrade may also add or remove output topics. Two lists of output topics of which neither contains the other
/// belong to two applications.
package struct TopologyFingerprint: Hashable, Sendable {
    /// A difference between two topologies.
    package enum Difference: Hashable, Sendable {
        /// The number of sub-topologies of the other topology.
        case count(Int)
        case topics(subtopology: Int)
        case stores(subtopology: Int)
        case outputs(subtopology: Int)
    }

    private struct Part: Hashable {
        var topics: UInt16
        var stores: UInt16
        /// The hashes in ascending order, each once.
        var outputs: [UInt16]

        /// - Parameter text: four digits for each hash.
        init?(_ text: Substring) {
            let digits = Array(text.utf8)
            guard digits.count >= 8, digits.count.isMultiple(of: 4) else { return nil }
            let numbers = stride(from: 0, to: digits.count, by: 4).compactMap { start in
                UInt16(String(decoding: digits[start..<start + 4], as: UTF8.self), radix: 16)
            }
            guard numbers.count == digits.count / 4 else { return nil }
            self.init(topics: numbers[0], stores: numbers[1], outputs: Array(numbers[2...]))
        }

        init(topics: UInt16, stores: UInt16, outputs: [UInt16]) {
            (self.topics, self.stores, self.outputs) = (topics, stores, outputs)
        }

        var text: String {
            ([topics, stores] + outputs).map { number in
                let digits = String(number, radix: 16)
                return String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        }
    }

    private let parts: [Part]

    package init(_ topology: Topology) {
        let partitions = Dictionary(
            topology.repartitionTopics.map { ($0.name, $0.partitions ?? 0) }, uniquingKeysWith: { first, _ in first })
        parts = topology.subtopologies.filter { !$0.isGlobal }.map { subtopology in
            let topics = subtopology.sourceTopics.map { topic in
                switch topic {
                case .external(let name): "topic \(name)"
                case .internal(let name): "own \(name) \(partitions[name] ?? 0)"
                }
            }
            let stores = subtopology.stores.map { store in
                let changelog = store.changelogTopic.map { "\($0)" } ?? "none"
                return "\(store.name) \(Self.name(of: store.kind)) \(changelog)"
            }
            return Part(
                topics: Self.hash(topics + subtopology.sourcePatterns.map { "pattern \($0.text)" }),
                stores: Self.hash(stores),
                outputs: Set(subtopology.sinkTopics.map { Self.hash(["\($0)"]) }).sorted())
        }
    }

    /// Parses the parts of the sub-topologies, separated by `_`; `nil` for anything else.
    init?(_ text: Substring) {
        let texts = text.split(separator: "_")
        let parts = texts.compactMap { Part($0) }
        guard parts.count == texts.count else { return nil }
        self.parts = parts
    }

    var text: String { parts.map(\.text).joined(separator: "_") }

    /// Returns the differences from another topology; empty if their workers can share the tasks.
    func differences(from other: TopologyFingerprint) -> [Difference] {
        var differences: [Difference] = []
        if parts.count != other.parts.count { differences.append(.count(other.parts.count)) }
        for (number, (part, other)) in zip(parts, other.parts).enumerated() {
            if part.topics != other.topics { differences.append(.topics(subtopology: number)) }
            if part.stores != other.stores { differences.append(.stores(subtopology: number)) }
            let (here, there) = (Set(part.outputs), Set(other.outputs))
            if !here.isSubset(of: there), !there.isSubset(of: here) {
                differences.append(.outputs(subtopology: number))
            }
        }
        return differences
    }

    /// Returns a kind's name without its retention: an upgrade may change how long entries are kept, but not their layout in the
    /// store.
    private static func name(of kind: StoreKind) -> String {
        let access =
            switch kind.access {
            case .hashed: "hashed"
            case .ordered: "ordered"
            case .buffered: "buffered"
            case .versioned: "versioned"
            case .custom: "custom"
            }
        return "\(kind.values) \(access)"
    }

    /// Returns a hash that is the same in every process (FNV-1a), whatever the order of the lines.
    private static func hash(_ lines: [String]) -> UInt16 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in lines.sorted().joined(separator: "\n").utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return UInt16(truncatingIfNeeded: hash ^ (hash >> 32) ^ (hash >> 48))
    }
}
