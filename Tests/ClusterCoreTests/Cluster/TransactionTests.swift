import ClusterCore
import Testing

@Suite("Transactions")
struct TransactionTests {
    @Test("read_committed readers wait at an open transaction; markers take an offset")
    func isolation() throws {
        let (cluster, partition) = try clusterWithTopic()
        var producer = try TestProducer(cluster, "x")
        try producer.send(["c0", "c1"], to: partition)
        _ = try cluster.produce(values("plain"), to: partition, nowMs: 0)
        #expect(try read(cluster, partition).isEmpty)
        #expect(try read(cluster, partition, isolation: .readUncommitted).count == 3)
        #expect(try cluster.listOffset(partition, .latest, isolation: .readCommitted).offset == 0)
        #expect(try cluster.listOffset(partition, .latest, isolation: .readUncommitted).offset == 3)
        try producer.end(commit: true)
        #expect(text(try read(cluster, partition)) == "c0@0 c1@1 plain@2")
        #expect(try cluster.listOffset(partition, .latest, isolation: .readCommitted).offset == 4)
        try producer.send(["a0"], to: partition)
        try producer.end(commit: false)
        #expect(try read(cluster, partition).count == 3)
        #expect(try read(cluster, partition, isolation: .readUncommitted).count == 4)
        try producer.send(["c2"], to: partition)
        try producer.end(commit: true)
        #expect(text(try read(cluster, partition, from: 4)) == "c2@6")
    }

    @Test("interleaved transactions: readers wait at the oldest open one, and aborted records are dropped")
    func interleaved() throws {
        let (cluster, partition) = try clusterWithTopic()
        var first = try TestProducer(cluster, "1")
        var second = try TestProducer(cluster, "2")
        for index in 0..<3 {
            try first.send(["C\(index)"], to: partition)
            try second.send(["A\(index)"], to: partition)
        }
        try first.end(commit: true)
        #expect(text(try read(cluster, partition)) == "C0@0")
        try second.end(commit: false)
        #expect(text(try read(cluster, partition)) == "C0@0 C1@2 C2@4")
        #expect(text(try read(cluster, partition, from: 2)) == "C1@2 C2@4")
        #expect(text(try read(cluster, partition, maxBytes: 1)) == "C0@0 C1@2 C2@4")
    }

    @Test("a second producer with the same id fences the first and aborts its transaction")
    func fencing() throws {
        let (cluster, partition) = try clusterWithTopic()
        var zombie = try TestProducer(cluster, "x")
        try zombie.send(["z"], to: partition)
        let next = try TestProducer(cluster, "x")
        #expect(next.identity.producerID == zombie.identity.producerID)
        #expect(next.identity.epoch == zombie.identity.epoch + 2)
        #expect(try cluster.offsets(of: partition).lastStableOffset == 2)
        let late = values("late", producer: zombie.identity, sequence: 1, isTransactional: true)
        #expect(
            code(
                try cluster.produce(
                    late, to: partition, transactionalID: "x", nowMs: 0)) == .invalidProducerEpoch)
        for (version, fenced) in [(1, .invalidProducerEpoch), (2, .producerFenced)] as [(Int16, KafkaErrorCode)] {
            #expect(
                code(
                    try cluster.endTransaction(
                        "x", producer: zombie.identity, commit: true, requestVersion: version, nowMs: 0)) == fenced)
            #expect(
                code(
                    try cluster.addPartitionsToTransaction(
                        "x", producer: zombie.identity, partitions: [partition], requestVersion: version, nowMs: 0))
                    == fenced)
            #expect(
                code(
                    try cluster.addOffsetsToTransaction(
                        "x", producer: zombie.identity, groupID: "g", requestVersion: version, nowMs: 0)) == fenced)
        }
        #expect(
            code(
                try cluster.initProducerID(
                    transactionalID: "x", transactionTimeoutMs: 1, current: zombie.identity, requestVersion: 3,
                    nowMs: 0)) == .invalidProducerEpoch)
        #expect(
            code(
                try cluster.initProducerID(
                    transactionalID: "x", transactionTimeoutMs: 1, current: zombie.identity, nowMs: 0))
                == .producerFenced)
        #expect(
            code(
                try cluster.commitTransactionOffsets(
                    "x", producer: zombie.identity, member: .init(groupID: "g"), offsets: [],
                    nowMs: 0)) == .invalidProducerEpoch)
        var live = next
        try live.send(["new"], to: partition)
        try live.end(commit: true)
        #expect(text(try read(cluster, partition)) == "new@2")
    }

    @Test("a producer may bump its epoch, and repeat that if the answer was lost (KIP-360)")
    func epochBump() throws {
        let (cluster, _) = try clusterWithTopic()
        func bump(_ current: ProducerIdentity) throws(KafkaError) -> ProducerIdentity {
            try cluster.initProducerID(transactionalID: "x", transactionTimeoutMs: 1_000, current: current, nowMs: 0)
        }
        let first = try bump(.none)
        let second = try bump(first)
        #expect(second == ProducerIdentity(producerID: first.producerID, epoch: 1))
        #expect(try bump(first) == second)
        let third = try bump(second)
        #expect(third.epoch == 2)
        #expect(code(try bump(first)) == .producerFenced)
        _ = try bump(.none)
        #expect(code(try bump(third)) == .producerFenced)
    }

    @Test("when its epochs run out, a transactional id gets a new producer id; the last bump may be repeated")
    func epochExhaustion() throws {
        let (cluster, _) = try clusterWithTopic()
        var current = ProducerIdentity.none
        var former = current
        repeat {
            former = current
            current = try cluster.initProducerID(
                transactionalID: "x", transactionTimeoutMs: 1_000, current: current, nowMs: 0)
        } while former.producerID == -1 || former.producerID == current.producerID
        #expect(former.epoch == Int16.max - 1)
        #expect(current.epoch == 0)
        #expect(
            try cluster.initProducerID(
                transactionalID: "x", transactionTimeoutMs: 1_000, current: former, nowMs: 0) == current)
    }

    @Test("without a transactional id every producer gets a new producer id")
    func idempotentIDs() throws {
        let (cluster, _) = try clusterWithTopic()
        let ids = try (0..<3).map { _ in
            try cluster.initProducerID(
                transactionalID: nil, transactionTimeoutMs: 0, nowMs: 0)
        }
        #expect(Set(ids.map(\.producerID)).count == 3)
        #expect(ids.allSatisfy { $0.epoch == 0 })
    }

    @Test(
        "a timeout must be positive and within the broker's limit",
        arguments: [(0, false), (1, true), (900_000, true), (900_001, false), (-1, false)] as [(Int32, Bool)])
    func timeoutBounds(timeoutMs: Int32, isTaken: Bool) throws {
        let (cluster, _) = try clusterWithTopic()
        let answer = code(
            try cluster.initProducerID(
                transactionalID: "x", transactionTimeoutMs: timeoutMs, nowMs: 0))
        #expect(answer == (isTaken ? .none : .invalidTransactionTimeout))
    }

    @Test("a commit or an abort may be repeated, but not changed, and needs a transaction")
    func ends() throws {
        let (cluster, partition) = try clusterWithTopic()
        var producer = try TestProducer(cluster, "x")
        func end(_ commit: Bool) -> KafkaErrorCode {
            code(
                try cluster.endTransaction(
                    "x", producer: producer.identity, commit: commit, nowMs: 0))
        }
        #expect(end(true) == .invalidTxnState)
        try producer.send(["a"], to: partition)
        #expect(end(true) == .none)
        #expect(end(true) == .none)
        #expect(end(false) == .invalidTxnState)
        try producer.send(["b"], to: partition)
        #expect(end(false) == .none)
        #expect(end(false) == .none)
        #expect(end(true) == .invalidTxnState)
        #expect(try cluster.offsets(of: partition).highWatermark == 4)
        #expect(
            code(
                try cluster.endTransaction(
                    "y", producer: producer.identity, commit: true, nowMs: 0)) == .invalidProducerIDMapping)
        #expect(
            code(
                try cluster.endTransaction(
                    "", producer: producer.identity, commit: true, nowMs: 0)) == .invalidRequest)
    }

    @Test("a transactional batch needs its partition in the open transaction")
    func verification() throws {
        let (cluster, partition) = try clusterWithTopic(partitions: 2)
        var producer = try TestProducer(cluster, "x")
        func send(_ partition: TopicPartition, id: String? = "x", sequence: Int32 = 0) -> KafkaErrorCode {
            let bytes = values("a", producer: producer.identity, sequence: sequence, isTransactional: true)
            return code(
                try cluster.produce(
                    bytes, to: partition, transactionalID: id, nowMs: 0))
        }
        #expect(send(partition) == .invalidTxnState)
        try producer.send(["a"], to: partition)
        #expect(send(TopicPartition("t", 1)) == .invalidTxnState)
        #expect(send(TopicPartition("t", 1), id: "y") == .invalidProducerIDMapping)
        #expect(send(partition, sequence: 1) == .none)
        producer.sequences[partition] = 2
        try producer.end(commit: true)
        #expect(send(partition, sequence: 2) == .invalidTxnState)
        try producer.send(["b", "c"], to: partition)
        let plain = values("p", producer: producer.identity, sequence: 4)
        #expect(code(try cluster.produce(plain, to: partition, nowMs: 0)) == .invalidTxnState)
    }

    @Test("unknown partitions get an error, and the others are not added either")
    func unknownPartitions() throws {
        let (cluster, partition) = try clusterWithTopic()
        let producer = try TestProducer(cluster, "x")
        let outcomes = try cluster.addPartitionsToTransaction(
            "x", producer: producer.identity, partitions: [partition, TopicPartition("u", 0)], nowMs: 0)
        #expect(outcomes.map(\.error) == [.operationNotAttempted, .unknownTopicOrPartition])
        #expect(try cluster.describeTransaction("x").state == .empty)
    }

    @Test("past its timeout a transaction is aborted and its producer fenced")
    func timeout() throws {
        let (cluster, partition) = try clusterWithTopic()
        var producer = try TestProducer(cluster, "x", timeoutMs: 5_000)
        try producer.send(["a"], to: partition, nowMs: 1_000)
        try producer.send(["b"], to: partition, nowMs: 5_000)
        #expect(try #require(cluster.nextDeadlineMs) <= 6_000)
        cluster.tick(nowMs: 5_999)
        #expect(try cluster.offsets(of: partition).lastStableOffset == 0)
        cluster.tick(nowMs: 6_000)
        #expect(try cluster.offsets(of: partition).lastStableOffset == 3)
        #expect(try read(cluster, partition).isEmpty)
        #expect(
            code(
                try cluster.endTransaction(
                    "x", producer: producer.identity, commit: true, nowMs: 6_001)) == .producerFenced)
        var again = try TestProducer(cluster, "x", timeoutMs: 5_000, nowMs: 7_000)
        try again.send(["c"], to: partition, nowMs: 7_000)
        cluster.tick(nowMs: 11_999)
        try again.end(commit: true, nowMs: 11_999)
        cluster.tick(nowMs: 20_000)
        #expect(text(try read(cluster, partition)) == "c@3")
    }

    @Test("the timeout of each transaction starts anew, also when one follows another at once")
    func timeoutPerTransaction() throws {
        let (cluster, partition) = try clusterWithTopic()
        var producer = try TestProducer(cluster, "x", timeoutMs: 1_000)
        for time in stride(from: 0, to: 10_000, by: 900) as StrideTo<Int64> {
            cluster.tick(nowMs: time)
            try producer.send(["\(time)"], to: partition, nowMs: time)
            cluster.tick(nowMs: time + 850)
            try producer.end(commit: true, nowMs: time + 850)
        }
        #expect(try read(cluster, partition).count == 12)
    }

    @Test("a transactional id that is unused for a week is forgotten")
    func expiry() throws {
        let (cluster, partition) = try clusterWithTopic()
        var producer = try TestProducer(cluster, "x")
        try producer.send(["a"], to: partition)
        try producer.end(commit: true)
        cluster.tick(nowMs: 604_800_000)
        #expect(cluster.listTransactions().isEmpty)
        #expect(
            code(
                try cluster.addPartitionsToTransaction(
                    "x", producer: producer.identity, partitions: [partition], nowMs: 604_800_000))
                == .invalidProducerIDMapping)
    }

    @Test("a deleted topic does not prevent its transaction from ending")
    func deletedTopic() throws {
        let (cluster, partition) = try clusterWithTopic()
        _ = try cluster.createTopic(NewTopic("u"), nowMs: 0)
        var producer = try TestProducer(cluster, "x")
        try producer.send(["a"], to: partition)
        try producer.send(["b"], to: TopicPartition("u", 0))
        try cluster.deleteTopic("t", nowMs: 0)
        try producer.end(commit: true)
        #expect(text(try read(cluster, TopicPartition("u", 0))) == "b@0")
    }
}
