import Millrace

extension ScenarioBuilder {
    static let sourceOperations: [String: Operation] = [
        "stream": { scenario, fields in
            let stream = scenario.builder.stream(try fields.texts("topics"), key: .string, value: .string)
            scenario.name(.stream(stream), try fields.text("as"))
        },
        "table": { scenario, fields in
            var store: Materialized<String, String>? = try fields.store()
            if let historyMs = try fields.optionalNumber("versionedHistoryMs") {
                store = .versioned(try fields.text("store"), historyRetention: .milliseconds(historyMs))
            }
            let table = scenario.builder.table(
                try fields.text("topic"), key: .string, value: .string, into: store)
            scenario.name(.table(table), try fields.text("as"))
        },
        "globalTable": { scenario, fields in
            let table = scenario.builder.globalTable(
                try fields.text("topic"), key: .string, value: .string, into: try fields.store())
            scenario.name(.globalTable(table), try fields.text("as"))
        },
    ]
}
