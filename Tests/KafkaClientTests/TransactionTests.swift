import KafkaClient
import Testing

extension BrokerTests {
    struct TransactionTests {
        @Test("a new read_committed consumer sees the committed records and no aborted ones")
        func commitAndAbort() throws {
            let topic = try TestBroker.topic()
            let producer = try TestBroker.producer(["transactional.id": TestBroker.uniqueName("txn")])
            try producer.initTransactions(timeoutMs: 10_000)
            for (name, commits) in [("a", true), ("b", false), ("c", true)] {
                try producer.beginTransaction()
                for index in 0..<3 { try producer.send("\(name)\(index)", to: topic) }
                if commits {
                    try producer.commitTransaction(timeoutMs: 10_000)
                } else {
                    try producer.flush(timeoutMs: 10_000)
                    try producer.abortTransaction(timeoutMs: 10_000)
                }
            }
            let consumer = try TestBroker.consumer([
                "isolation.level": "read_committed", "enable.partition.eof": "true",
            ])
            try consumer.assign(topic)
            #expect(try consumer.receiveToEnd().map(\.text) == ["a0", "a1", "a2", "c0", "c1", "c2"])
            try consumer.close()
        }

        @Test("the end offset depends on the isolation level while a transaction is open")
        func endOffsets() throws {
            let topic = try TestBroker.topic()
            let partition = TopicPartition(topic, 0)
            let producer = try TestBroker.producer(["transactional.id": TestBroker.uniqueName("txn")])
            try producer.initTransactions(timeoutMs: 10_000)
            try producer.beginTransaction()
            try producer.send("a", to: topic)
            try producer.commitTransaction(timeoutMs: 10_000)
            try producer.beginTransaction()
            try producer.send("b", to: topic)
            try producer.flush(timeoutMs: 10_000)
            for own in [IsolationLevel.readCommitted, .readUncommitted] {
                let consumer = try TestBroker.consumer(["isolation.level": own.rawValue])
                let committed = try consumer.endOffset(partition, isolation: .readCommitted, timeoutMs: 10_000)
                let all = try consumer.endOffset(partition, isolation: .readUncommitted, timeoutMs: 10_000)
                // One record and one commit marker are stable; the open record is not.
                #expect(committed == 2)
                #expect(all == 3)
                let own = own == .readCommitted ? committed : all
                #expect(try consumer.queryWatermarks(partition, timeoutMs: 10_000) == Watermarks(low: 0, high: own))
                try consumer.close()
            }
            try producer.abortTransaction(timeoutMs: 10_000)
        }

        @Test("offsets with metadata are committed with the transaction and read back")
        func sendOffsets() throws {
            let topic = try TestBroker.topic(partitions: 2)
            let group = TestBroker.uniqueName("group")
            let consumer = try TestBroker.consumer(group: group)
            let producer = try TestBroker.producer(["transactional.id": TestBroker.uniqueName("txn")])
            try producer.initTransactions(timeoutMs: 10_000)
            let partitions = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
            #expect(try consumer.committed(partitions, timeoutMs: 10_000).isEmpty)
            let offsets = [partitions[0]: CommittedOffset(3, metadata: "time=17 ✓")]
            try producer.beginTransaction()
            try producer.send("v", to: topic)
            try producer.sendOffsets(offsets, group: try consumer.groupMetadata(), timeoutMs: 10_000)
            try producer.commitTransaction(timeoutMs: 10_000)
            #expect(try consumer.committed(partitions, timeoutMs: 10_000) == offsets)
            #expect(try TestBroker.admin().listConsumerGroupOffsets(group, timeoutMs: 10_000) == offsets)
            try consumer.close()
        }

        @Test("an older producer with the same transactional id is fenced for good")
        func fencing() throws {
            let topic = try TestBroker.topic()
            let id: ClientSettings = ["transactional.id": TestBroker.uniqueName("txn")]
            let older = try TestBroker.producer(id)
            try older.initTransactions(timeoutMs: 10_000)
            try older.beginTransaction()
            try older.send("old", to: topic)
            try older.flush(timeoutMs: 10_000)
            let newer = try TestBroker.producer(id)
            try newer.initTransactions(timeoutMs: 10_000)
            let error = try #require(throws: KafkaError.self) {
                try older.send("old", to: topic)
                try older.commitTransaction(timeoutMs: 10_000)
            }
            #expect(error.isFatal)
            #expect(older.fatalError != nil)
            try newer.beginTransaction()
            try newer.send("new", to: topic)
            try newer.commitTransaction(timeoutMs: 10_000)
        }

        @Test("after a failure that only an abort mends, records are refused with an error that asks for it")
        func failed() throws {
            let (topic, gone) = (try TestBroker.topic(), try TestBroker.topic("gone"))
            let producer = try TestBroker.producer([
                "transactional.id": TestBroker.uniqueName("txn"), "message.timeout.ms": "2000",
            ])
            try producer.initTransactions(timeoutMs: 10_000)
            try producer.beginTransaction()
            try producer.send("a", to: gone)
            try producer.commitTransaction(timeoutMs: 10_000)
            try #require(try TestBroker.admin().deleteTopics([gone], timeoutMs: 10_000)[gone]).get()

            // The record fails in the background: no transaction takes a partition of a deleted topic, or the record's time is over.
            try producer.beginTransaction()
            try producer.send("b", to: gone)
            let deadline = ContinuousClock.now + .seconds(300)
            let error = try #require(throws: KafkaError.self) {
                while ContinuousClock.now < deadline {
                    try producer.send("c", to: topic)
                    producer.poll(timeoutMs: 10)
                }
            }
            #expect(error.code == .invalidState)
            #expect(error.requiresAbort)
            #expect(!error.isFatal)
        }

        @Test("calls out of order are errors, not crashes")
        func outOfOrder() throws {
            let producer = try TestBroker.producer(["transactional.id": TestBroker.uniqueName("txn")])
            let error = try #require(throws: KafkaError.self) { try producer.beginTransaction() }
            #expect(error.code == .invalidState)
            #expect(!error.isFatal)
        }
    }
}
