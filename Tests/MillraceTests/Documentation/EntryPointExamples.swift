import Foundation
import Millrace
import MillraceTesting
import Testing

/// The examples in the comments of stores, serdes and settings, unchanged.
@Suite("Examples in the comments of stores, serdes and settings")
struct EntryPointExamples {
    private let builder = StreamsBuilder()
    private var payments: KStream<String, Payment> {
        builder.stream("payments", key: .string, value: .json(Payment.self))
    }
    private var orders: KStream<String, Payment> {
        builder.stream("orders", key: .string, value: .json(Payment.self))
    }
    private var amounts: KStream<String, Double> { payments.mapValues { $0.amount } }

    /// Runs a closure inside a processor that has a store.
    private func inProcessor<Store>(
        _ store: StoreBuilder<Store>,
        _ body: @escaping @Sendable (Store, ProcessorContext<Never, Never>) throws -> Void
    ) throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).process(stores: [store]) {
            (context: ProcessorContext<Never, Never>) in
            let store = try context.store(store)
            return { _ in try body(store, context) }
        }
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("in", key: .string, value: .string).pipe(key: "a", value: "x")
    }

    @Test("those of key-value stores run")
    func keyValueStores() throws {
        let last = Stores.keyValue("last", key: .string, value: .int64)
        try inProcessor(last) { store, context in
            try store.put("a", 1)
            try store.putIfAbsent("a", 2)  // stays 1
            let value = try store.get("a")
            let first = try store.entries(limit: 10)
            let count = try store.count()
            try store.delete("a")
            #expect(value == 1 && first.count == 1 && count == 1)
        }
        try inProcessor(Stores.keyValue("last", key: .string, value: .string)) { _, context in
            let last = try context.keyValueStore("last", key: .string, value: .string)
            context.requestCommit()
            #expect(try last.count() == 0)
        }
        let limits = Stores.keyValue("limits", key: .string, value: .int64)
        try inProcessor(limits) { store, context in
            try store.put("acct-1", 7)
            let limits = try context.store(limits).readOnly
            let limit = try limits.get("acct-1")
            let first = try limits.entries(limit: 10)
            try limits.scan(withPrefix: Array("acct-".utf8)) { account, limit in limit < 1_000 }
            let count = try limits.count()
            #expect(limit == 7 && first.count == 1 && count == 1)
        }
        try inProcessor(Stores.timestampedKeyValue("counts", key: .string, value: .int64)) { counts, _ in
            try counts.put("a", 1, timestampMs: 1_000)
            let count = try counts.get("a")  // with its timestamp
            let some = try counts.entries(from: "a", through: "b")
            try counts.scan(from: "a") { key, count in count.timestampMs < 2_000 }
            #expect(count?.timestampMs == 1_000 && some.count == 1)
        }
        let prices = Stores.versionedKeyValue(
            "prices", key: .string, value: .int64, historyRetention: .seconds(3_600))
        try inProcessor(prices) { prices, _ in
            try prices.put("apple", 190, timestampMs: 1_000)
            try prices.put("apple", 200, timestampMs: 2_000)
            let then = try prices.get("apple", asOfMs: 1_500)  // 190
            #expect(then?.value == 190)
        }
    }

    @Test("those of stores of windows and sessions run")
    func windowStores() throws {
        let views = Stores.window("views", key: .string, value: .int64, retention: .seconds(86_400))
        try inProcessor(views) { views, _ in
            try views.put("/home", 1, startMs: 60_000, timestampMs: 61_000)
            let minute = try views.fetch("/home", startMs: 60_000)
            let hour = try views.fetch("/home", starting: 0...3_600_000)
            try views.fetchAll(starting: 0...3_600_000) { page, startMs, count in count > 0 }
            #expect(minute == 1 && hour.count == 1)
        }
        let visits = Stores.session("visits", key: .string, value: .int64, retention: .seconds(86_400))
        try inProcessor(visits) { visits, _ in
            let session = Window(startMs: 1_000, endMs: 5_000)
            try visits.put("user-1", 3, session: session, timestampMs: 5_000)
            let visit = try visits.fetch("user-1", session)
            let latest = try visits.fetch("user-1", endingAtOrAfter: 4_000)
            try visits.fetchAll(ending: 0...10_000) { user, session, count in count > 0 }
            #expect(visit == 3 && latest.count == 1)
        }
    }

    @Test("those of serdes run")
    func serdes() throws {
        _ = builder.stream("readings", key: .uuid, value: .double)
        _ = builder.stream("files", key: .bytes, value: .data)
        _ = builder.stream("switches", key: .int16, value: .bool)
        _ = builder.stream("gauges", key: .int32, value: .float)
        _ = builder.stream("totals", key: .string, value: .int64)
        _ = builder.stream("visits", key: .sessionWindowed(.string), value: .int64)
        let lengths = Serde<Int>(
            name: "length",
            serialize: { length, buffer in buffer.append(UInt8(clamping: length)) },
            deserialize: { bytes in
                guard bytes.count == 1 else { throw SerdeError(type: "length", message: "\(bytes.count) bytes") }
                return Int(bytes[0])
            })
        var buffer: [UInt8] = []
        try lengths.serialize(7, into: &buffer)
        let length = try buffer.withUnsafeBytes { try lengths.deserialize($0) }
        let same = try lengths.value(from: lengths.bytes(of: 7))
        #expect(length == 7 && same == 7)
        #expect(throws: SerdeError.self) { try lengths.value(from: []) }
    }

    @Test("those of stores' settings build")
    func settings() throws {
        let drafts = Stores.keyValue("drafts", key: .string, value: .string).inMemory().withoutChangelog()
        let totals = Stores.keyValue("totals", key: .string, value: .int64).cached().changelog(["segment.ms": "600000"])
        let last = Stores.keyValue("last", key: .string, value: .string)
        let counts = Stores.timestampedKeyValue("counts", key: .string, value: .int64)
        let prices = Stores.versionedKeyValue("prices", key: .string, value: .double, historyRetention: .seconds(3_600))
        let views = Stores.window("views", key: .string, value: .int64, retention: .seconds(86_400))
        let visits = Stores.session("visits", key: .string, value: .int64, retention: .seconds(86_400))
        let stores: [any ConnectableStore] = [drafts, totals, last, counts, prices, views, visits]
        amounts.process(stores: stores) { (_: ProcessorContext<Never, Never>) in { _ in } }
        payments.groupByKey().count(into: .store("by-account").inMemory().withoutChangelog())
        payments.groupByKey().count(into: .with(key: .string).withoutCache())
        payments.groupByKey().windowedBy(.tumbling(.seconds(60)))
            .count(into: .store("by-minute").retention(.seconds(86_400)).changelog(["segment.ms": "600000"]))
        let all = BufferConfig.unbounded.changelog(["segment.ms": "600000"])
        let some = BufferConfig.bounded(maxRecords: 1_000, whenFull: .emitEarly).withoutChangelog()
        for (name, buffer) in [("all", all), ("some", some)] {
            payments.groupByKey().count(into: .store(name)).suppress(.untilTimeLimit(.seconds(10), buffer: buffer))
                .toStream().to(name)
        }
        _ = try builder.build()
    }

    @Test("those of windows, joins and cogroups build")
    func windows() throws {
        let orders = orders
        let payments = payments
        orders.join(payments, within: .difference(.seconds(300)), as: .with(key: .string).inMemory().withoutChangelog())
        {
            order, payment in
            "\(order.amount) \(payment.amount)"
        }
        .to("paid")
        let joined = StreamJoined<String, Payment, Payment>.store("joined").supplied(by: .rocksDB)
            .changelog(["segment.ms": "600000"]).lateRecords(to: "late-payments")
        let windows =
            JoinWindows.difference(.seconds(300)).after(.seconds(60))
        orders.join(payments, within: windows, as: joined) { order, payment in order.amount + payment.amount }
            .to("both", value: .double)
        payments.groupByKey().windowedBy(.unlimited()).count()
        payments.groupByKey().cogroup { _, payment, total in payment.amount + total }
            .windowedBy(.session(gap: .seconds(300)))
            .aggregate(into: .with(value: .double), initial: 0) { _, left, right in left + right }
        _ = try builder.build()
    }

    private struct Rounded: FixedKeyProcessor {
        let context: FixedKeyProcessorContext<String, Int64>

        mutating func process(_ record: FixedKeyRecord<String, Double>) throws {
            try context.forward(record.with(value: record.value.map { Int64($0) }))
        }
    }

    @Test("those of processors run")
    func processors() throws {
        let amounts = builder.stream("amounts", key: .string, value: .double)
        amounts.processValues { context in Rounded(context: context) }.to("rounded", value: .int64)
        amounts.processValues { (context: FixedKeyProcessorContext<String, String>) in
            { record in try context.forward(record.with(value: "\(record.value ?? 0)")) }
        }
        .to("texts")
        let routed = amounts.process(named: "route") { (context: ProcessorContext<String, Double>) in
            let alarms: ProcessorChild<String, Double> = try context.child(named: "alarms")
            return { record in
                try context.forward(record, to: "archive")
                if record.value ?? 0 > 1_000 { try alarms.forward(record) }
            }
        }
        routed.to("alarms", named: "alarms")
        routed.to("archive", named: "archive")

        builder.addProcessor("longest", after: amounts) { (_: ProcessorContext<Never, Never>) in { _ in } }
        builder.addStateStore(Stores.keyValue("last", key: .string, value: .string), connectedTo: "longest")
        builder.addStateStore(Stores.keyValue("totals", key: .string, value: .int64))
        builder.connect(processor: "longest", to: ["totals"])
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("amounts", key: .string, value: .double).pipe(key: "a", value: 1_234.5)
        #expect(try driver.outputTopic("rounded", key: .string, value: .int64).readValue() == 1_234)
        #expect(try driver.outputTopic("alarms", key: .string, value: .double).readValue() == 1_234.5)
    }

    @Test("those of test topics run")
    func topics() throws {
        amounts.to("scores")
        let driver = try TopologyTestDriver(builder.build())
        let input = driver.inputTopic("payments", key: .string, value: .json(Payment.self))
        let scores = driver.outputTopic("scores", key: .string, value: .double)
        input.advanceTime(by: .seconds(60))
        for _ in 0..<4 { try input.pipe(key: "a", value: Payment(account: "a", shop: "s", amount: 1)) }
        let record = try scores.readRecord()
        let keyValue = try scores.readKeyValue()
        let value = try scores.readValue()
        let partition = try scores.readPartitionedRecord()?.partition
        let records = try scores.readRecords()  // what is left
        let keyValues = try scores.readKeyValues()
        let values = try scores.readValues()
        let table = try scores.readTable()
        #expect(record?.timestampMs == 60_000 && keyValue?.value == 1 && value == 1 && partition == 0)
        #expect(records.isEmpty && keyValues.isEmpty && values.isEmpty && table.isEmpty)
        try driver.checkpoint()
        driver.close()
    }

    @Test("those of a driver's stores run")
    func driverStores() throws {
        let payments = payments
        payments.groupByKey().count(into: .store("counts"))
        payments.groupByKey().windowedBy(.tumbling(.seconds(60))).count(into: .store("by-minute"))
        payments.groupByKey().windowedBy(.session(gap: .seconds(60))).count(into: .store("visits"))
        builder.table(
            "prices", key: .string, value: .double, into: .versioned("prices", historyRetention: .seconds(3_600)))
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("payments", key: .string, value: .json(Payment.self))
            .pipe(key: "a", value: Payment(shop: "s", amount: 1), timestampMs: 0)
        try driver.inputTopic("prices", key: .string, value: .double).pipe(key: "apple", value: 190)
        let count = try driver.keyValueStore("counts", key: .string, value: .int64)?.get("a")
        let minute = try driver.windowStore("by-minute", key: .string, value: .int64)?.fetch("a", startMs: 0)
        let visits = try driver.sessionStore("visits", key: .string, value: .int64)?.fetch("a", endingAtOrAfter: 0)
        let price = try driver.versionedKeyValueStore("prices", key: .string, value: .double)?.get("apple")
        #expect(count?.value == 1 && minute?.value == 1 && visits?.count == 1 && price?.value == 190)
    }
}
