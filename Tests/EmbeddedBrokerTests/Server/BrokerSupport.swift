import ClusterCore
import Foundation
import Logging

@testable import EmbeddedBroker

/// Starts a broker, and stops it after the body.
func withBroker(
    _ configure: (inout EmbeddedBrokerConfiguration) -> Void = { _ in }, _ body: (EmbeddedBroker) async throws -> Void
) async throws {
    var configuration = EmbeddedBrokerConfiguration()
    configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    configure(&configuration)
    let broker = try await EmbeddedBroker.start(configuration)
    do {
        try await body(broker)
    } catch {
        try? await broker.stop()
        throw error
    }
    try await broker.stop()
}

/// Makes a new folder, in memory if there is room, and removes it after the body.
func withDataDirectory(_ body: (String) async throws -> Void) async throws {
    let parent = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    let path = "\(parent)/embedded-broker-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await body(path)
}

extension RawClient {
    func createTopic(_ name: String, partitions: Int32 = 1) throws -> KafkaErrorCode {
        var request = CreateTopics.Request()
        request.topics = [CreateTopics.Request.Topic(name: name, partitionCount: partitions, replicationFactor: 1)]
        return try call(request).topics.first?.error ?? .unknownServerError
    }

    func produceRequest(_ values: [String], to topic: String, partition: Int32 = 0, acks: Int16 = -1) -> Produce.Request
    {
        var writer = RecordBatchWriter()
        for value in values { writer.append(key: nil, value: Array(value.utf8), timestampMs: 1_000) }
        var request = Produce.Request()
        request.acks = acks
        request.topics = [
            WireTopic(topic, [Produce.Request.Partition(index: partition, records: WireRecords(writer.finish()))])
        ]
        return request
    }

    @discardableResult
    func produce(_ values: [String], to topic: String, partition: Int32 = 0) throws -> Produce.Response.Partition {
        let response = try call(produceRequest(values, to: topic, partition: partition))
        guard let answer = response.topics.first?.partitions.first else { throw MalformedMessage("no partition") }
        return answer
    }

    func fetchRequest(
        _ topic: String, partition: Int32 = 0, from offset: Int64 = 0, maxWaitMs: Int32 = 0, minBytes: Int32 = 1
    ) -> Fetch.Request {
        var request = Fetch.Request()
        request.maxWaitMs = maxWaitMs
        request.minBytes = minBytes
        request.topics = [
            Fetch.Request.Topic(
                name: topic,
                partitions: [Fetch.Request.Partition(index: partition, fetchOffset: offset, maxBytes: 1 << 20)])
        ]
        return request
    }

    /// Returns the values in a partition from an offset on. Version 12 names topics; later versions use their ids.
    func fetch(_ topic: String, partition: Int32 = 0, from offset: Int64 = 0) throws -> [String] {
        try call(fetchRequest(topic, partition: partition, from: offset), version: 12).values()
    }

    func commit(_ offset: Int64, of topic: String, group: String) throws -> KafkaErrorCode {
        var request = OffsetCommit.Request()
        request.groupID = group
        request.topics = [WireTopic(topic, [OffsetCommit.Request.Partition(index: 0, offset: offset, metadata: "m")])]
        return try call(request).topics.first?.partitions.first?.error ?? .unknownServerError
    }

    func committed(_ topic: String, group: String) throws -> Int64? {
        var request = OffsetFetch.Request()
        request.groups = [OffsetFetch.Request.Group(groupID: group, topics: [WireTopic(topic, [0])])]
        return try call(request).groups.first?.topics.first?.partitions.first?.offset
    }

    func topicNames() throws -> [String] {
        try call(Metadata.Request()).topics.compactMap(\.name)
    }
}

extension Fetch.Response {
    /// The values of all records, in order.
    func values() throws -> [String] {
        try topics.flatMap(\.partitions).flatMap { partition in
            try RecordBatchReader.batches(in: partition.records?.joined() ?? []).flatMap { batch in
                try RecordBatchReader.records(of: batch).map { String(decoding: $0.value ?? [], as: UTF8.self) }
            }
        }
    }
}
