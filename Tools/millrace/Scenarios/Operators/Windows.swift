import Millrace
import MillraceTesting

extension KTable where Key == Windowed<String>, Value == String {
    /// The table's changes, with a text of key and window as the key.
    func lines() -> KStream<String, String> {
        toStream().selectKey { record in
            record.key.map { "\($0.key)@\($0.window.startMs)/\($0.window.endMs)" }
        }
    }
}

extension KTable where Key == Windowed<String>, Value == Int64 {
    func lines() -> KStream<String, String> { mapValues { "\($0)" }.lines() }
}

/// Each stream has one topic, so that the order of a partition's records, and thus its stream time, is fixed: the same late
/// records are dropped.
extension StatefulOperator {
    static var windows: [StatefulOperator] { [timeWindows, slidingWindows, sessions, cachedWindows] }

    private static var timeWindows: StatefulOperator {
        StatefulOperator(
            "time-windows",
            ["TimeWindowedKStream.count", "TimeWindowedKStream.reduce", "TimeWindowedKStream.aggregate"],
            from: ["in"], to: ["counts", "reduced", "aggregated"],
            define: { builder in
                let grouped = builder.stream("in", key: .string, value: .string).groupByKey()
                grouped.windowedBy(.tumbling(.milliseconds(100), grace: .milliseconds(30)))
                    .count(into: .store("count").withoutCache()).lines().to("counts")
                grouped.windowedBy(.hopping(.milliseconds(100), advance: .milliseconds(50), grace: .milliseconds(40)))
                    .reduce(into: .store("reduce").withoutCache()) { $0 + " " + $1 }.lines().to("reduced")
                grouped.windowedBy(.unlimited(fromMs: 100))
                    .aggregate(into: .store("aggregate", value: .string).withoutCache(), initial: "") { _, value, sum in
                        value.hasSuffix("5") ? nil : sum + " " + value
                    }
                    .lines().to("aggregated")
            },
            records: { .texts("in", keys: 4, jitterMs: 150, deletions: 10, &$0) })
    }

    private static var slidingWindows: StatefulOperator {
        StatefulOperator(
            "sliding-windows",
            ["TimeWindowedKStream.count", "TimeWindowedKStream.reduce", "TimeWindowedKStream.aggregate"],
            from: ["in"], to: ["counts", "aggregated"],
            define: { builder in
                let windowed = builder.stream("in", key: .string, value: .string).groupByKey()
                    .windowedBy(.sliding(.milliseconds(60), grace: .milliseconds(40)))
                windowed.count(into: .store("count").withoutCache()).lines().to("counts")
                windowed.aggregate(into: .store("aggregate", value: .string).withoutCache(), initial: "") {
                    _, value, sum in sum + " " + value
                }
                .lines().to("aggregated")
            },
            records: { .texts("in", count: 50, keys: 4, jitterMs: 150, &$0) })
    }

    private static var sessions: StatefulOperator {
        StatefulOperator(
            "sessions",
            ["SessionWindowedKStream.count", "SessionWindowedKStream.reduce", "SessionWindowedKStream.aggregate"],
            from: ["in"], to: ["counts", "reduced", "aggregated"],
            define: { builder in
                let windowed = builder.stream("in", key: .string, value: .string).groupByKey()
                    .windowedBy(.session(gap: .milliseconds(40), grace: .milliseconds(50)))
                windowed.count(into: .store("count").withoutCache()).lines().to("counts")
                windowed.reduce(into: .store("reduce").withoutCache()) { $0 + " " + $1 }.lines().to("reduced")
                windowed.aggregate(into: .store("aggregate", value: .string).withoutCache(), initial: "") {
                    _, value, sum in
                    sum + " " + value
                } merge: { _, left, right in
                    left + right
                }
                .lines().to("aggregated")
            },
            records: { .texts("in", keys: 4, jitterMs: 150, deletions: 10, &$0) })
    }

    /// Windows and sessions whose changes wait for the next commit. None of them expires, because an expired window is visible
    /// only in the cache, here as in Kafka Streams.
    private static var cachedWindows: StatefulOperator {
        StatefulOperator(
            "cached-windows", ["TimeWindowedKStream.reduce", "SessionWindowedKStream.reduce"],
            from: ["in"], to: ["tumbling", "sessions"],
            define: { builder in
                let grouped = builder.stream("in", key: .string, value: .string).groupByKey()
                grouped.windowedBy(.tumbling(.milliseconds(200), grace: .seconds(10)))
                    .reduce(into: .store("tumbling")) { $0 + " " + $1 }.lines().to("tumbling")
                grouped.windowedBy(.session(gap: .milliseconds(40), grace: .seconds(10)))
                    .reduce(into: .store("sessions")) { $0 + " " + $1 }.lines().to("sessions")
            },
            records: { .texts("in", keys: 4, jitterMs: 150, &$0) }
        )
        .with { $0.simulation.comparison = .updates }
    }
}
