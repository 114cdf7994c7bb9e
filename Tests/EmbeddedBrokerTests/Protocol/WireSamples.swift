import ClusterCore

@testable import EmbeddedBroker

/// All requests, each with its response.
let allRequests: [any (WireRequest & Sendable).Type] = [
    ApiVersions.Request.self, SaslHandshake.Request.self, Metadata.Request.self, DescribeCluster.Request.self,
    Produce.Request.self,
    Fetch.Request.self, ListOffsets.Request.self, OffsetForLeaderEpoch.Request.self, DeleteRecords.Request.self,
    CreateTopics.Request.self, DeleteTopics.Request.self, CreatePartitions.Request.self, DescribeConfigs.Request.self,
    AlterConfigs.Request.self, IncrementalAlterConfigs.Request.self, FindCoordinator.Request.self,
    JoinGroup.Request.self, SyncGroup.Request.self, Heartbeat.Request.self, LeaveGroup.Request.self,
    DescribeGroups.Request.self, ListGroups.Request.self, DeleteGroups.Request.self, OffsetCommit.Request.self,
    OffsetFetch.Request.self, OffsetDelete.Request.self, InitProducerID.Request.self, AddPartitionsToTxn.Request.self,
    AddOffsetsToTxn.Request.self, EndTxn.Request.self, TxnOffsetCommit.Request.self,
    ListTransactions.Request.self, DescribeTransactions.Request.self, DescribeProducers.Request.self,
]

/// Fills the fields that a version of a message has with values drawn from a seed.
struct WireSampler: FieldCoder {
    let version: Int16
    private var state: UInt64

    init(version: Int16, seed: UInt64) {
        self.version = version
        state = seed
    }

    mutating func sample<Structure: WireStructure>(_: Structure.Type = Structure.self) throws -> Structure {
        var structure = Structure()
        try structure.code(with: &self)
        return structure
    }

    mutating func code<Value: WireValue>(_ value: inout Value) throws(MalformedMessage) {
        guard let type = Value.self as? any Sampled.Type else { return try fill(&value) }
        if let sample = type.sample(with: &self) as? Value { value = sample }
    }

    private mutating func fill<Value: WireValue>(_ value: inout Value) throws(MalformedMessage) {
        guard var structure = value as? any WireStructure else { return }
        try structure.code(with: &self)
        if let filled = structure as? Value { value = filled }
    }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func next(below limit: Int) -> Int { Int(next() % UInt64(limit)) }

    mutating func bytes() -> [UInt8] {
        (0..<next(below: 20)).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    mutating func count() -> Int { next(below: 4) }
}

/// A field type that a sample can be drawn for.
protocol Sampled: WireValue {
    static func sample(with sampler: inout WireSampler) -> Self
}

extension FixedWidthInteger where Self: WireValue {
    static func sample(with sampler: inout WireSampler) -> Self { Self(truncatingIfNeeded: sampler.next()) }
}

extension Int8: Sampled {}
extension Int16: Sampled {}
extension Int32: Sampled {}
extension Int64: Sampled {}

extension Bool: Sampled {
    static func sample(with sampler: inout WireSampler) -> Bool { sampler.next(below: 2) == 1 }
}

extension String: Sampled {
    static func sample(with sampler: inout WireSampler) -> String {
        // Now and then it is longer than one byte of a varint can say.
        let length = sampler.next(below: 8) == 0 ? 200 : sampler.next(below: 8)
        return String((0..<length).map { _ in Character(["a", "b", "-", "é", "試"][sampler.next(below: 5)]) })
    }
}

extension WireBytes: Sampled {
    static func sample(with sampler: inout WireSampler) -> WireBytes { WireBytes(sampler.bytes()) }
}

extension WireRecords: Sampled {
    static func sample(with sampler: inout WireSampler) -> WireRecords { WireRecords(sampler.bytes()) }
}

extension TopicID: Sampled {
    static func sample(with sampler: inout WireSampler) -> TopicID {
        TopicID(high: sampler.next(), low: sampler.next())
    }
}

extension KafkaErrorCode: Sampled {
    static func sample(with sampler: inout WireSampler) -> KafkaErrorCode {
        allCases[sampler.next(below: allCases.count)]
    }
}

extension Array: Sampled where Element: WireValue {
    static func sample(with sampler: inout WireSampler) -> [Element] {
        (0..<sampler.count()).compactMap { _ in Element.drawn(with: &sampler) }
    }
}

extension Optional: Sampled where Wrapped: NullableWireValue {
    static func sample(with sampler: inout WireSampler) -> Wrapped? {
        sampler.next(below: 3) == 0 ? nil : Wrapped.drawn(with: &sampler)
    }
}

extension WireValue {
    fileprivate static func drawn(with sampler: inout WireSampler) -> Self? {
        if let type = self as? any Sampled.Type { return type.sample(with: &sampler) as? Self }
        guard let type = self as? any WireStructure.Type else { return nil }
        return (try? sampler.sample(type)) as? Self
    }
}
