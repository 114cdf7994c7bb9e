import Millrace
import MillraceEngine

/// The behaviour of every ``ReaderPort``.
package enum ReaderContract {
    package static let behaviours: [PortBehaviour] = [
        PortBehaviour("an assignment at no offset begins at the first record") { lab in
            let topic = try lab.makeTopic()
            try lab.write("a", "b", "c", to: topic)
            let reading = try Reading(lab)
            defer { reading.port.close() }
            try reading.assign(topic)
            try reading.read(3)
            try requireEqual(reading.offsets(), [0, 1, 2], "the offsets")
            try requireEqual(reading.texts(), ["a", "b", "c"], "the values")
        },
        PortBehaviour("an assignment at an offset begins there") { lab in
            let topic = try lab.makeTopic()
            try lab.write("a", "b", "c", to: topic)
            let reading = try Reading(lab)
            defer { reading.port.close() }
            try reading.assign(topic, from: 1)
            try reading.read(2)
            try requireEqual(reading.offsets(), [1, 2], "the offsets")
        },
        PortBehaviour("records come in the order of their offsets, with the slot of their partition") { lab in
            let topic = try lab.makeTopic(partitions: 2)
            for round in 0..<5 {
                for partition in [0, 1] as [Int32] {
                    try lab.write("\(partition)\(round)a", "\(partition)\(round)b", to: topic, partition: partition)
                }
            }
            let reading = try Reading(lab)
            defer { reading.port.close() }
            try reading.port.assign(
                ([(0, 7), (1, 3)] as [(Int32, Int)]).map { partition, slot in
                    PartitionAssignment(
                        partition: TopicPartition(topic: topic, partition: partition), slot: slot, offset: nil)
                })
            try reading.read(10, of: 7)
            try reading.read(10, of: 3)
            for (partition, slot) in [(0, 7), (1, 3)] {
                try requireEqual(reading.offsets(slot), Array(0..<10), "the offsets of slot \(slot)")
                let texts = (0..<5).flatMap { ["\(partition)\($0)a", "\(partition)\($0)b"] }
                try requireEqual(reading.texts(slot), texts, "the values of slot \(slot)")
            }
        },
        PortBehaviour("nulls, empty bytes, timestamps and headers arrive as such") { lab in
            let topic = try lab.makeTopic()
            let records = [
                ContractRecord(key: [1], value: nil), ContractRecord(key: [1], value: []),
                ContractRecord(key: nil, value: [2]), ContractRecord(key: [], value: [2], timestampMs: 1),
                ContractRecord(key: nil, value: nil, timestampMs: 1_700_000_000_123),
                ContractRecord(
                    key: [3], value: [4],
                    headers: [
                        Header(name: "h", value: [5]), Header(name: "h", value: nil), Header(name: "e", value: []),
                    ]),
            ]
            try lab.write(records, to: topic)
            let reading = try Reading(lab)
            defer { reading.port.close() }
            try reading.assign(topic)
            try reading.read(records.count)
            try requireEqual(reading.received.map(\.record), records, "the records")
        },
        PortBehaviour("a poll without records returns by its time-out") { lab in
            let topic = try lab.makeTopic()
            let reading = try Reading(lab)
            defer { reading.port.close() }
            try reading.assign(topic)
            try reading.until(.endOfPartition(slot: 0, offset: 0))
            let start = lab.clock.monotonicMs()
            let polled = try reading.port.poll(maxRecords: 10, timeoutMs: 200)
            try require(polled.runs.isEmpty, "there are no records")
            let passed = lab.clock.monotonicMs() - start
            try require(passed > 0 && passed < 60_000, "the poll took \(passed) ms")
        },
        PortBehaviour("the end of a partition is told, and again when it has moved") { lab in
            let topic = try lab.makeTopic()
            try lab.write("a", "b", to: topic)
            let reading = try Reading(lab)
            defer { reading.port.close() }
            try reading.assign(topic)
            try reading.until(.endOfPartition(slot: 0, offset: 2))
            try requireEqual(reading.offsets(), [0, 1], "the records before the end")
            try lab.write("c", to: topic)
            try reading.until(.endOfPartition(slot: 0, offset: 3))
            let partition = TopicPartition(topic: topic, partition: 0)
            try requireEqual(reading.port.knownEndOffset(of: partition), 3, "the known end")
            try require(reading.port.isAnswered(), "a reader whose broker is there is answered")
        },
        PortBehaviour("a paused partition delivers nothing, and goes on without loss; others are read meanwhile") {
            lab in
            let topic = try lab.makeTopic(partitions: 2)
            try lab.write("a", to: topic)
            let reading = try Reading(lab)
            defer { reading.port.close() }
            try reading.port.assign(
                ([0, 1] as [Int32]).map { partition in
                    PartitionAssignment(
                        partition: TopicPartition(topic: topic, partition: partition), slot: Int(partition), offset: nil
                    )
                })
            try reading.read(1)
            let paused = [TopicPartition(topic: topic, partition: 0)]
            try reading.port.pause(paused)
            try lab.write("b", "c", to: topic)
            try lab.write("other", to: topic, partition: 1)
            try reading.read(1, of: 1)
            try reading.pollForAWhile()
            try requireEqual(reading.texts(), ["a"], "the records while paused")
            try reading.port.resume(paused)
            try reading.read(3)
            try requireEqual(reading.texts(), ["a", "b", "c"], "the records after all")
        },
        PortBehaviour("a partition that was paused is read again when it is assigned anew") { lab in
            let topic = try lab.makeTopic()
            try lab.write("a", "b", to: topic)
            let reading = try Reading(lab)
            defer { reading.port.close() }
            for _ in 0..<3 {
                reading.forget()
                try reading.assign(topic, from: 0)
                try reading.read(2)
                try reading.port.pause([TopicPartition(topic: topic, partition: 0)])
            }
        },
        PortBehaviour("nothing of an earlier assignment arrives") { lab in
            let (first, second) = (try lab.makeTopic("first"), try lab.makeTopic("second"))
            try lab.write(Array(repeating: ContractRecord("first"), count: 500), to: first)
            try lab.write("second", to: second)
            let reading = try Reading(lab)
            defer { reading.port.close() }
            try reading.assign(first, slot: 0)
            try reading.read(1)
            reading.forget()
            try reading.assign(second, slot: 0)
            try reading.read(1)
            try reading.pollForAWhile()
            try requireEqual(reading.texts(), ["second"], "the records")
            try reading.port.assign([])
            reading.forget()
            try lab.write("third", to: second)
            try reading.pollForAWhile()
            try require(reading.received.isEmpty, "nothing is read when nothing is assigned")
        },
        PortBehaviour("an offset that does not exist, or exists no more, is told") { lab in
            let topic = try lab.makeTopic()
            try lab.write("a", "b", "c", "d", to: topic)
            try lab.admin.deleteRecords(before: [TopicPartition(topic: topic, partition: 0): 2])
            for offset in [1, 5] as [Int64] {
                let reading = try Reading(lab)
                defer { reading.port.close() }
                try reading.assign(topic, slot: 4, from: offset)
                try reading.until(.offsetOutOfRange(slot: 4))
                try require(reading.received.isEmpty, "there is nothing to read at \(offset)")
                try reading.assign(topic, slot: 4)
                try reading.read(2, of: 4)
                try requireEqual(reading.offsets(4), [2, 3], "the offsets from the first on")
            }
        },
        PortBehaviour("offsets are listed: the earliest, the latest, and those of times") { lab in
            let topic = try lab.makeTopic()
            let partition = TopicPartition(topic: topic, partition: 0)
            try lab.write([1_000, 2_000, 3_000].map { ContractRecord("v", timestampMs: $0) }, to: topic)
            let reading = try Reading(lab)
            defer { reading.port.close() }
            for (spec, offset) in [
                (.earliest, 0), (.latest, 3), (.timestamp(ms: 1_500), 1), (.timestamp(ms: 3_000), 2),
                (.timestamp(ms: 3_001), 3),
            ] as [(OffsetSpec, Int64)] {
                try requireEqual(try reading.port.listOffsets([partition: spec]), [partition: offset], "\(spec)")
            }
            try requireEqual(try reading.port.listOffsets([:]), [:], "no offsets")
        },
    ]

    /// The behaviours with records of transactions.
    package static let transactionalBehaviours: [PortBehaviour] = [
        PortBehaviour("aborted records are not seen") { lab in
            let topic = try lab.makeTopic()
            let producer = try lab.makeProducer(transactionalID: "t")
            defer { producer.close() }
            try lab.retrying("the id") { try producer.initTransactions() }
            for (value, isCommitted) in [("a", false), ("b", true), ("c", false), ("d", true)] {
                try producer.beginTransaction()
                try producer.send(value, to: topic)
                try producer.flushAll(lab)
                if isCommitted {
                    try producer.commit(lab)
                } else {
                    try lab.retrying("the abort") { try producer.abortTransaction() }
                }
            }
            try lab.write("e", to: topic)
            let reading = try Reading(lab)
            defer { reading.port.close() }
            try reading.assign(topic)
            try reading.read(3)
            try requireEqual(reading.texts(), ["b", "d", "e"], "the records")
        },
        PortBehaviour("the end is the last stable offset, while the known end is behind open transactions too") { lab in
            let topic = try lab.makeTopic()
            try lab.write("a", to: topic)
            let producer = try lab.makeProducer(transactionalID: "t")
            defer { producer.close() }
            try lab.retrying("the id") { try producer.initTransactions() }
            try producer.beginTransaction()
            try producer.send("b", to: topic)
            try producer.flushAll(lab)
            try lab.write("c", to: topic)
            let reading = try Reading(lab)
            defer { reading.port.close() }
            try reading.assign(topic)
            try reading.until(.endOfPartition(slot: 0, offset: 1))
            try requireEqual(reading.texts(), ["a"], "what is stable")
            let partition = TopicPartition(topic: topic, partition: 0)
            try requireEqual(reading.port.knownEndOffset(of: partition), 3, "the known end")
            try producer.commit(lab)
            try reading.read(3)
            try requireEqual(reading.texts(), ["a", "b", "c"], "what is stable after the commit")
        },
    ]
}

extension ProducerPort {
    /// Commits a transaction that has no group offsets.
    func commit(_ lab: any PortLab) throws {
        let consumer = try lab.makeConsumer(group: "commits", clientID: "commits")
        defer { consumer.close() }
        let topic = try lab.makeTopic("of-the-group")
        try consumer.join(topic, lab)
        try lab.retrying("the commit") { try commitTransaction(offsets: [:], group: try consumer.groupMetadata()) }
    }
}
