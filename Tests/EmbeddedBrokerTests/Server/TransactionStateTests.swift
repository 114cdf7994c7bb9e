import ClusterCore
import Testing

@testable import EmbeddedBroker

@Suite struct TransactionStateTests {
    /// Begins a transaction with one record in a partition.
    private func begin(_ id: String, _ client: RawClient, to topic: String = "t") throws -> ProducerIdentity {
        let initialized = try client.call(InitProducerID.Request(transactionalID: id, transactionTimeoutMs: 60_000))
        let identity = ProducerIdentity(producerID: initialized.producerID, epoch: initialized.producerEpoch)
        var addition = AddPartitionsToTxn.Request()
        addition.transactionalID = id
        addition.producerID = identity.producerID
        addition.producerEpoch = identity.epoch
        addition.topics = [WireTopic(topic, [0])]
        #expect(try client.call(addition).topics.first?.partitions.map(\.error) == [.none])
        var writer = RecordBatchWriter(producer: identity, baseSequence: 0, isTransactional: true)
        writer.append(key: nil, value: [1], timestampMs: 1_000)
        var request = client.produceRequest([], to: topic)
        request.transactionalID = id
        request.topics[0].partitions[0].records = WireRecords(writer.finish())
        #expect(try client.call(request).topics.first?.partitions.map(\.error) == [.none])
        return identity
    }

    private func end(_ id: String, _ identity: ProducerIdentity, commit: Bool, _ client: RawClient) throws {
        let end = EndTxn.Request(
            transactionalID: id, producerID: identity.producerID, producerEpoch: identity.epoch, committed: commit)
        #expect(try client.call(end).error == .none)
    }

    private func withTransactions(
        _ body: (_ client: RawClient, _ open: ProducerIdentity, _ committed: ProducerIdentity) throws -> Void
    ) async throws {
        try await withBroker {
            $0.topics = [NewTopic("t"), NewTopic("u", partitionCount: 2)]
        } _: { broker in
            let client = try RawClient(broker)
            let committed = try begin("committed", client)
            try end("committed", committed, commit: true, client)
            try end("aborted", try begin("aborted", client), commit: false, client)
            _ = try client.call(InitProducerID.Request(transactionalID: "idle", transactionTimeoutMs: 60_000))
            try body(client, try begin("open", client, to: "u"), committed)
        }
    }

    private func list(
        _ client: RawClient, states: [String] = [], producerIDs: [Int64] = [], durationMs: Int64 = -1,
        version: Int16 = 1
    ) throws -> ListTransactions.Response {
        var request = ListTransactions.Request()
        request.states = states
        request.producerIDs = producerIDs
        request.durationMs = durationMs
        return try client.call(request, version: version)
    }

    @Test("transactions are listed with their states, in either version", arguments: [0, 1] as [Int16])
    func all(version: Int16) async throws {
        try await withTransactions { client, open, _ in
            let answer = try list(client, version: version)
            #expect(answer.error == .none && answer.unknownStates.isEmpty)
            #expect(
                answer.transactions.map { "\($0.transactionalID) \($0.state)" } == [
                    "aborted CompleteAbort", "committed CompleteCommit", "idle Empty", "open Ongoing",
                ])
            #expect(answer.transactions.last?.producerID == open.producerID)
        }
    }

    @Test("a list is filtered by state, producer and duration, all of which have to match")
    func filters() async throws {
        try await withTransactions { (client, open, committed) throws in
            func ids(
                states: [String] = [], producerIDs: [Int64] = [], durationMs: Int64 = -1, version: Int16 = 1
            ) throws -> [String] {
                try list(
                    client, states: states, producerIDs: producerIDs, durationMs: durationMs, version: version
                ).transactions.map(\.transactionalID)
            }
            #expect(try ids(states: ["Ongoing", "Empty"]) == ["idle", "open"])
            #expect(try ids(states: ["PrepareCommit", "Dead", "PrepareEpochFence"]).isEmpty)
            let both = [open.producerID, committed.producerID]
            #expect(try ids(producerIDs: both) == ["committed", "open"])
            #expect(try ids(producerIDs: [-1]).isEmpty)
            #expect(try ids(states: ["Ongoing"], producerIDs: both) == ["open"])
            // A transaction that never began counts as begun long ago.
            #expect(try ids(durationMs: 3_600_000) == ["idle"])
            #expect(try ids(states: ["Ongoing"], durationMs: .max).isEmpty)
            // Version 0 has no such filter.
            #expect(try ids(states: ["Ongoing"], durationMs: .max, version: 0) == ["open"])
        }
    }

    @Test("unknown states are named in the answer, and match nothing")
    func unknownStates() async throws {
        try await withTransactions { client, _, _ in
            let mixed = try list(client, states: ["Ongoing", "ongoing", "x", "x", ""])
            #expect(mixed.error == .none)
            #expect(mixed.unknownStates == ["ongoing", "x", ""])
            #expect(mixed.transactions.map(\.transactionalID) == ["open"])
            #expect(try list(client, states: ["x"]).transactions.isEmpty)
        }
    }

    @Test("a transaction is described with its partitions while it is open")
    func described() async throws {
        try await withTransactions { client, open, committed in
            var addition = AddPartitionsToTxn.Request()
            addition.transactionalID = "open"
            addition.producerID = open.producerID
            addition.producerEpoch = open.epoch
            addition.topics = [WireTopic("u", [1]), WireTopic("t", [0])]
            _ = try client.call(addition)
            let answers = try client.call(
                DescribeTransactions.Request(transactionalIDs: ["open", "committed", "open"])
            ).transactions
            #expect(answers.map(\.transactionalID) == ["open", "committed"])
            let first = try #require(answers.first)
            #expect(first.error == .none && first.state == "Ongoing" && first.timeoutMs == 60_000 && first.startMs > 0)
            #expect(first.producerID == open.producerID && first.producerEpoch == open.epoch)
            #expect(first.topics.map(\.name) == ["t", "u"])
            #expect(first.topics.map(\.partitions) == [[0], [0, 1]])
            let last = try #require(answers.last)
            #expect(last.state == "CompleteCommit" && last.producerID == committed.producerID && last.topics.isEmpty)
        }
    }

    @Test("an unknown or empty id gets an error, beside the results for the others")
    func unknownIDs() async throws {
        try await withTransactions { client, _, _ in
            let answers = try client.call(
                DescribeTransactions.Request(transactionalIDs: ["nobody", "", "open"])
            ).transactions
            #expect(answers.map(\.error) == [.transactionalIDNotFound, .invalidRequest, .none])
            #expect(answers.map(\.transactionalID) == ["nobody", "", "open"])
            #expect(try client.call(DescribeTransactions.Request()).transactions.isEmpty)
        }
    }

    @Test("a partition's producers are described, with the start of an open transaction")
    func producers() async throws {
        try await withTransactions { client, open, committed in
            try client.produce(["plain"], to: "u")
            let topics = [WireTopic<Int32>("u", [0, 1]), WireTopic("t", [0])]
            let answer = try client.call(DescribeProducers.Request(topics: topics))
            #expect(answer.topics.map(\.name) == ["u", "t"])
            #expect(answer.topics.flatMap(\.partitions).allSatisfy { $0.error == .none && $0.errorMessage == nil })
            let first = try #require(answer.topics.first)
            #expect(first.partitions.map(\.index) == [0, 1])
            let producer = try #require(first.partitions.first?.producers.first)
            #expect(first.partitions.map(\.producers.count) == [1, 0])
            #expect(producer.producerID == open.producerID && producer.producerEpoch == Int32(open.epoch))
            #expect(producer.lastSequence == 0 && producer.lastTimestampMs == 1_000)
            #expect(producer.coordinatorEpoch == -1 && producer.transactionStartOffset == 0)
            let ended = try #require(answer.topics.last?.partitions.first?.producers)
            #expect(ended.count == 2 && ended.first?.producerID == committed.producerID)
            #expect(ended.allSatisfy { $0.transactionStartOffset == -1 && $0.coordinatorEpoch == 0 })
        }
    }

    @Test("a missing topic or partition gets an error when its producers are described")
    func unknownPartitions() async throws {
        try await withTransactions { client, _, _ in
            let topics: [WireTopic<Int32>] = [
                WireTopic("nobody", [0]), WireTopic("a b", [0]), WireTopic("t", [0, 1, -1, .max, 0]),
                WireTopic("t", [1, 2]),
            ]
            let answer = try client.call(DescribeProducers.Request(topics: topics))
            let unknown = KafkaErrorCode.unknownTopicOrPartition
            #expect(
                answer.topics.map { $0.partitions.map(\.error) } == [
                    [unknown], [.invalidTopicException], [.none, unknown, unknown, unknown], [unknown],
                ])
            #expect(answer.topics.first?.partitions.first?.errorMessage != nil)
            let refused = answer.topics.flatMap(\.partitions).filter { $0.error != .none }
            #expect(refused.allSatisfy { $0.producers.isEmpty })
        }
    }
}
