import Millrace
import MillraceTesting

/// What comes when time has completed it: emission on window close, and suppress.
///
/// A window has one final result, at whatever moment of the wall clock it is looked for. The last records move stream time on by
/// less than a retention at once, so that nothing that has not been handed on expires.
extension StatefulOperator {
    static var finalResults: [StatefulOperator] { [onWindowClose, suppressUntilClose, suppressUntilTimeLimit] }

    private static var onWindowClose: StatefulOperator {
        StatefulOperator(
            "on-window-close", ["TimeWindowedKStream.emit", "SessionWindowedKStream.emit"],
            from: ["in"], to: ["tumbling", "hopping", "sliding", "sessions"],
            define: { builder in
                let grouped = builder.stream("in", key: .string, value: .string).groupByKey()
                grouped.windowedBy(.tumbling(.milliseconds(100), grace: .milliseconds(30))).emit(.onWindowClose)
                    .reduce(into: .store("tumbling")) { $0 + " " + $1 }.lines().to("tumbling")
                grouped.windowedBy(.hopping(.milliseconds(100), advance: .milliseconds(40))).emit(.onWindowClose)
                    .count(into: .store("hopping")).lines().to("hopping")
                grouped.windowedBy(.sliding(.milliseconds(100), grace: .milliseconds(50))).emit(.onWindowClose)
                    .reduce(into: .store("sliding").retention(.milliseconds(400))) { $0 + " " + $1 }.lines().to(
                        "sliding")
                grouped.windowedBy(.session(gap: .milliseconds(40), grace: .milliseconds(50))).emit(.onWindowClose)
                    .reduce(into: .store("sessions")) { $0 + " " + $1 }.lines().to("sessions")
            },
            records: { random in
                let records = (0..<60).map { number in
                    // No partition's time makes a step in which a window both closes and expires.
                    var record = SimulatedRecord(
                        "in", "key-\(number % 3)-\(Int.random(in: 0..<2, using: &random))", "in-\(number)",
                        atMs: Int64(number * 20 + Int.random(in: 0...100, using: &random)))
                    record.partition = Int32(number % 3)
                    return record
                }
                return records + .ending("in", atMs: 1_340, 1_400, 1_460, 1_520, 1_580, 1_640)
            }
        )
        .with { $0.simulation.comparesStores = false }
    }

    private static var suppressUntilClose: StatefulOperator {
        StatefulOperator(
            "suppress-until-close", ["KTable.suppress"], from: ["in"], to: ["tumbling", "sessions"],
            define: { builder in
                let grouped = builder.stream("in", key: .string, value: .string).groupByKey()
                grouped.windowedBy(.tumbling(.milliseconds(100), grace: .milliseconds(30)))
                    .reduce(into: .store("tumbling").withoutCache()) { $0 + " " + $1 }
                    .suppress(.untilWindowCloses()).lines().to("tumbling")
                grouped.windowedBy(.session(gap: .milliseconds(40), grace: .milliseconds(50)))
                    .reduce(into: .store("sessions").withoutCache()) { $0 + " " + $1 }
                    .suppress(.untilWindowCloses()).lines().to("sessions")
            },
            records: { random in
                .texts("in", count: 50, keys: 3, jitterMs: 100, &random) + .ending("in", atMs: 700, 900)
            })
    }

    private static var suppressUntilTimeLimit: StatefulOperator {
        StatefulOperator(
            "suppress-until-time-limit", ["KTable.suppress"], from: ["in"], to: ["limited", "bounded"],
            define: { builder in
                let table = builder.table("in", key: .string, value: .string, into: .store("table").withoutCache())
                table.suppress(.untilTimeLimit(.milliseconds(100))).toStream().to("limited")
                table.suppress(.untilTimeLimit(.seconds(10), buffer: .bounded(maxRecords: 2, whenFull: .emitEarly)))
                    .toStream().to("bounded")
            },
            records: { random in
                .texts("in", keys: 12, jitterMs: 40, deletions: 6, &random) + .ending("in", atMs: 1_000, 20_000)
            })
    }
}
