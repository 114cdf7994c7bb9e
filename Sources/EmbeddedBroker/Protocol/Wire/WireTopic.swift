import ClusterCore

/// A topic's name and an entry for each of its partitions: the shape of most lists in the protocol.
struct WireTopic<Partition: WireValue>: WireStructure {
    var name = ""
    var partitions: [Partition] = []

    init() {}

    init(_ name: String, _ partitions: [Partition]) {
        self.name = name
        self.partitions = partitions
    }

    mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
        try coder.field(&name)
        try coder.field(&partitions)
    }
}

/// The outcome of a request for one partition.
struct WirePartitionResult: WireStructure {
    var index: Int32 = 0
    var error = KafkaErrorCode.none

    mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
        try coder.field(&index)
        try coder.field(&error)
    }
}
