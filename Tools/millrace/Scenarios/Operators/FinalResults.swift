import Millrace
import MillraceTesting

/// Results that are emitted when they are final: emission on window close, and suppress.
///
/// A window has one final result, whenever the wall clock triggers the search for it.
extension StatefulOperator {
    static var finalResults: [StatefulOperator] {
        [finalResultsOfAllKinds, onWindowClose, suppressUntilClose, suppressUntilTimeLimit]
    }

    /// Each kind of window with emission on close, suppress, and suppress downstream of a cache, with late records and leaps of
    /// time. Each result comes once, and all three give the same.
    private static var finalResultsOfAllKinds: StatefulOperator {
        let kinds = ["tumbling", "sliding", "sessions"]
        let ways = ["closed", "suppressed", "cached"]
        return StatefulOperator(
            "final-results", ["TimeWindowedKStream.emit", "SessionWindowedKStream.emit", "KTable.suppress"],
            from: ["in"], to: kinds.flatMap { kind in ways.map { "\(kind)-\($0)" } },
            define: { builder in
                let grouped = builder.stream("in", key: .string, value: .string).groupByKey()
                let fixed = [
                    ("tumbling", grouped.windowedBy(.tumbling(.milliseconds(50), grace: .milliseconds(30)))),
                    ("sliding", grouped.windowedBy(.sliding(.milliseconds(40), grace: .milliseconds(20)))),
                ]
                let sessions = grouped.windowedBy(.session(gap: .milliseconds(20), grace: .milliseconds(10)))
                for way in ways {
                    func store(_ kind: String) -> Materialized<String, String> {
                        way == "suppressed" ? .store("\(kind)-\(way)").withoutCache() : .store("\(kind)-\(way)")
                    }
                    let emit: EmitStrategy = way == "closed" ? .onWindowClose : .onWindowUpdate
                    let tables =
                        fixed.map { kind, windowed in
                            (kind, windowed.emit(emit).reduce(into: store(kind)) { $0 + " " + $1 })
                        } + [("sessions", sessions.emit(emit).reduce(into: store("sessions")) { $0 + " " + $1 })]
                    for (kind, table) in tables {
                        let results = way == "closed" ? table : table.suppress(.untilWindowCloses())
                        results.lines().to("\(kind)-\(way)")
                    }
                }
            },
            records: { random in
                var nowMs = 0
                let records = (0..<60).map { number in
                    nowMs += Int.random(in: 0..<20, using: &random)
                    if Int.random(in: 0..<12, using: &random) == 0 { nowMs += 500_000 }
                    let lateMs = Int.random(in: 0..<3, using: &random) == 0 ? Int.random(in: 0...80, using: &random) : 0
                    return SimulatedRecord(
                        "in", "key-\(Int.random(in: 0..<4, using: &random))", "in-\(number)",
                        atMs: Int64(max(0, nowMs - lateMs)))
                }
                return records + .ending("in", atMs: 20_000_000, 30_000_000)
            }
        )
        .with {
            $0.simulation.comparesStores = false
            $0.simulation.rules = { results in
                kinds.flatMap { kind in
                    let all = ways.map { results.texts(of: "\(kind)-\($0)") }
                    let repeated = all.flatMap { $0 }.filter { $0.value.count > 1 }
                    return repeated.map { "\(kind): \($0.key) comes \($0.value.count) times" }
                        + (all.allSatisfy { $0 == all[0] } ? [] : ["\(kind): the ways to final results differ"])
                }
            }
        }
    }

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
