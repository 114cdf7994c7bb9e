import ClusterCore
import Foundation
import Testing

@testable import EmbeddedBroker

@Suite struct StorageFailureTests {
    @Test("a batch that cannot be written is refused, leaves no trace, and can be sent again")
    func unwritable() async throws {
        try await withDataDirectory { path in
            try await withBroker {
                $0.dataDirectory = path
                $0.topics = [NewTopic("t")]
            } _: { broker in
                // A folder where the first segment should be.
                try FileManager.default.createDirectory(
                    atPath: path + "/segments/1", withIntermediateDirectories: false)
                let client = try RawClient(broker)
                #expect(try client.produce(["a"], to: "t").error == .kafkaStorageError)
                #expect(try client.fetch("t").isEmpty)
                try FileManager.default.removeItem(atPath: path + "/segments/1")
                #expect(try client.produce(["b"], to: "t").baseOffset == 0)
                try await broker.crash()
                try await broker.restart()
                #expect(try RawClient(broker).fetch("t") == ["b"])
            }
        }
    }

    @Test("a transaction whose markers cannot be written stays open, and can be ended later")
    func unwritableMarkers() async throws {
        try await withDataDirectory { path in
            try await withBroker {
                $0.dataDirectory = path
                $0.segmentSizeInBytes = 1
                $0.topics = [NewTopic("t")]
            } _: { broker in
                let client = try RawClient(broker)
                let identity = try client.call(
                    InitProducerID.Request(transactionalID: "x", transactionTimeoutMs: 60_000))
                var addition = AddPartitionsToTxn.Request()
                addition.transactionalID = "x"
                addition.producerID = identity.producerID
                addition.producerEpoch = identity.producerEpoch
                addition.topics = [WireTopic("t", [0])]
                _ = try client.call(addition)
                var writer = RecordBatchWriter(
                    producer: ProducerIdentity(producerID: identity.producerID, epoch: identity.producerEpoch),
                    baseSequence: 0, isTransactional: true)
                writer.append(key: nil, value: Array("a".utf8), timestampMs: 1_000)
                var request = client.produceRequest([], to: "t")
                request.transactionalID = "x"
                request.topics[0].partitions[0].records = WireRecords(writer.finish())
                #expect(try client.call(request).topics.first?.partitions.map(\.error) == [.none])

                try FileManager.default.createDirectory(
                    atPath: path + "/segments/2", withIntermediateDirectories: false)
                let end = EndTxn.Request(
                    transactionalID: "x", producerID: identity.producerID, producerEpoch: identity.producerEpoch,
                    committed: true)
                #expect(try client.call(end).error == .coordinatorNotAvailable)
                var committedOnly = client.fetchRequest("t")
                committedOnly.isolationLevel = 1
                #expect(try client.call(committedOnly, version: 12).values().isEmpty)
                try FileManager.default.removeItem(atPath: path + "/segments/2")
                #expect(try client.call(end).error == .none)
                #expect(try client.call(committedOnly, version: 12).values().first == "a")
            }
        }
    }

    @Test("a snapshot that cannot be written is retried; until it is written, records are refused and none is lost")
    func unwritableSnapshot() async throws {
        try await withDataDirectory { path in
            // A folder where the first snapshot should be.
            try FileManager.default.createDirectory(
                atPath: path + "/snapshot-2.new", withIntermediateDirectories: true)
            try await withBroker {
                $0.dataDirectory = path
                $0.journalSizeInBytes = 10_000
                $0.topics = [NewTopic("t"), NewTopic("u")]
            } _: { broker in
                let client = try RawClient(broker)
                var kept: [String] = []
                func produceUntil(_ expected: KafkaErrorCode) async throws {
                    let deadline = ContinuousClock.now + .seconds(300)
                    while ContinuousClock.now < deadline {
                        let value = String(repeating: "x", count: 1_000) + "\(kept.count)"
                        let error = try client.produce([value], to: "t").error
                        if error == .none { kept.append(value) }
                        if error == expected { return }
                        try #require(error == .none || error == .kafkaStorageError)
                    }
                    Issue.record("no \(expected) within 30 seconds")
                }
                try await produceUntil(.kafkaStorageError)
                #expect(try client.fetch("t") == kept)
                // The next snapshot has another number.
                try await produceUntil(.none)
                #expect(FileManager.default.fileExists(atPath: path + "/snapshot-3"))
                #expect(!FileManager.default.fileExists(atPath: path + "/journal-1"))
                try await broker.crash()
                try await broker.restart()
                #expect(try RawClient(broker).fetch("t") == kept)
            }
        }
    }

    @Test("a fetch of unreadable records gets an error, and other fetches are answered")
    func unreadable() async throws {
        try await withDataDirectory { path in
            try await withBroker {
                $0.dataDirectory = path
                $0.cacheSizeInBytes = 0
                $0.topics = [NewTopic("t", partitionCount: 2)]
            } _: { broker in
                let client = try RawClient(broker)
                try client.produce(["a"], to: "t")
                try client.produce(["b"], to: "t", partition: 1)
                try JournalFile(path + "/segments/1").truncate(to: 10)
                let answer = try client.call(client.fetchRequest("t"), version: 12)
                #expect(answer.topics.first?.partitions.map(\.error) == [.kafkaStorageError])
                #expect(try client.fetch("t", partition: 1) == ["b"])
            }
        }
    }

    @Test("the start fails if a segment that a snapshot refers to is missing, and names it")
    func missingSegment() async throws {
        try await withDataDirectory { path in
            let configuration = EmbeddedBrokerConfiguration()
            func open() throws -> (journal: Journal, cluster: Cluster) {
                try Journal.open(configuration, path: path, cluster: ClusterConfiguration(), nowMs: 0)
            }
            let (journal, cluster) = try open()
            _ = try cluster.createTopic(NewTopic("t"), nowMs: 0)
            var writer = RecordBatchWriter()
            writer.append(key: nil, value: [1], timestampMs: 0)
            _ = try cluster.produce(writer.finish(), to: TopicPartition("t", 0), nowMs: 0)
            try journal.append(cluster)
            let snapshot = JournalFrame.encode(cluster.snapshot())
            journal.close()
            try JournalFile(path + "/snapshot-2").write(snapshot, at: 0)
            try FileManager.default.removeItem(atPath: path + "/segments/1")
            let failure = #expect(throws: StorageFailure.self) { try open() }
            #expect(failure?.description.contains("segments/1") ?? false)
        }
    }

    @Test(
        "a directory of an earlier version, with the records in its journal, is migrated", arguments: [false, true])
    func takenOver(hasSnapshot: Bool) async throws {
        try await withDataDirectory { path in
            let before = Cluster(nowMs: 0)
            let partition = TopicPartition("t", 0)
            _ = try before.createTopic(
                NewTopic("t", configs: ["cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0"]), nowMs: 0)
            for round in 0..<20 {
                var writer = RecordBatchWriter()
                for key in 0..<10 {
                    let value = key == round % 10 ? nil : [UInt8](repeating: UInt8(round), count: 100)
                    writer.append(key: [UInt8(key)], value: value, timestampMs: Int64(round))
                }
                _ = try before.produce(writer.finish(), to: partition, nowMs: Int64(round))
                if round == 15 { before.cleanLogs(nowMs: Int64(round)) }
            }
            _ = try DataDirectory(path)
            if hasSnapshot {
                try JournalFile(path + "/snapshot-7").write(JournalFrame.encode(before.snapshot()), at: 0)
            } else {
                try JournalFile(path + "/journal-1").write(JournalFrame.encode(before.takeChanges()), at: 0)
            }
            for _ in 0..<2 {
                let (journal, after) = try Journal.open(
                    EmbeddedBrokerConfiguration(), path: path, cluster: ClusterConfiguration(), nowMs: 100)
                func batches(_ cluster: Cluster) throws -> [RecordBatch] {
                    try cluster.fetch(partition, from: 0, maxBytes: .max, isolation: .readUncommitted).loaded().batches
                }
                #expect(try batches(after) == batches(before))
                // From now on only the segments have the records.
                let names = try FileManager.default.contentsOfDirectory(atPath: path)
                let number = hasSnapshot ? 8 : 2
                #expect(names.sorted() == ["journal-\(number)", "lock", "reserve", "segments", "snapshot-\(number)"])
                journal.close()
            }
        }
    }
}
