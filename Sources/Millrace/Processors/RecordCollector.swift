/// The output of a node to topics: it serialises each record, has its partition chosen, and sends it.
///
/// An error goes to the production handler, and the record is not sent. Only errors of the partitioner count as the node's
/// own, like those of any other closure. Kafka: `RecordCollectorImpl`.
@usableFromInline
struct RecordCollector<Key, Value> {
    @usableFromInline let userCode: any UserCodeCalls
    @usableFromInline let drops: any DropCounter
    @usableFromInline let topics: any TaskTopics
    @usableFromInline let name: String
    @usableFromInline let key: Serde<Key>
    @usableFromInline let value: Serde<Value>
    @usableFromInline let partition: StreamPartitioner<Key, Value>?
    @usableFromInline let bytes = Scratch()

    @usableFromInline
    init(
        of node: NodeInstance, key: Serde<Key>, value: Serde<Value>, partition: StreamPartitioner<Key, Value>? = nil
    ) {
        userCode = node.userCode
        drops = node.drops
        topics = node.topics
        name = node.name
        self.key = key
        self.value = value
        self.partition = partition
    }

    /// Inlined, with the functions that it calls: a call would copy the record.
    @inlinable
    @inline(__always)
    func send(_ record: Record<Key, Value>, to output: any RecordOutput) throws {
        if partition != nil { return try sendToChosenPartitions(record, of: output) }
        do {
            try serialize(record)
            try sendSerialized(record, to: output, partition: nil)
        } catch {
            try userCode.failed(error, in: .production, at: name, reading: nil)
        }
    }

    /// - Parameter topic: the full name of a topic that need not exist.
    @inlinable
    func send(_ record: Record<Key, Value>, toTopic topic: String) throws {
        let output = try userCode.attempt(.production, at: name) { try topics.chosenOutput(toTopic: topic) }
        if let output { try send(record, to: output) }
    }

    @inlinable
    func sendToChosenPartitions(_ record: Record<Key, Value>, of output: any RecordOutput) throws {
        let count = try userCode.attempt(.production, at: name) { try output.partitionCount() }
        guard let partition, let count else { return }
        let choice = try partition(record, count)
        if case .several(let partitions) = choice, partitions.isEmpty { return drops.drop(.noPartition, at: name) }
        guard try userCode.attempt(.production, at: name, { try serialize(record) }) != nil else { return }
        switch choice {
        case .byKey: try attemptToSend(record, to: output, partition: nil)
        case .one(let partition): try attemptToSend(record, to: output, partition: partition)
        case .several(let partitions):
            for partition in partitions.sorted() { try attemptToSend(record, to: output, partition: partition) }
        }
    }

    /// Sends a serialised record to one partition. A refusal is one of this partition.
    @inlinable
    func attemptToSend(_ record: Record<Key, Value>, to output: any RecordOutput, partition: Int32?) throws {
        try userCode.attempt(.production, at: name) {
            try sendSerialized(record, to: output, partition: partition)
        }
    }

    @inlinable
    @inline(__always)
    func serialize(_ record: Record<Key, Value>) throws {
        bytes.key.removeAll(keepingCapacity: true)
        bytes.value.removeAll(keepingCapacity: true)
        // A client would interpret a negative one as "now".
        try checkTimestamp(record.timestampMs, node: name)
        if let recordKey = record.key { try key.serialize(recordKey, into: &bytes.key) }
        if let recordValue = record.value { try value.serialize(recordValue, into: &bytes.value) }
    }

    /// - Parameter partition: the partition; `nil` for the one that the key determines.
    @inlinable
    @inline(__always)
    func sendSerialized(_ record: Record<Key, Value>, to output: any RecordOutput, partition: Int32?) throws {
        try bytes.key.withUnsafeBytes { keyBytes in
            try bytes.value.withUnsafeBytes { valueBytes in
                try output.send(
                    key: record.key == nil ? nil : keyBytes, value: record.value == nil ? nil : valueBytes,
                    partition: partition ?? key.partition(ofBytes: keyBytes, in: output),
                    timestampMs: record.timestampMs, headers: record.headers)
            }
        }
    }
}

extension Serde {
    /// Returns the partition for a key of which only a part counts: for a window's key, the key without the window. Kafka:
    /// `WindowedStreamPartitioner`.
    @inlinable
    func partition(ofBytes key: UnsafeRawBufferPointer, in output: any RecordOutput) throws -> Int32? {
        if partitioningSuffixCount == 0 || key.count < partitioningSuffixCount { return nil }
        return KafkaPartitioner.partition(
            for: UnsafeRawBufferPointer(rebasing: key.dropLast(partitioningSuffixCount)),
            count: try output.partitionCount())
    }
}
