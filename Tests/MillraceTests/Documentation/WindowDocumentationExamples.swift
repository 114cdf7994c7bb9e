import Millrace
import Testing

/// The examples of docs/topology/windows.md and of the comments of windowed operators, unchanged.
@Suite("Examples in the documentation of windows")
struct WindowDocumentationExamples {
    private let builder = StreamsBuilder()
    private var payments: KStream<String, Payment> {
        builder.stream("payments", key: .string, value: .json(Payment.self))
    }
    private var refunds: KStream<String, Payment> {
        builder.stream("refunds", key: .string, value: .json(Payment.self))
    }
    private var amounts: KStream<String, Double> { payments.mapValues { $0.amount } }
    private var clicks: KStream<String, String> { builder.stream("clicks", key: .string, value: .string) }
    private var balances: KTable<String, Double> { builder.table("balances", key: .string, value: .double) }

    @Test("the examples of the guide build")
    func guide() throws {
        builder.stream("payments", key: .string, value: .json(Payment.self))
            .groupByKey()
            .windowedBy(.tumbling(.seconds(60), grace: .seconds(10)))
            .aggregate(into: .store("spent-per-minute", value: .double), initial: 0) { _, payment, sum in
                payment.amount + sum
            }
            .toStream()
            .to("spent-per-minute")
        clicks.groupByKey()
            .windowedBy(.session(gap: .seconds(1_800)))
            .aggregate(into: .store("visits", value: .string), initial: "") { _, page, pages in
                pages + " " + page
            } merge: { _, left, right in
                left + right
            }
        payments.groupByKey()
            .windowedBy(.tumbling(.seconds(60), grace: .seconds(10)))
            .emit(.onWindowClose)
            .count()
            .toStream()
            .to("payments-per-minute")
        let counts = payments.groupByKey().windowedBy(.tumbling(.seconds(60), grace: .seconds(10))).count()
        counts.suppress(.untilWindowCloses()).toStream().to("final-counts")
        balances.suppress(
            .untilTimeLimit(.seconds(30), buffer: .bounded(maxRecords: 10_000, whenFull: .emitEarly)))
        payments.groupByKey().cogroup { _, payment, total in total + payment.amount }
            .cogroup(refunds.groupByKey()) { _, refund, total in total - refund.amount }
            .windowedBy(.tumbling(.seconds(3_600)))
            .aggregate(into: .store("balance-per-hour", value: .double), initial: 0)
        _ = try builder.build()
    }

    @Test("a builder that gives Kafka Streams' results where they are wrong builds")
    func compatibility() throws {
        let builder = StreamsBuilder(compatibility: .kafkaStreams)
        builder.stream("clicks", key: .string, value: .string).groupByKey()
            .windowedBy(.session(gap: .seconds(1_800))).count()
        _ = try builder.build()
    }

    @Test("the examples of the operators build")
    func operators() throws {
        payments.groupByKey().windowedBy(.tumbling(.seconds(60))).count()
        payments.groupByKey().windowedBy(.hopping(.seconds(60), advance: .seconds(10), grace: .seconds(5))).count()
        payments.groupByKey().windowedBy(.sliding(.seconds(30), grace: .seconds(5))).count()
        clicks.groupByKey().windowedBy(.session(gap: .seconds(1_800), grace: .seconds(60))).count()
        payments.groupByKey().windowedBy(.tumbling(.seconds(60), grace: .seconds(5))).emit(.onWindowClose).count()
        payments.groupByKey().windowedBy(.session(gap: .seconds(300))).emit(.onWindowClose).count()
        amounts.groupByKey().windowedBy(.hopping(.seconds(60), advance: .seconds(10))).reduce { max($0, $1) }
        amounts.groupByKey().windowedBy(.session(gap: .seconds(300))).reduce { total, amount in total + amount }
        payments.groupByKey().windowedBy(.tumbling(.seconds(60)))
            .aggregate(into: .store("totals", value: .double), initial: 0) { _, payment, total in
                payment.amount + total
            }
        payments.groupByKey().windowedBy(.session(gap: .seconds(300)))
            .aggregate(into: .store("session-totals", value: .double), initial: 0) { _, payment, total in
                payment.amount + total
            } merge: { _, left, right in
                left + right
            }
        payments.groupByKey().windowedBy(.tumbling(.seconds(60))).count().toStream()
            .selectKey { page, _ in page.map { "\($0.key)@\($0.window.startMs)" } }.to("texts", value: .int64)
        payments.groupByKey().cogroup { _, payment, total in payment.amount + total }
            .cogroup(amounts.groupByKey()) { _, amount, total in total - amount }
            .aggregate(into: .store("account-balances", value: .double), initial: 0)
        balances.suppress(.untilTimeLimit(.seconds(10)))
        _ = try builder.build()
    }

    @Test("the example of late records builds")
    func late() throws {
        payments.groupByKey().windowedBy(.tumbling(.seconds(60), grace: .seconds(10)))
            .count(into: .store("payments-per-minute").lateRecords(to: "late-payments"))
        _ = try builder.build()
    }
}
