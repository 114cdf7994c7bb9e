import Millrace

extension ScenarioBuilder {
    static let joinOperations: [String: Operation] = [
        "join": { scenario, fields in
            try scenario.join(fields) { left, right in
                left.join(
                    right, within: try fields.joinWindows(), as: try fields.streamJoined(),
                    named: try fields.operationName()
                ) { joinedText($0, $1) }
            } stream: { stream, table in
                stream.join(table, grace: try fields.grace(), named: try fields.operationName()) { joinedText($0, $1) }
            } global: { stream, table in
                let mapper = try Functions.keyMapper(fields.text("fn"))
                return stream.join(table) {
                    mapper($0, $1)
                } joiner: {
                    joinedText($0, $1)
                }
            } tables: { left, right in
                left.join(right, into: try fields.store()) { joinedText($0, $1) }
            }
        },
        "leftJoin": { scenario, fields in
            try scenario.join(fields) { left, right in
                left.leftJoin(
                    right, within: try fields.joinWindows(), as: try fields.streamJoined(),
                    named: try fields.operationName()
                ) { joinedText($0, $1) }
            } stream: { stream, table in
                stream.leftJoin(table, grace: try fields.grace(), named: try fields.operationName()) {
                    joinedText($0, $1)
                }
            } global: { stream, table in
                let mapper = try Functions.keyMapper(fields.text("fn"))
                return stream.leftJoin(table) {
                    mapper($0, $1)
                } joiner: {
                    joinedText($0, $1)
                }
            } tables: { left, right in
                left.leftJoin(right, into: try fields.store()) { joinedText($0, $1) }
            }
        },
        "fkJoin": { scenario, fields in
            let mapper = try Functions.keyMapper(fields.text("fn"))
            let joined = try scenario.table("left", of: fields).join(
                scenario.table("right", of: fields), into: try fields.store()
            ) {
                mapper($0, $1)
            } joiner: {
                joinedText($0, $1)
            }
            scenario.noteSubscriptionStore()
            scenario.name(.table(joined), try fields.text("as"))
        },
        "fkLeftJoin": { scenario, fields in
            let mapper = try Functions.keyMapper(fields.text("fn"))
            let joined = try scenario.table("left", of: fields).leftJoin(
                scenario.table("right", of: fields), into: try fields.store()
            ) {
                mapper($0, $1)
            } joiner: {
                joinedText($0, $1)
            }
            scenario.noteSubscriptionStore()
            scenario.name(.table(joined), try fields.text("as"))
        },
        "outerJoin": { scenario, fields in
            try scenario.join(fields) { left, right in
                left.outerJoin(
                    right, within: try fields.joinWindows(), as: try fields.streamJoined(),
                    named: try fields.operationName()
                ) { joinedText($0, $1) }
            } stream: { _, _ in
                throw ScenarioError.malformed("outerJoin of a stream and a table")
            } global: { _, _ in
                throw ScenarioError.malformed("outerJoin of a stream and a global table")
            } tables: { left, right in
                left.outerJoin(right, into: try fields.store()) { joinedText($0, $1) }
            }
        },
    ]

    private func join(
        _ fields: Fields,
        streams: (KStream<String, String>, KStream<String, String>) throws -> KStream<String, String>,
        stream: (KStream<String, String>, KTable<String, String>) throws -> KStream<String, String>,
        global: (KStream<String, String>, GlobalKTable<String, String>) throws -> KStream<String, String>,
        tables: (KTable<String, String>, KTable<String, String>) throws -> KTable<String, String>
    ) throws {
        let joined: Result
        switch (try result("left", of: fields), try result("right", of: fields)) {
        case (.stream(let left), .table(let right)): joined = .stream(try stream(left, right))
        case (.stream(let left), .globalTable(let right)): joined = .stream(try global(left, right))
        case (.table(let left), .table(let right)): joined = .table(try tables(left, right))
        case (.stream(let left), .stream(let right)): joined = .stream(try streams(left, right))
        default: throw ScenarioError.malformed("\(fields.owner) of something that cannot be joined")
        }
        name(joined, try fields.text("as"))
    }
}

extension Fields {
    fileprivate func grace() throws -> Duration? { try optionalNumber("graceMs").map { .milliseconds($0) } }

    fileprivate func joinWindows() throws -> JoinWindows {
        let grace = try optionalNumber("graceMs") ?? 0
        var windows = JoinWindows.difference(.milliseconds(try number("diffMs")), grace: .milliseconds(grace))
        if let before = try optionalNumber("beforeMs") { windows = windows.before(.milliseconds(before)) }
        if let after = try optionalNumber("afterMs") { windows = windows.after(.milliseconds(after)) }
        return windows
    }

    fileprivate func streamJoined() throws -> StreamJoined<String, String, String> {
        try optionalText("store").map { .store($0) } ?? .with()
    }
}

/// Joins two values as the joiners of scenarios do.
private let joinedText: @Sendable (String?, String?) -> String = { left, right in "\(left ?? "-")|\(right ?? "-")" }
