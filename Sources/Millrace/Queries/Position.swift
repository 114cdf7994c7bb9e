/// The progress of a store in the topics that its tasks read: for each partition the offset of the next record. Kafka:
/// `Position` (KIP-796).
///
/// ```swift
/// let written = Position(after: TopicPartition(topic: "payments", partition: 3), offset: 41)
/// let total = try await totals.read(reaching: written, within: .seconds(2)) { try $0.get("acct-1") }
/// ```
///
/// The topics that count are those that the store's own tasks read. If a repartition topic lies between them and the
/// application's input, a position of the input says nothing about the store. A read that asks for such a position is
/// refused.
public struct Position: Hashable, Sendable {
    /// The offsets, all positive: the store has everything below them.
    public private(set) var offsets: [TopicPartition: Int64] = [:]

    /// Makes a position of offsets.
    ///
    /// - Parameter offsets: the next offset of each partition. An offset of 0 or less says nothing and is ignored.
    public init(_ offsets: [TopicPartition: Int64] = [:]) { self.offsets = offsets.filter { $0.value > 0 } }

    /// The position of a store that has processed a record.
    ///
    /// - Parameters:
    ///   - partition: the record's partition.
    ///   - offset: the record's offset.
    public init(after partition: TopicPartition, offset: Int64) {
        self.init([partition: offset == .max ? offset : offset + 1])
    }

    /// Whether it has no offsets, so that every position reaches it.
    public var isEmpty: Bool { offsets.isEmpty }

    /// The next offset of a partition; 0 if the store has nothing of it.
    public subscript(partition: TopicPartition) -> Int64 { offsets[partition] ?? 0 }

    /// Whether everything that another position contains is in this one. Every position reaches an empty one.
    public func reaches(_ other: Position) -> Bool { other.offsets.allSatisfy { self[$0.key] >= $0.value } }

    /// Takes the higher offset of each partition. Kafka: `Position.merge`.
    public mutating func merge(_ other: Position) {
        if offsets.isEmpty { offsets = other.offsets } else { offsets.merge(other.offsets, uniquingKeysWith: max) }
    }

    /// Returns the higher offset of each partition.
    public func merging(_ other: Position) -> Position {
        var merged = self
        merged.merge(other)
        return merged
    }

    /// Returns the same position, limited to some partitions.
    package func limited(to partitions: [TopicPartition]) -> Position {
        Position(offsets.filter { partitions.contains($0.key) })
    }
}

extension Position: CustomStringConvertible, LosslessStringConvertible {
    /// The position as a text, `payments-3@42,payments-4@7`, that can be handed to a client and back.
    public var description: String {
        var text = ""
        for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
            if !text.isEmpty { text += "," }
            text += "\(partition.topic)-\(partition.partition)@\(offset)"
        }
        return text
    }

    /// Reads a position from its text.
    ///
    /// - Parameter description: a text as ``description`` returns it; `nil` for anything else.
    public init?(_ description: String) {
        var offsets: [TopicPartition: Int64] = [:]
        for part in description.split(separator: ",") {
            guard let at = part.lastIndex(of: "@"), let offset = Int64(part[part.index(after: at)...]),
                let dash = part[..<at].lastIndex(of: "-"), dash > part.startIndex,
                let partition = Int32(part[part.index(after: dash)..<at]), offset >= 0, partition >= 0
            else { return nil }
            offsets[TopicPartition(topic: String(part[..<dash]), partition: partition)] = offset
        }
        self.init(offsets)
    }
}

/// The result of a read, with the commit that was read. Kafka: `QueryResult`.
public struct Committed<Value> {
    /// The answer.
    public var value: Value
    /// The progress of the partitions that were read. A partition in which a key was looked for in vain, after the key's own
    /// partition, is not among them. For a standby's store the progress is known only if the source topic is its changelog.
    public var position: Position

    /// Makes a result of an answer and its commit.
    ///
    /// - Parameters:
    ///   - value: the answer.
    ///   - position: the position of the commit that was read.
    public init(value: Value, position: Position) {
        self.value = value
        self.position = position
    }
}

extension Committed: Sendable where Value: Sendable {}
extension Committed: Equatable where Value: Equatable {}
