import Millrace

/// The windows of a scenario's aggregation.
enum ScenarioWindows {
    case time(TimeWindows)
    case sliding(SlidingWindows)
    case session(SessionWindows)

    /// Reads the field `window`; `nil` where it is missing.
    init?(_ owner: Fields) throws {
        guard let value = owner.optional("window") else { return nil }
        let fields = try Fields(value, of: "\(owner.owner).window")
        let grace = Duration.milliseconds(try fields.optionalNumber("graceMs") ?? 0)
        switch try fields.text("type") {
        case "time":
            let size = Duration.milliseconds(try fields.number("sizeMs"))
            if let advanceMs = try fields.optionalNumber("advanceMs") {
                self = .time(.hopping(size, advance: .milliseconds(advanceMs), grace: grace))
            } else {
                self = .time(.tumbling(size, grace: grace))
            }
        case "sliding": self = .sliding(.sliding(.milliseconds(try fields.number("sizeMs")), grace: grace))
        case "session": self = .session(.session(gap: .milliseconds(try fields.number("gapMs")), grace: grace))
        case let type: throw ScenarioError.unsupported("window.\(type)")
        }
        try fields.checkAllRead()
    }
}

extension ScenarioBuilder {
    /// A grouped stream with its windows.
    private enum WindowedStream {
        case time(TimeWindowedKStream<String, String>)
        case session(SessionWindowedKStream<String, String>)
    }

    private func windowed(_ fields: Fields) throws -> WindowedStream? {
        guard let windows = try ScenarioWindows(fields) else { return nil }
        guard case .groupedStream(let grouped) = try result("from", of: fields) else {
            throw ScenarioError.malformed("windows over something else than a grouped stream")
        }
        let emit = try emitStrategy(fields)
        switch windows {
        case .time(let windows): return .time(grouped.windowedBy(windows).emit(emit))
        case .sliding(let windows): return .time(grouped.windowedBy(windows).emit(emit))
        case .session(let windows): return .session(grouped.windowedBy(windows).emit(emit))
        }
    }

    private func emitStrategy(_ fields: Fields) throws -> EmitStrategy {
        switch try fields.optionalText("emit") {
        case nil: return .onWindowUpdate
        case "onWindowClose": return .onWindowClose
        case let strategy?: throw ScenarioError.unsupported("emit.\(strategy)")
        }
    }

    func windowedCount(_ fields: Fields) throws -> KTable<Windowed<String>, String>? {
        guard let windowed = try windowed(fields) else { return nil }
        let store: Materialized<String, Int64> = try store(fields)
        switch windowed {
        case .time(let stream): return stream.count(into: store).mapValues { String($0) }
        case .session(let stream): return stream.count(into: store).mapValues { String($0) }
        }
    }

    func windowedReduce(
        _ fields: Fields, _ adder: @escaping Aggregators.Function
    ) throws -> KTable<Windowed<String>, String>? {
        guard let windowed = try windowed(fields) else { return nil }
        let store: Materialized<String, String> = try store(fields)
        let aggregation = Aggregation<String, String, String>(
            dropsNullValues: false, initial: { nil },
            add: { record, old in
                guard let old else { return record.value }
                return try adder(old, record.value ?? "null")
            })
        switch windowed {
        case .time(let stream): return stream.reduce(into: store, named: nil, aggregation)
        case .session(let stream):
            return stream.reduce(into: store, named: nil, aggregation) { _, left, right in
                guard let left else { return right }
                return try adder(left, right)
            }
        }
    }

    func windowedAggregate(
        _ fields: Fields, _ adder: @escaping Aggregators.Function
    ) throws -> KTable<Windowed<String>, String>? {
        guard let windowed = try windowed(fields) else { return nil }
        let store: Materialized<String, String> = try store(fields)
        let add: @Sendable (Record<String, String>, String) throws -> String? = { record, aggregate in
            try adder(aggregate, record.value ?? "null")
        }
        switch windowed {
        case .time(let stream): return stream.aggregate(into: store, initial: "0", add)
        case .session(let stream):
            return stream.aggregate(into: store, initial: "0", add) { _, left, right in left + "&" + right }
        }
    }

    /// Names the result of a windowed aggregation: the stream of its changes, each with a text of its key and window as its key.
    func nameWindowed(_ table: KTable<Windowed<String>, String>, _ fields: Fields) throws {
        var table = table
        if try fields.optionalBool("suppressUntilClose") == true { table = table.suppress(.untilWindowCloses()) }
        let stream: KStream<String, String> = table.toStream().selectKey { record in
            record.key.map { "\($0.key)@\($0.window.startMs)/\($0.window.endMs)" }
        }
        name(.stream(stream), try fields.text("as"))
    }
}

extension ScenarioBuilder {
    static let tableWindowOperations: [String: Operation] = [
        "suppress": { scenario, fields in
            var buffer = BufferConfig.unbounded
            if let maxRecords = try fields.optionalNumber("maxRecords") {
                // Java's bounded buffers emit early when they are full, unless shutdown is chosen.
                buffer.maxRecords = Int(maxRecords)
                buffer.whenFull = .emitEarly
            }
            switch try fields.optionalText("full") {
            case nil: break
            case "emitEarly": buffer.whenFull = .emitEarly
            case "shutDown": buffer.whenFull = .shutDown
            case let full?: throw ScenarioError.unsupported("suppress.full.\(full)")
            }
            let limit = Duration.milliseconds(try fields.number("untilTimeLimitMs"))
            let table = try scenario.table("from", of: fields)
                .suppress(.untilTimeLimit(limit, buffer: buffer), named: fields.operationName())
            scenario.name(.table(table), try fields.text("as"))
        },
        "cogroup": { scenario, fields in
            var cogrouped: CogroupedKStream<String, String>?
            for value in try fields.array("groups") {
                let part = try Fields(value, of: "cogroup.group")
                guard case .groupedStream(let grouped) = try scenario.result("group", of: part) else {
                    throw ScenarioError.malformed("cogroup of something else than grouped streams")
                }
                let tag = try part.text("tag")
                try part.checkAllRead()
                let add: @Sendable (Record<String, String>, String) -> String? = { record, sum in
                    "\(sum)+\(tag)\(record.value ?? "null")"
                }
                cogrouped = cogrouped?.cogroup(grouped, add) ?? grouped.cogroup(add)
            }
            guard let cogrouped else { throw ScenarioError.malformed("cogroup of nothing") }
            let store: Materialized<String, String> = try scenario.store(fields)
            switch try ScenarioWindows(fields) {
            case nil:
                let table = cogrouped.aggregate(into: store, initial: "0")
                scenario.name(.table(table), try fields.text("as"))
            case .time(let windows):
                let table = cogrouped.windowedBy(windows).aggregate(into: store, initial: "0")
                try scenario.nameWindowed(table, fields)
            case .sliding(let windows):
                let table = cogrouped.windowedBy(windows).aggregate(into: store, initial: "0")
                try scenario.nameWindowed(table, fields)
            case .session(let windows):
                let table = cogrouped.windowedBy(windows).aggregate(into: store, initial: "0") { _, left, right in
                    left + "&" + right
                }
                try scenario.nameWindowed(table, fields)
            }
        },
    ]
}
