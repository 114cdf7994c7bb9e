import Millrace
import MillraceTesting
import Testing

/// The examples of the guides that no other test has, unchanged.
@Suite("Examples in the guides")
struct GuideExamples {
    private struct Event: Codable, Sendable {
        var timestampMs: Int64
    }

    @Test("those of streams and topologies build")
    func streams() throws {
        let builder = StreamsBuilder()
        let payments = builder.stream("payments", key: .string, value: .json(Payment.self))

        payments
            .filter { _, payment in payment.amount > 1_000 }
            .mapValues { payment in payment.amount }
            .to("large-amounts")

        payments.filter { record in record.value != nil || record.headers.last(named: "purge") != nil }.to("kept")
        payments.mapRecordValues { record in record.value ?? Payment.none(at: record.timestampMs) }
            .to("filled", value: .json())

        let split = payments.split(named: "size-")
        let large = split.branch("large") { _, payment in payment.amount > 1_000 }
        let rest = split.defaultBranch("rest")
        large.merge(rest).to("all-again")

        payments
            .groupByKey()
            .aggregate(into: .store("totals", value: .double), initial: 0) { _, payment, total in total + payment.amount
            }
            .toStream()
            .to("totals")
        builder.stream("events", key: .string, value: .json(Event.self), timestamp: .value(\.timestampMs))
            .mapValues { $0.timestampMs }.to("times")
        _ = try builder.build()
    }

    @Test("that of a whole topology builds")
    func topologies() throws {
        let builder = StreamsBuilder()
        builder.stream("payments", key: .string, value: .json(Payment.self))
            .groupByKey()
            .aggregate(into: .store("totals", value: .double), initial: 0) { _, payment, total in total + payment.amount
            }
            .toStream()
            .to("totals")
        let topology = try builder.build()
        #expect(topology.sourceTopics == ["payments"])
    }

    @Test("those of time and of drivers with partitions and restarts run")
    func drivers() throws {
        let builder = StreamsBuilder()
        builder.stream("orders", key: .string, value: .string)
            .process { (context: ProcessorContext<String, String>) in
                try context.schedule(every: .seconds(10), on: .streamTime) { timestampMs in
                    try context.forward(Record(key: "stream", value: "\(timestampMs)", timestampMs: timestampMs))
                }
                try context.schedule(every: .seconds(10), on: .wallClockTime) { timestampMs in
                    try context.forward(Record(key: "wall", value: "\(timestampMs)", timestampMs: timestampMs))
                }
                return { _ in }
            }
            .to("ticks")
        builder.table("customers", key: .string, value: .string, into: .store("customers"))
        let topology = try builder.build()
        do {
            let driver = try TopologyTestDriver(topology, partitions: ["orders": 4, "customers": 4])
            #expect(driver.storeNames == ["customers"])
        }
        let driver = try TopologyTestDriver(topology, storage: .simulatedDisk)
        try driver.inputTopic("orders", key: .string, value: .string).pipe(key: "a", value: "x")
        try driver.checkpoint()
        try driver.restart(.crash)
        #expect(try driver.outputTopic("ticks", key: .string, value: .string).readTable() == ["stream": "0"])
    }
}

extension Payment {
    fileprivate static func none(at timestampMs: Int64) -> Payment { Payment(shop: "\(timestampMs)", amount: 0) }
}
