import Foundation
import Millrace
import MillraceTesting
import Testing

/// The examples in comments that no other test has, unchanged.
@Suite("Examples in comments")
struct CommentExamples {
    private let builder = StreamsBuilder()
    private var payments: KStream<String, Payment> {
        builder.stream("payments", key: .string, value: .json(Payment.self))
    }
    private var refunds: KStream<String, Payment> {
        builder.stream("refunds", key: .string, value: .json(Payment.self))
    }
    private var orders: KStream<String, Payment> {
        builder.stream("orders", key: .string, value: .json(Payment.self))
    }
    private var amounts: KStream<String, Double> { payments.mapValues { $0.amount } }
    private var readings: KStream<String, Double> { builder.stream("readings", key: .string, value: .double) }
    private var views: KStream<String, String> { builder.stream("views", key: .string, value: .string) }
    private var balances: KTable<String, Double> { builder.table("balances", key: .string, value: .double) }

    private struct RiskEvent: Codable, Sendable {
        var account: String
        var score: Double
        var timestampMs: Int64
    }

    private struct Customer: Codable, Sendable {
        var city: String
    }

    @Test("those of the builder, streams and tables build")
    func streams() throws {
        payments.foreach { record in print(record.value?.amount ?? 0) }
        readings.mapRecordValues { record in record.value ?? .missing(at: record.timestampMs) }.to("filled")
        let cardPayments = amounts
        let cashPayments = builder.stream("cash-payments", key: .string, value: .double)
        cardPayments.merge(cashPayments).to("payments")
        balances.toStream().to("balances")
        builder.stream("amounts", of: Record<String, Double>.self).to("copied")
        builder.stream("risk-scores", key: .string, value: .json(RiskEvent.self)).groupByKey()
            .aggregate(into: .store("risk-store", value: .double), initial: 0.0) { _, event, highest in
                max(event.score, highest)
            }
        let customers = builder.table("customers", key: .string, value: .json(Customer.self))
        customers.groupBy { id, customer in (customer.city, id) }.aggregate(into: .store("cities"), initial: "") {
            _, id, ids in
            ids + id
        } subtractor: {
            _, id, ids in
            ids.replacingOccurrences(of: id, with: "")
        }
        _ = try builder.build()
    }

    @Test("that of a builder builds")
    func whole() throws {
        let builder = StreamsBuilder()
        builder.stream("risk-events", key: .string, value: .json(RiskEvent.self))
            .filter { _, event in event.score > 0.9 }
            .to("alerts")
        let topology = try builder.build()
        #expect(topology.sourceTopics == ["risk-events"])
        _ = ErrorHandlers(deserialization: .deadLetter(topic: "unreadable"), processing: .continue)
    }

    @Test("those of joins build")
    func joins() throws {
        orders.join(payments, within: .difference(.seconds(300), grace: .seconds(30))) { order, payment in
            "\(order.amount) \(payment.amount)"
        }
        .to("late")
        orders.join(payments, within: JoinWindows.difference(.seconds(300)).before(.zero)) { order, payment in
            "\(order.amount) \(payment.amount)"
        }
        .to("later")
        orders.join(payments, within: .difference(.seconds(300)), as: .store("order-payments")) { order, payment in
            "\(order.amount) \(payment.amount)"
        }
        .to("named")
        _ = try builder.build()
    }

    @Test("those of suppress build")
    func suppress() throws {
        let buffer = BufferConfig.bounded(maxRecords: 10_000, maxSizeInBytes: 64 << 20, whenFull: .emitEarly)
        let balances = balances
        balances.suppress(.untilTimeLimit(.seconds(60), buffer: buffer))
        payments.groupByKey().windowedBy(.tumbling(.seconds(60))).count().suppress(.untilWindowCloses())
        balances.suppress(.untilTimeLimit(.seconds(10)))
        balances.suppress(.untilTimeLimit(.seconds(10), buffer: .bounded(maxRecords: 1_000, whenFull: .emitEarly)))
        payments.groupByKey().windowedBy(.tumbling(.seconds(60), grace: .seconds(5))).count()
            .suppress(.untilWindowCloses())
        _ = try builder.build()
    }

    @Test("those of windows build")
    func windows() throws {
        payments.groupByKey().windowedBy(.sliding(.seconds(30))).count()
        payments.groupByKey().windowedBy(.session(gap: .seconds(300))).count()
        payments.groupByKey().windowedBy(.session(gap: .seconds(300))).count(into: .store("payments-per-visit"))
        payments.groupByKey().windowedBy(.session(gap: .seconds(300)))
            .aggregate(into: .store("totals", value: .double), initial: 0) { _, payment, total in
                payment.amount + total
            } merge: { _, left, right in
                left + right
            }
        payments.groupByKey().windowedBy(.tumbling(.seconds(60))).count(into: .store("payments-per-minute"))
        _ = readings.groupByKey().windowedBy(.sliding(.seconds(30), grace: .seconds(5)))
        _ = payments.groupByKey().windowedBy(.tumbling(.seconds(60)))
        _ = payments.groupByKey().windowedBy(.hopping(.seconds(60), advance: .seconds(10), grace: .seconds(5)))
        let key = Serde.timeWindowed(.string, size: .seconds(60))
        views.groupByKey().windowedBy(.tumbling(.seconds(60))).count().toStream()
            .selectKey { page, _ in page.map { "\($0.key)@\($0.window.startMs)" } }.to("texts")
        builder.stream("windowed", key: key, value: .int64).to("copied", key: key)
        _ = try builder.build()
    }

    @Test("those of cogroup build")
    func cogroup() throws {
        let carts = orders.groupByKey().cogroup { _, order, total in total + order.amount }
            .cogroup(refunds.groupByKey()) { _, refund, total in total - refund.amount }
            .aggregate(into: .store("balances", value: .double), initial: 0)
        carts.toStream().to("carts")
        payments.groupByKey().cogroup { _, payment, total in payment.amount + total }
            .windowedBy(.tumbling(.seconds(60))).aggregate(into: .with(value: .double), initial: 0)
        _ = try builder.build()
        let other = CommentExamples()
        other.cogroupWithAmounts()
        _ = try other.builder.build()
    }

    private func cogroupWithAmounts() {
        payments.groupByKey().cogroup { _, payment, total in payment.amount + total }
            .cogroup(amounts.groupByKey()) { _, amount, total in total - amount }
            .aggregate(into: .store("balances", value: .double), initial: 0)
    }

    @Test("those of processors build")
    func processors() throws {
        struct Sum: Processor {
            let context: ProcessorContext<String, Double>
            var sum = 0.0

            mutating func process(_ record: Record<String, Double>) throws {
                sum += record.value ?? 0
                try context.forward(record.with(value: sum))
            }
        }
        amounts.process { context in Sum(context: context) }.to("sums")

        struct Counter {
            let store: KeyValueStore<String, Int64>

            func increment(_ key: String) throws { try store.put(key, (store.get(key) ?? 0) + 1) }
        }
        let counters = Stores.keyValue("counters", key: .string, value: .int64).wrapped { Counter(store: $0) }
        let lastPayments = Stores.keyValue("last-payments", key: .string, value: .double)
        builder.table("limits", key: .string, value: .double, into: .store("limits"))
        builder.table(
            "prices", key: .string, value: .double, into: .versioned("prices", historyRetention: .seconds(60)))
        payments.process(stores: ["limits", lastPayments]) { (context: ProcessorContext<String, Double>) in
            _ = try context.store(lastPayments)
            return { record in try context.forward(record.with(value: record.value?.amount ?? 0)) }
        }
        .to("limited")
        payments.process(stores: ["prices", counters]) { (context: ProcessorContext<String, Double>) in
            try context.schedule(every: .seconds(10), on: .streamTime) { timestampMs in print("it is", timestampMs) }
            let prices = try context.versionedKeyValueStore("prices", key: .string, value: .double)
            return { record in
                let price = try prices.get("AAPL", asOfMs: record.timestampMs)
                try context.forward(record.with(value: price?.value))
            }
        }
        .to("priced")
        _ = try TopologyTestDriver(builder.build())
    }

    @Test("that of the test driver as a whole runs")
    func driver() throws {
        builder.stream("risk-events", key: .string, value: .json(RiskEvent.self)).mapValues(\.score).to("risk-scores")

        let driver = try TopologyTestDriver(builder.build())
        let events = driver.inputTopic("risk-events", key: .string, value: .json(RiskEvent.self))
        let scores = driver.outputTopic("risk-scores", key: .string, value: .double)
        try events.pipe(key: "acct-1", value: RiskEvent(account: "acct-1", score: 0.7, timestampMs: 0))
        #expect(try scores.readValue() == 0.7)
    }

    @Test("those of the test driver run")
    func drivers() throws {
        builder.stream("words", key: .string, value: .string).to("out")
        let topology = try builder.build()
        _ = try TopologyTestDriver(topology, partitions: 4)
        _ = try TopologyTestDriver(topology, partitions: ["orders": 4, "customers": 2])
        let driver = try TopologyTestDriver(topology)
        let input = driver.inputTopic(
            "words", key: .string, value: .string, startingAtMs: 1_000, advancingBy: .seconds(1))
        try input.pipe(key: "a", value: "first, at 1000")
        try input.pipe("without a key, at 2000")
        try input.pipe(values: ["at 3000", "at 4000"])
        let times = try driver.outputTopic("out", key: .string, value: .string).readRecords().map(\.timestampMs)
        #expect(times == [1_000, 2_000, 3_000, 4_000])
    }
}

extension Double {
    fileprivate static func missing(at timestampMs: Int64) -> Double { Double(timestampMs) }
}
