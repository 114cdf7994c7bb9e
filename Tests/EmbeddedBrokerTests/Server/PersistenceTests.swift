import ClusterCore
import Foundation
import Testing

@testable import EmbeddedBroker

@Suite struct PersistenceTests {
    @Test(
        "everything acknowledged is there after a crash",
        arguments: [JournalFlush.never, .always, .every(milliseconds: 5)])
    func crash(flush: JournalFlush) async throws {
        try await withDataDirectory { path in
            try await withBroker {
                $0.dataDirectory = path
                $0.flush = flush
            } _: { broker in
                var client = try RawClient(broker)
                #expect(try client.createTopic("t", partitions: 2) == .none)
                for round in 0..<3 {
                    try client.produce(["a\(round)", "b\(round)"], to: "t")
                    try client.produce(["c\(round)"], to: "t", partition: 1)
                    #expect(try client.commit(Int64(round), of: "t", group: "g") == .none)
                    try await broker.crash()
                    try await broker.restart()
                    client = try RawClient(broker)
                    #expect(try client.fetch("t") == (0...round).flatMap { ["a\($0)", "b\($0)"] })
                    #expect(try client.fetch("t", partition: 1) == (0...round).map { "c\($0)" })
                    #expect(try client.committed("t", group: "g") == Int64(round))
                }
            }
        }
    }

    @Test("a transaction that was open at a crash continues afterwards")
    func transaction() async throws {
        try await withDataDirectory { path in
            try await withBroker {
                $0.dataDirectory = path
                $0.topics = [NewTopic("t")]
            } _: { broker in
                var client = try RawClient(broker)
                let identity = try client.call(
                    InitProducerID.Request(transactionalID: "x", transactionTimeoutMs: 60_000))
                #expect(identity.error == .none)
                var addition = AddPartitionsToTxn.Request()
                addition.transactionalID = "x"
                addition.producerID = identity.producerID
                addition.producerEpoch = identity.producerEpoch
                addition.topics = [WireTopic("t", [0])]
                #expect(try client.call(addition).topics.first?.partitions.map(\.error) == [.none])
                var writer = RecordBatchWriter(
                    producer: ProducerIdentity(producerID: identity.producerID, epoch: identity.producerEpoch),
                    baseSequence: 0, isTransactional: true)
                writer.append(key: nil, value: Array("a".utf8), timestampMs: 1_000)
                var request = client.produceRequest([], to: "t")
                request.transactionalID = "x"
                request.topics[0].partitions[0].records = WireRecords(writer.finish())
                #expect(try client.call(request).topics.first?.partitions.map(\.error) == [.none])

                try await broker.crash()
                try await broker.restart()
                client = try RawClient(broker)
                var committedOnly = client.fetchRequest("t")
                committedOnly.isolationLevel = 1
                #expect(try client.call(committedOnly, version: 12).values().isEmpty)
                let end = EndTxn.Request(
                    transactionalID: "x", producerID: identity.producerID, producerEpoch: identity.producerEpoch,
                    committed: true)
                #expect(try client.call(end).error == .none)
                #expect(try client.call(committedOnly, version: 12).values().first == "a")
            }
        }
    }

    @Test("a journal with many replaced changes is replaced by a snapshot, again and again")
    func snapshots() async throws {
        try await withDataDirectory { path in
            try await withBroker {
                $0.dataDirectory = path
                $0.journalSizeInBytes = 2_000
                $0.topics = [NewTopic("t")]
            } _: { broker in
                let client = try RawClient(broker)
                // The snapshot is written while requests are answered: they continue until it has replaced the first file.
                var names: [String] = []
                var count: Int64 = 0
                let deadline = ContinuousClock.now + .seconds(300)
                repeat {
                    try client.produce(["\(count)"], to: "t")
                    for _ in 0..<5 { #expect(try client.commit(count, of: "t", group: "g") == .none) }
                    count += 1
                    names = try FileManager.default.contentsOfDirectory(atPath: path)
                } while names.contains("journal-1") && ContinuousClock.now < deadline
                #expect(names.contains { $0.hasPrefix("snapshot-") }, "\(names)")
                try client.produce(["\(count)"], to: "t")
                try await broker.crash()
                try await broker.restart()
                #expect(try RawClient(broker).fetch("t") == (0...count).map { "\($0)" })
                #expect(try RawClient(broker).committed("t", group: "g") == count - 1)
            }
        }
    }

    @Test("records are in segments, which no snapshot copies; the journal stays small")
    func segments() async throws {
        try await withDataDirectory { path in
            try await withBroker {
                $0.dataDirectory = path
                $0.journalSizeInBytes = 30_000
                $0.segmentSizeInBytes = 20_000
                $0.topics = [NewTopic("t")]
            } _: { broker in
                let client = try RawClient(broker)
                let value = String(repeating: "x", count: 1_000)
                for _ in 0..<100 { try client.produce([value], to: "t") }
                try await broker.crash()
                #expect(try files(in: path + "/segments").count == 6)
                #expect(try files(in: path).filter { !$0.key.hasPrefix("segments") }.values.reduce(0, +) < 20_000)
                try await broker.restart()
                #expect(try RawClient(broker).fetch("t").count == 100)
            }
        }
    }

    @Test("the files of records that were deleted are removed")
    func deletedRecords() async throws {
        try await withDataDirectory { path in
            try await withBroker {
                $0.dataDirectory = path
                $0.journalSizeInBytes = 20_000
                $0.segmentSizeInBytes = 20_000
                $0.topics = [NewTopic("t")]
            } _: { broker in
                let client = try RawClient(broker)
                let value = String(repeating: "x", count: 1_000)
                for _ in 0..<300 {
                    let offset = try client.produce([value], to: "t").baseOffset
                    var deletion = DeleteRecords.Request()
                    deletion.topics = [WireTopic("t", [DeleteRecords.Request.Partition(index: 0, offset: offset)])]
                    _ = try client.call(deletion)
                }
                try await broker.crash()
                #expect(try files(in: path).values.reduce(0, +) < 150_000)
                try await broker.restart()
                #expect(try RawClient(broker).fetch("t", from: 299) == [value])
            }
        }
    }

    @Test("a deleted topic's files are removed")
    func deletedTopic() async throws {
        try await withDataDirectory { path in
            try await withBroker {
                $0.dataDirectory = path
                $0.topics = [NewTopic("t")]
            } _: { broker in
                let client = try RawClient(broker)
                try client.produce(["a"], to: "t")
                #expect(try files(in: path + "/segments").count == 1)
                var deletion = DeleteTopics.Request()
                deletion.topicNames = ["t"]
                _ = try client.call(deletion, version: 5)
                // The file is removed with the next snapshot, which is written while requests are answered.
                let deadline = ContinuousClock.now + .seconds(300)
                while try !files(in: path + "/segments").isEmpty, ContinuousClock.now < deadline {
                    _ = try client.createTopic("u")
                }
                #expect(try files(in: path + "/segments").isEmpty)
            }
        }
    }

    @Test("an incomplete unit is removed, and nothing before it", arguments: [1, 5, 20, 60])
    func tornTail(missing: Int) async throws {
        try await withDataDirectory { path in
            try await withBroker {
                $0.dataDirectory = path
                $0.topics = [NewTopic("t")]
            } _: { broker in
                let client = try RawClient(broker)
                try client.produce(["a"], to: "t")
                try client.produce(["b"], to: "t")
                try await broker.crash()
                let file = try JournalFile("\(path)/journal-1")
                try file.truncate(to: file.sizeInBytes() - missing)
                try await broker.restart()
                #expect(try RawClient(broker).fetch("t") == ["a"])
                try RawClient(broker).produce(["c"], to: "t")
                try await broker.crash()
                try await broker.restart()
                #expect(try RawClient(broker).fetch("t") == ["a", "c"])
            }
        }
    }

    @Test("any bytes after the last whole unit are removed")
    func garbage() async throws {
        try await withDataDirectory { path in
            try await withBroker {
                $0.dataDirectory = path
                $0.topics = [NewTopic("t")]
            } _: { broker in
                try RawClient(broker).produce(["a"], to: "t")
                try await broker.crash()
                let file = try JournalFile("\(path)/journal-1")
                try file.write([0xff, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 9, 9, 9], at: file.sizeInBytes())
                try await broker.restart()
                #expect(try RawClient(broker).fetch("t") == ["a"])
            }
        }
    }

    @Test("damage before the last file is an error, not skipped")
    func damage() async throws {
        try await withDataDirectory { path in
            try await withBroker {
                $0.dataDirectory = path
                $0.topics = [NewTopic("t")]
            } _: { broker in
                try RawClient(broker).produce(["a"], to: "t")
                try await broker.crash()
                let file = try JournalFile("\(path)/journal-1")
                let whole = try file.read(file.sizeInBytes(), at: 0)
                try JournalFile("\(path)/journal-2").write(whole, at: 0)
                try file.truncate(to: whole.count - 1)
                let failure = await #expect(throws: JournalFailure.self) { try await broker.restart() }
                #expect(failure?.description.contains("journal-1 is damaged") ?? false)
            }
        }
    }

    @Test("a directory belongs to one broker at a time")
    func lock() async throws {
        try await withDataDirectory { path in
            try await withBroker {
                $0.dataDirectory = path
            } _: { _ in
                let failure = await #expect(throws: JournalFailure.self) {
                    try await withBroker {
                        $0.dataDirectory = path
                    } _: { _ in
                    }
                }
                #expect(failure?.description.hasPrefix("another broker uses") ?? false)
            }
            // It is free again once the first has stopped.
            try await withBroker {
                $0.dataDirectory = path
            } _: { _ in
            }
        }
    }

    @Test("an error names a directory that cannot be created")
    func noDirectory() async throws {
        let failure = await #expect(throws: JournalFailure.self) {
            try await withBroker {
                $0.dataDirectory = "/dev/null/data"
            } _: { _ in
            }
        }
        #expect(failure?.description.contains("/dev/null/data") ?? false)
    }

    /// The sizes of all files in a folder by path, without the file that reserves space for a full disk.
    private func files(in path: String) throws -> [String: Int] {
        var sizes: [String: Int] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: path) where name != "reserve" {
            // A running broker may remove the file between the two calls.
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)") else {
                continue
            }
            if attributes[.type] as? FileAttributeType == .typeRegular { sizes[name] = attributes[.size] as? Int }
        }
        return sizes
    }
}
