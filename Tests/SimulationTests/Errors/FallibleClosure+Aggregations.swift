import Millrace

extension FallibleClosure {
    /// The store of an aggregation of texts.
    private static let sum = Materialized<String, String>.with(value: .string)

    static var aggregations: [FallibleClosure] {
        [
            FallibleClosure("KGroupedStream.reduce.reducer(Value, Value)") {
                left($0).groupByKey().reduce { try unlessRefused($0 + $1) }.toStream().to("out")
            },
            FallibleClosure("KGroupedStream.aggregate.initial()") {
                left($0).groupByKey().aggregate(into: sum, initial: try unlessRefused("")) { _, value, sum in
                    sum + value
                }
                .toStream().to("out")
            },
            FallibleClosure("KGroupedStream.aggregate.aggregator(Key, Value, Aggregate)") {
                left($0).groupByKey().aggregate(into: sum, initial: "") { _, value, sum in
                    try unlessRefused(sum + value)
                }
                .toStream().to("out")
            },
            FallibleClosure("KGroupedTable.reduce.adder(Value, Value)") {
                // The first value is not added to anything.
                leftTable($0).groupBy { (_, value) -> (String?, String?) in ("all", value) }
                    .reduce(adder: { try unlessRefused($0 + $1) }, subtractor: { sum, _ in sum })
                    .toStream().to("out")
            },
            FallibleClosure("KGroupedTable.reduce.subtractor(Value, Value)") {
                leftTable($0).groupBy { (key, value) -> (String?, String?) in (key, value) }
                    .reduce(adder: { $1 }, subtractor: { sum, _ in try unlessRefused(sum) })
                    .toStream().to("out")
            },
            FallibleClosure("KGroupedTable.aggregate.initial()") {
                leftTable($0).groupBy { (key, value) -> (String?, String?) in (key, value) }
                    .aggregate(
                        into: sum, initial: try unlessRefused(""), adder: { _, value, sum in sum + value },
                        subtractor: { _, _, sum in sum }
                    )
                    .toStream().to("out")
            },
            FallibleClosure("KGroupedTable.aggregate.adder(Key, Value, Aggregate)") {
                leftTable($0).groupBy { (key, value) -> (String?, String?) in (key, value) }
                    .aggregate(
                        into: sum, initial: "", adder: { _, value, sum in try unlessRefused(sum + value) },
                        subtractor: { _, _, sum in sum }
                    )
                    .toStream().to("out")
            },
            FallibleClosure("KGroupedTable.aggregate.subtractor(Key, Value, Aggregate)") {
                leftTable($0).groupBy { (key, value) -> (String?, String?) in (key, value) }
                    .aggregate(
                        into: sum, initial: "", adder: { _, value, sum in sum + value },
                        subtractor: { _, _, sum in try unlessRefused(sum) }
                    )
                    .toStream().to("out")
            },
        ]
    }

    // MARK: Windows

    /// Each kind of window with a fixed size.
    private static var windowed:
        [(name: String, of: @Sendable (KStream<String, String>) -> TimeWindowedKStream<String, String>)]
    {
        let size = Duration.milliseconds(100)
        return [
            ("tumbling", { $0.groupByKey().windowedBy(.tumbling(size)) }),
            ("hopping", { $0.groupByKey().windowedBy(.hopping(size, advance: .milliseconds(50))) }),
            ("sliding", { $0.groupByKey().windowedBy(.sliding(size)) }),
            // The records' times are smaller than the windows' size.
            ("sliding from the beginning of time", { $0.groupByKey().windowedBy(.sliding(.seconds(1_000))) }),
            ("final", { $0.groupByKey().windowedBy(.tumbling(size)).emit(.onWindowClose) }),
        ]
    }

    static var windows: [FallibleClosure] {
        windowed.flatMap { (name, windowed) -> [FallibleClosure] in
            let rest: Rest = name == "final" ? .asWithoutAllButItsTime : .asWithoutTheRecord
            return [
                FallibleClosure(
                    "TimeWindowedKStream.reduce.reducer(Value, Value) [\(name)]", rest: rest
                ) {
                    windowed(left($0)).reduce { try unlessRefused($0 + $1) }.toOut()
                },
                FallibleClosure(
                    "TimeWindowedKStream.aggregate.initial() [\(name)]", rest: rest
                ) {
                    windowed(left($0)).aggregate(into: .with(value: .string), initial: try unlessRefused("")) {
                        (_: String, value: String, sum: String) in sum + value
                    }
                    .toOut()
                },
                FallibleClosure(
                    "TimeWindowedKStream.aggregate.aggregator(Key, Value, Aggregate) [\(name)]", rest: rest
                ) {
                    windowed(left($0)).aggregate(into: .with(value: .string), initial: "") {
                        (_: String, value: String, sum: String) in try unlessRefused(sum + value)
                    }
                    .toOut()
                },
                FallibleClosure(
                    "TimeWindowedKStream.aggregate.aggregator(Record<Key, Value>, Aggregate) [\(name)]", rest: rest
                ) {
                    windowed(left($0)).aggregate(into: .with(value: .string), initial: "") {
                        (_: Record<String, String>, sum: String) in try unlessRefused(sum + "!")
                    }
                    .toOut()
                },
            ]
        } + sessions
    }

    private static func sessions(_ builder: StreamsBuilder) -> SessionWindowedKStream<String, String> {
        left(builder).groupByKey().windowedBy(.session(gap: .milliseconds(100)))
    }

    private static var sessions: [FallibleClosure] {
        [
            FallibleClosure("SessionWindowedKStream.reduce.reducer(Value, Value)") {
                sessions($0).reduce { try unlessRefused($0 + $1) }.toOut()
            },
            FallibleClosure("SessionWindowedKStream.aggregate.initial()") {
                sessions($0).aggregate(into: .with(value: .string), initial: try unlessRefused("")) {
                    (_: String, value: String, sum: String) in
                    sum + value
                } merge: {
                    $1 + $2
                }
                .toOut()
            },
            FallibleClosure("SessionWindowedKStream.aggregate.aggregator(Key, Value, Aggregate)") {
                sessions($0).aggregate(into: .with(value: .string), initial: "") {
                    (_: String, value: String, sum: String) in
                    try unlessRefused(sum + value)
                } merge: {
                    $1 + $2
                }
                .toOut()
            },
            FallibleClosure("SessionWindowedKStream.aggregate.aggregator(Record<Key, Value>, Aggregate)") {
                sessions($0).aggregate(into: .with(value: .string), initial: "") {
                    (_: Record<String, String>, sum: String) in
                    try unlessRefused(sum + "!")
                } merge: {
                    $1 + $2
                }
                .toOut()
            },
            FallibleClosure("SessionWindowedKStream.aggregate.merge(Key, Aggregate, Aggregate)") {
                sessions($0).aggregate(into: .with(value: .string), initial: "") {
                    (_: String, value: String, sum: String) in
                    sum + value
                } merge: {
                    try unlessRefused($1 + $2)
                }
                .toOut()
            },
        ]
    }

    // MARK: Cogroups

    private static func cogrouped(
        _ builder: StreamsBuilder
    ) -> CogroupedKStream<String, String> {
        left(builder).groupByKey().cogroup { (_: String, value: String, sum: String) in sum + value }
    }

    static var cogroups: [FallibleClosure] {
        [
            FallibleClosure("KGroupedStream.cogroup.aggregator(Key, Value, Aggregate)") {
                left($0).groupByKey().cogroup { (_: String, value: String, sum: String) in
                    try unlessRefused(sum + value)
                }
                .aggregate(into: .with(value: .string), initial: "").toStream().to("out")
            },
            FallibleClosure("KGroupedStream.cogroup.aggregator(Record<Key, Value>, Aggregate)") {
                left($0).groupByKey().cogroup { (_: Record<String, String>, sum: String) in try unlessRefused(sum + "!")
                }
                .aggregate(into: .with(value: .string), initial: "").toStream().to("out")
            },
            FallibleClosure("CogroupedKStream.cogroup.aggregator(Key, Value, Aggregate)") {
                cogrouped($0).cogroup(right($0).groupByKey()) { (_: String, value: String, sum: String) in
                    try unlessRefused(sum + value)
                }
                .aggregate(into: .with(value: .string), initial: "").toStream().to("out")
            },
            FallibleClosure("CogroupedKStream.cogroup.aggregator(Record<Key, Value>, Aggregate)") {
                cogrouped($0).cogroup(right($0).groupByKey()) { (_: Record<String, String>, sum: String) in
                    try unlessRefused(sum + "!")
                }
                .aggregate(into: .with(value: .string), initial: "").toStream().to("out")
            },
            FallibleClosure("CogroupedKStream.aggregate.initial()") {
                cogrouped($0).aggregate(into: .with(value: .string), initial: try unlessRefused("")).toStream()
                    .to("out")
            },
            FallibleClosure("TimeWindowedCogroupedKStream.aggregate.initial()") {
                cogrouped($0).windowedBy(.tumbling(.milliseconds(100)))
                    .aggregate(into: .with(value: .string), initial: try unlessRefused("")).toOut()
            },
            FallibleClosure("TimeWindowedCogroupedKStream.aggregate.initial() [sliding]") {
                cogrouped($0).windowedBy(.sliding(.milliseconds(100)))
                    .aggregate(into: .with(value: .string), initial: try unlessRefused("")).toOut()
            },
            FallibleClosure("SessionWindowedCogroupedKStream.aggregate.initial()") {
                cogrouped($0).windowedBy(.session(gap: .milliseconds(100)))
                    .aggregate(into: .with(value: .string), initial: try unlessRefused(""), merge: { $1 + $2 }).toOut()
            },
            FallibleClosure("SessionWindowedCogroupedKStream.aggregate.merge(Key, Aggregate, Aggregate)") {
                cogrouped($0).windowedBy(.session(gap: .milliseconds(100)))
                    .aggregate(into: .with(value: .string), initial: "", merge: { try unlessRefused($1 + $2) }).toOut()
            },
        ]
    }
}
