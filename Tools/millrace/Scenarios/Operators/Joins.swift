import Millrace
import MillraceTesting

/// Joins of two streams, and of two tables. The intermediate results depend on which side comes first.
extension StatefulOperator {
    static var joins: [StatefulOperator] {
        [streamJoins, lateStreamJoins, selfJoin, tableJoins, tableJoinsInTurn] + foreignKeyJoins
    }

    private static func streams(
        _ builder: StreamsBuilder
    ) -> (KStream<String, String>, KStream<String, String>) {
        (builder.stream("left", key: .string, value: .string), builder.stream("right", key: .string, value: .string))
    }

    /// Both sides of a join of streams, side by side in time.
    private static func sides(jitterMs: Int, _ random: inout SeededRandom) -> [SimulatedRecord] {
        let left = [SimulatedRecord].texts("left", count: 30, keys: 5, everyMs: 20, jitterMs: jitterMs, &random)
        let right = [SimulatedRecord].texts("right", count: 30, keys: 5, everyMs: 20, jitterMs: jitterMs, &random)
        return zip(left, right).flatMap { [$0, $1] }
    }

    /// With a long grace period: each pair comes once, and each record without a match comes once, when no match can come any
    /// more.
    private static var streamJoins: StatefulOperator {
        StatefulOperator(
            "stream-joins", ["KStream.join(KStream)", "KStream.leftJoin(KStream)", "KStream.outerJoin(KStream)"],
            from: ["left", "right"], to: ["inner", "outer", "only-left"],
            define: { builder in
                let (left, right) = streams(builder)
                let windows = JoinWindows.difference(.milliseconds(30), grace: .seconds(60)).after(.seconds(10))
                left.join(right, within: .difference(.milliseconds(50), grace: .seconds(60)), as: .store("inner")) {
                    "\($0) & \($1)"
                }
                .to("inner")
                left.outerJoin(right, within: windows.before(.seconds(10)), as: .store("outer")) {
                    "\($0 ?? "none") & \($1 ?? "none")"
                }
                .to("outer")
                left.leftJoin(right, within: windows, as: .store("left")) { "\($0) & \($1 ?? "none")" }.to("only-left")
            },
            records: { random in
                sides(jitterMs: 60, &random) + .ending("left", atMs: 200_000)
            }
        )
        .with {
            $0.simulation.comparison = .anyOrder
            // A window's records are numbered in the order of arrival.
            $0.simulation.comparesStores = false
            $0.afterRestarts = .sameRecordsInAnyOrder
        }
    }

    /// With a short grace period: the progress of the other side decides which records are too late. Still, no pair comes twice
    /// or is too far apart, and a record without a match is reported once.
    private static var lateStreamJoins: StatefulOperator {
        StatefulOperator(
            "late-stream-joins", ["KStream.leftJoin(KStream)", "KStream.outerJoin(KStream)"],
            from: ["left", "right"], to: ["left-joined", "outer-joined"],
            define: { builder in
                let (left, right) = streams(builder)
                let windows = JoinWindows.difference(.milliseconds(40), grace: .milliseconds(30))
                left.leftJoin(right, within: windows, as: .store("left")) { "\($0) & \($1 ?? "none")" }
                    .to("left-joined")
                left.outerJoin(right, within: windows, as: .store("outer")) { "\($0 ?? "none") & \($1 ?? "none")" }
                    .to("outer-joined")
            },
            records: { random in
                sides(jitterMs: 100, &random) + .ending("left", atMs: 10_000)
            }
        )
        .with {
            $0.simulation.comparison = .none
            $0.simulation.comparesStores = false
            $0.simulation.rules = { results in
                JoinRules(results, withinMs: 40).problems(in: "left-joined", keepsRight: false)
                    + JoinRules(results, withinMs: 40).problems(in: "outer-joined", keepsRight: true)
            }
            $0.afterRestarts = .rules
        }
    }

    private static var selfJoin: StatefulOperator {
        StatefulOperator(
            "self-join", ["KStream.join(KStream)"], from: ["in"], to: ["pairs"],
            define: { builder in
                let stream = builder.stream("in", key: .string, value: .string)
                stream.join(
                    stream, within: .difference(.milliseconds(50), grace: .milliseconds(50)), as: .store("self")
                ) {
                    "\($0) & \($1)"
                }
                .to("pairs")
            },
            records: { random in
                // Several records of a key have the same time, and have to stay in order.
                [SimulatedRecord].texts("in", keys: 4, jitterMs: 80, &random).map { record in
                    var record = record
                    record.timestampMs = record.timestampMs / 30 * 30
                    return record
                }
            }
        )
        .with {
            $0.simulation.optimization = .all
            $0.simulation.comparesStores = false
        }
    }

    private static func defineTableJoins(_ builder: StreamsBuilder) {
        let names = builder.table("names", key: .string, value: .string, into: .store("names").withoutCache())
        let limits = builder.table("limits", key: .string, value: .string, into: .store("limits").withoutCache())
        names.join(limits, into: .store("inner").withoutCache()) { "\($0) may spend \($1)" }.toStream().to("inner")
        names.leftJoin(limits, into: .store("left").withoutCache()) { "\($0) may spend \($1 ?? "-")" }
            .toStream().to("left")
        names.outerJoin(limits) { "\($0 ?? "-") may spend \($1 ?? "-")" }.toStream().to("outer")
    }

    private static let tableJoinCalls = ["KTable.join(KTable)", "KTable.leftJoin(KTable)", "KTable.outerJoin(KTable)"]

    private static var tableJoins: StatefulOperator {
        StatefulOperator(
            "table-joins", tableJoinCalls, from: ["names", "limits"], to: ["inner", "left", "outer"],
            define: { defineTableJoins($0) },
            records: { random in
                let names = [SimulatedRecord].texts("names", count: 35, everyMs: 20, deletions: 8, &random)
                let limits = [SimulatedRecord].texts("limits", count: 35, everyMs: 20, deletions: 8, &random)
                return zip(names, limits).flatMap { [$0, $1] }
            }
        )
        .with { $0.simulation.comparison = .lastValues }
    }

    /// The tables change in turn, so that every intermediate result is the same.
    private static var tableJoinsInTurn: StatefulOperator {
        StatefulOperator(
            "table-joins-in-turn", tableJoinCalls, from: ["names", "limits"], to: ["inner", "left", "outer"],
            define: { defineTableJoins($0) },
            records: { random in
                (0..<4).flatMap { turn in
                    [SimulatedRecord].texts(
                        turn % 2 == 0 ? "names" : "limits", count: 15, startingAtMs: turn * 1_000, deletions: 6, &random
                    )
                    .waiting()
                }
            })
    }
}
