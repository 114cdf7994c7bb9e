import Millrace
import MillraceTesting

/// Joins with indexes. Their results must not depend on the moments at which tasks commit.
extension StatefulOperator {
    static var indexJoins: [StatefulOperator] { [ownPartition(isCached: true), ownPartition(isCached: false), global] }

    private typealias ValueIndex = EntryMapIndex<String, String>
    private static let values = ValueIndex.supplier("values")

    /// Each record is joined with the keys of its partition that have its value, its own change included.
    private static func ownPartition(isCached: Bool) -> StatefulOperator {
        StatefulOperator(
            isCached ? "index-join-cached" : "index-join", ["KStream.join"], from: ["in"], to: ["equal"],
            define: { builder in
                let stream = builder.stream("in", key: .string, value: .string)
                let store = Materialized<String, String>.store("entries").indexed(by: values)
                let table = stream.toTable(into: isCached ? store : store.withoutCache())
                stream.join(
                    index: "values", inOwnPartitionOf: table, view: ValueIndex.View.self, named: "equal",
                    result: .string
                ) { index in
                    var changed: [String: String?] = [:]
                    var commits = index.commitCount
                    return { _, value in
                        let partition = try index.partition()
                        if commits != index.commitCount { (changed, commits) = ([:], index.commitCount) }
                        try index.takeChangedKeys { key in
                            changed[String(decoding: key, as: UTF8.self)] = .some(
                                try partition.entry(ofKeyBytes: key)?.value)
                        }
                        let present = partition.view.entries.filter { changed[$0.key] == nil }
                            .merging(changed.compactMapValues { $0 }, uniquingKeysWith: { $1 })
                        return present.filter { $0.value.utf8.last == value.utf8.last }.keys.sorted()
                            .joined(separator: " ")
                    }
                }
                .to("equal")
            },
            records: { .texts("in", count: 60, deletions: 6, &$0) })
    }

    private static var global: StatefulOperator {
        StatefulOperator(
            "index-join-global", ["KStream.join"], from: ["global", "stream"], to: ["equal", "counts"],
            define: { builder in
                let table = builder.globalTable(
                    "global", key: .string, value: .string, into: .store("entries").indexed(by: values))
                let stream = builder.stream("stream", key: .string, value: .string)
                stream.join(index: "values", of: table, view: ValueIndex.View.self, named: "equal", result: .string) {
                    index in
                    { _, value in
                        try index.partition().view.entries.filter { $0.value.utf8.last == value.utf8.last }.keys
                            .sorted().joined(separator: " ")
                    }
                }
                .to("equal")
                // So that instances have stores of their own to restore, too.
                stream.groupByKey().count(into: .store("count").withoutCache()).toStream().mapValues { "\($0)" }
                    .to("counts")
            },
            records: { random in
                (0..<4).flatMap { turn in
                    [SimulatedRecord].texts(
                        turn % 2 == 0 ? "global" : "stream", count: 15, startingAtMs: turn * 10_000,
                        deletions: turn % 2 == 0 ? 5 : 0, &random
                    )
                    .waiting()
                }
            })
    }
}
