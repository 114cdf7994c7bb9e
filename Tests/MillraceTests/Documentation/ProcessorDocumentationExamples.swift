import Millrace
import MillraceTesting
import Testing

/// The examples of the Processor API's comments and of its guide, unchanged.
@Suite("Examples in the documentation of processors")
struct ProcessorDocumentationExamples {
    struct Sum: Processor {
        let context: ProcessorContext<String, Double>
        var sum = 0.0

        mutating func process(_ record: Record<String, Double>) throws {
            sum += record.value ?? 0
            try context.forward(record.with(value: sum))
        }
    }

    struct Counter {
        let store: KeyValueStore<String, Int64>

        func increment(_ key: String) throws { try store.put(key, (store.get(key) ?? 0) + 1) }
    }

    @Test("the examples of processors run")
    func processors() throws {
        let builder = StreamsBuilder()
        let payments = builder.stream("payments", key: .string, value: .json(Payment.self))
        payments.process { (context: ProcessorContext<String, Double>) in
            var sum = 0.0
            try context.schedule(every: .seconds(60), on: .streamTime) { timestampMs in
                try context.forward(Record(key: "sum", value: sum, timestampMs: timestampMs))
            }
            return { record in sum += record.value?.amount ?? 0 }
        }
        .to("sums")
        payments.processValues { (context: FixedKeyProcessorContext<String, String>) in
            { record in try context.forward(record.with(value: "\(record.value?.amount ?? 0) by \(context.taskID)")) }
        }
        .to("sentences")
        let amounts = payments.mapValues { payment in payment.amount }
        amounts.process { context in Sum(context: context) }.to("running-sums")
        payments.to { record in "payments-\(record.key ?? "unknown")" }
        payments.print(label: "payments")

        let counters = Stores.keyValue("counters", key: .string, value: .int64).wrapped { Counter(store: $0) }
        payments.process(stores: [counters]) { (context: ProcessorContext<Never, Never>) in
            let counter = try context.store(counters)
            return { record in if let key = record.key { try counter.increment(key) } }
        }

        let limits = Stores.keyValue("limits", key: .string, value: .double)
        builder.addReadOnlyStateStore(limits, topic: "limits", key: .string, value: .double, named: "limits-reader")
        payments.processValues(stores: [limits]) { (context: FixedKeyProcessorContext<String, Bool>) in
            let limits = try context.store(limits).readOnly
            return { record in
                let limit = try record.key.flatMap { try limits.get($0) } ?? 0
                try context.forward(record.with(value: record.value.map { $0.amount <= limit }))
            }
        }
        .mapValues { isAllowed in isAllowed ? "yes" : "no" }.to("allowed")
        _ = try TopologyTestDriver(builder.build())
    }

    @Test("the example of a store that a processor brings along passes changes only")
    func deduplication() throws {
        let builder = StreamsBuilder()
        let stream = builder.stream("in", key: .string, value: .string)
        let lastValues = Stores.keyValue("last-values", key: .string, value: .string)
        stream.processValues(stores: [lastValues]) { (context: FixedKeyProcessorContext<String, String>) in
            let last = try context.store(lastValues)
            return { record in
                guard let key = record.key, let value = record.value, try last.get(key) != value else { return }
                try last.put(key, value)
                try context.forward(record)
            }
        }
        .to("out")
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("in", key: .string, value: .string).pipe(keyValues: [("a", "1"), ("a", "1"), ("a", "2")])
        #expect(try driver.outputTopic("out", key: .string, value: .string).readValues() == ["1", "2"])
    }

    @Test("the examples of topologies by hand, patterns and transformed tables build")
    func others() throws {
        let builder = StreamsBuilder()
        let events = builder.addSource("events", topics: ["clicks", "views"], key: .string, value: .string)
        let longest = builder.addProcessor("longest", after: events) { (context: ProcessorContext<String, String>) in
            var longest = ""
            return { record in
                guard let value = record.value, value.count > longest.count else { return }
                longest = value
                try context.forward(record)
            }
        }
        builder.addSink("words", topic: "longest-words", after: longest)
        builder.stream(matching: "payments-.*", key: .string, value: .json(Payment.self))
            .mapValues { $0.amount }.to("amounts")
        let balances = builder.table("balances", key: .string, value: .double)
        balances.transformValues { context in
            { account, balance in balance.map { "\(account): \($0) in task \(context.taskID)" } }
        }
        .toStream().to("sentences")
        balances.toStream { _, balance in balance < 0 ? "overdrawn" : "good" }.to("by-standing")
        _ = try builder.build()
    }

    @Test("the examples of patterns and chosen topics by hand build")
    func byHand() throws {
        let builder = StreamsBuilder()
        let payments = builder.addSource("payments", matching: "payments-.*", key: .string, value: .string)
        let longest = payments
        builder.addSink("by-length", after: longest) { record in "words-of-\(record.value?.count ?? 0)" }
        _ = try builder.build()
    }

    @Test("the examples of the test driver run")
    func driver() throws {
        let builder = StreamsBuilder()
        builder.stream("words", key: .string, value: .string).groupByKey().count(into: .store("counts")).toStream()
            .to("counts")
        let topology = try builder.build()
        let driver = try TopologyTestDriver(topology, partitions: 4, storage: .simulatedDisk)
        let input = driver.inputTopic(
            "words", key: .string, value: .string, startingAtMs: 1_000, advancingBy: .seconds(1))
        try input.pipe(key: "a", value: "first, at 1000")
        try input.pipe(keyValues: [("b", "at 2000"), ("a", "at 3000")])
        try driver.advanceWallClock(by: .seconds(10))
        try driver.restart(.losingState)
        try input.pipe(key: "a", value: "at 4000")
        let output = driver.outputTopic("counts", key: .string, value: .int64)
        #expect(try output.readTable() == ["a": 3, "b": 1])
    }

    @Test("the example of a global store runs")
    func globalStore() throws {
        let builder = StreamsBuilder()
        let limits = Stores.keyValue("limits", key: .string, value: .double)
        builder.addGlobalStore(limits, topic: "limit-changes", key: .string, value: .double) { context in
            let limits = try context.store(limits)
            return { record in
                guard let key = record.key, let change = record.value else { return }
                try limits.put(key, (limits.get(key) ?? 0) + change)
            }
        }
        let payments = builder.stream("payments", key: .string, value: .double)
        payments.processValues { (context: FixedKeyProcessorContext<String, Bool>) in
            let limits = try context.store(limits)
            return { record in
                let limit = try record.key.flatMap { try limits.get($0) } ?? 0
                try context.forward(record.with(value: record.value.map { $0 <= limit }))
            }
        }
        .mapValues { isAllowed in isAllowed ? "yes" : "no" }.to("allowed")
        let driver = try TopologyTestDriver(builder.build())
        let changes = driver.inputTopic("limit-changes", key: .string, value: .double)
        try changes.pipe(keyValues: [("a", 10), ("a", 5)])
        try driver.inputTopic("payments", key: .string, value: .double).pipe(keyValues: [("a", 15), ("a", 16)])
        #expect(try driver.outputTopic("allowed", key: .string, value: .string).readValues() == ["yes", "no"])
    }
}
