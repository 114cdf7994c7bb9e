import Millrace
import MillraceEngine

/// The behaviour of every ``ProducerPort``.
package enum ProducerContract {
    package static let behaviours: [PortBehaviour] = [
        PortBehaviour("the next offset is known of what was acknowledged") { lab in
            let topic = try lab.makeTopic(partitions: 2)
            let producer = try lab.makeProducer(transactionalID: nil)
            defer { producer.close() }
            let partition = TopicPartition(topic: topic, partition: 1)
            try requireEqual(producer.nextOffset(of: partition), nil, "before anything was sent")
            for (count, next) in [(1, 1), (3, 4)] as [(Int, Int64)] {
                for _ in 0..<count { try producer.send("v", to: topic, partition: 1) }
                try producer.flushAll(lab)
                try requireEqual(producer.nextOffset(of: partition), next, "the next offset")
            }
            try requireEqual(
                producer.nextOffset(of: TopicPartition(topic: topic, partition: 0)), nil, "of the other partition")
        },
        PortBehaviour("a topic has one number, and tells its partitions") { lab in
            let (one, three) = (try lab.makeTopic("one"), try lab.makeTopic("three", partitions: 3))
            let producer = try lab.makeProducer(transactionalID: nil)
            defer { producer.close() }
            let numbers = try [one, three].map { try producer.topic(named: $0) }
            try requireEqual(try [one, three].map { try producer.topic(named: $0) }, numbers, "the numbers")
            try requireEqual(
                try numbers.map { number in try lab.retrying("the count") { try producer.partitionCount(of: number) } },
                [1, 3], "the counts")
        },
    ]

    /// The behaviours with a cluster that checks the records it gets.
    package static let clusterBehaviours: [PortBehaviour] = [
        PortBehaviour("without a partition a key decides, as in Kafka") { lab in
            let topic = try lab.makeTopic(partitions: 4)
            let producer = try lab.makeProducer(transactionalID: nil)
            defer { producer.close() }
            let number = try producer.topic(named: topic)
            var expected: [Int: Int] = [:]
            for key in 0..<20 {
                try Array("key \(key)".utf8).withUnsafeBytes { key in
                    expected[Int(KafkaPartitioner.partition(for: key, count: 4)), default: 0] += 1
                    try producer.send(
                        topic: number, partition: nil, key: key, value: nil, timestampMs: 1_000, headers: [])
                }
            }
            try producer.flushAll(lab)
            let reading = try Reading(lab)
            defer { reading.port.close() }
            try reading.port.assign(
                ([0, 1, 2, 3] as [Int32]).map { partition in
                    PartitionAssignment(
                        partition: TopicPartition(topic: topic, partition: partition), slot: Int(partition), offset: nil
                    )
                })
            try lab.eventually("all records") {
                try reading.poll()
                return reading.received.count >= 20
            }
            for slot in 0..<4 {
                try requireEqual(reading.offsets(slot).count, expected[slot] ?? 0, "the records of partition \(slot)")
            }
        },
        PortBehaviour("a record of a topic that does not exist is refused, and told") { lab in
            let producer = try lab.makeProducer(transactionalID: nil)
            defer { producer.close() }
            let error = try requireError("the record") {
                try producer.send("v", to: "missing")
                try producer.flushAll(lab)
            }
            try requireEqual(error.kind, .rejected, "the kind of \(error)")
            try require(error.isTopicMissing, "the error says that the topic is missing: \(error)")
            try requireEqual(error.refused?.topic, "missing", "the refused record's topic")
            try requireEqual(error.refused?.keyPrefix, Array("k".utf8), "the refused record's key")
        },
        PortBehaviour("a record that is too large is refused, and only that") { lab in
            let topic = try lab.makeTopic()
            let producer = try lab.makeProducer(transactionalID: nil)
            defer { producer.close() }
            let large = ContractRecord(key: [1], value: Array(repeating: 7, count: 3_000_000))
            let error = try requireError("the record") {
                try producer.send(large, to: topic)
                try producer.flushAll(lab)
            }
            try requireEqual(error.kind, .rejected, "the kind of \(error)")
            try require(!error.isTopicMissing, "the topic is not missing")
            try producer.send("v", to: topic)
            try producer.flushAll(lab)
            try requireEqual(producer.nextOffset(of: TopicPartition(topic: topic, partition: 0)), 1, "the next offset")
        },
    ]

    /// The behaviours with transactions.
    package static let transactionalBehaviours: [PortBehaviour] = [
        PortBehaviour("records and offsets of a transaction are seen after its commit, and not before") { lab in
            try withTransaction(lab) { producer, consumer, topic in
                let partition = TopicPartition(topic: topic, partition: 0)
                let reading = try Reading(lab)
                defer { reading.port.close() }
                try reading.assign(topic)
                try producer.beginTransaction()
                try producer.send("a", to: topic)
                try producer.flushAll(lab)
                try reading.pollForAWhile()
                try require(reading.received.isEmpty, "nothing is seen before the commit")
                let offsets = [partition: CommittedOffset(offset: 7, metadata: "m")]
                try lab.retrying("the commit") {
                    try producer.commitTransaction(offsets: offsets, group: try consumer.groupMetadata())
                }
                try reading.read(1)
                try lab.eventually("the offsets") { try consumer.committed([partition], withinMs: nil) == offsets }
                try requireEqual(producer.nextOffset(of: partition), 1, "the next offset")
            }
        },
        PortBehaviour("nothing is left of a transaction that is aborted, and the next one goes on") { lab in
            try withTransaction(lab) { producer, consumer, topic in
                try producer.beginTransaction()
                try producer.send("a", to: topic)
                try lab.retrying("the abort") { try producer.abortTransaction() }
                try producer.beginTransaction()
                try producer.send("b", to: topic)
                try lab.retrying("the commit") {
                    try producer.commitTransaction(offsets: [:], group: try consumer.groupMetadata())
                }
                let reading = try Reading(lab)
                defer { reading.port.close() }
                try reading.assign(topic)
                try reading.read(1)
                try requireEqual(reading.texts(), ["b"], "the records")
            }
        },
        PortBehaviour("who has its transactional id taken is lost, and what it left open is rolled back") { lab in
            try withTransaction(lab) { producer, consumer, topic in
                try producer.beginTransaction()
                try producer.send("of the first", to: topic)
                try producer.flushAll(lab)
                let next = try lab.makeProducer(transactionalID: "t")
                defer { next.close() }
                try lab.retrying("the id") { try next.initTransactions() }
                let error = try requireError("the first's commit") {
                    try lab.retrying("the commit") {
                        try producer.commitTransaction(
                            offsets: [
                                TopicPartition(topic: topic, partition: 0): CommittedOffset(offset: 1, metadata: "")
                            ],
                            group: try consumer.groupMetadata())
                    }
                }
                try requireEqual(error.kind, .producerLost, "the kind of \(error)")
                try next.beginTransaction()
                try next.send("of the second", to: topic)
                try lab.retrying("the commit") {
                    try next.commitTransaction(offsets: [:], group: try consumer.groupMetadata())
                }
                let reading = try Reading(lab)
                defer { reading.port.close() }
                try reading.assign(topic)
                try reading.read(1)
                try requireEqual(reading.texts(), ["of the second"], "the records")
            }
        },
        PortBehaviour("offsets of an earlier generation are refused as stale, and the transaction can be aborted") {
            lab in
            try withTransaction(lab) { producer, consumer, topic in
                let earlier = try consumer.groupMetadata()
                let second = try lab.makeConsumer(group: "g", clientID: "two")
                defer { second.close() }
                try second.subscribe(to: [topic])
                var (isFirstIn, isSecondIn) = (false, false)
                try lab.eventually("a generation of two") {
                    if try consumer.follow(topic) { isFirstIn = true }
                    if try second.follow(topic) { isSecondIn = true }
                    return isFirstIn && isSecondIn
                }
                let partition = TopicPartition(topic: topic, partition: 0)
                let offsets = [partition: CommittedOffset(offset: 1, metadata: "")]
                try producer.beginTransaction()
                try producer.send("a", to: topic)
                let error = try requireError("the commit") {
                    try lab.retrying("the commit") {
                        try producer.commitTransaction(offsets: offsets, group: earlier)
                    }
                }
                try requireEqual(error.kind, .staleGeneration, "the kind of \(error)")
                try lab.retrying("the abort") { try producer.abortTransaction() }
                try requireEqual(try consumer.committed([partition], withinMs: nil), [:], "what is committed")
            }
        },
    ]

    /// Calls with a producer whose transactional id is registered, and a member of a group.
    private static func withTransaction(
        _ lab: any PortLab, _ body: (any ProducerPort, any GroupConsumer, _ topic: String) throws -> Void
    ) throws {
        let topic = try lab.makeTopic()
        let consumer = try lab.makeConsumer(group: "g", clientID: "one")
        defer { consumer.close() }
        try consumer.join(topic, lab)
        let producer = try lab.makeProducer(transactionalID: "t")
        defer { producer.close() }
        try lab.retrying("the id") { try producer.initTransactions() }
        try body(producer, consumer, topic)
    }
}
