import Millrace

extension ScenarioBuilder {
    static let sinkOperations: [String: Operation] = [
        "to": { scenario, fields in
            let topic = try fields.text("topic")
            switch try scenario.result("from", of: fields) {
            case .stream(let stream): stream.to(topic)
            case .table(let table): table.toStream().to(topic)
            default: throw ScenarioError.malformed("to: a grouping cannot be written")
            }
        },
        "toByKey": { scenario, fields in
            let prefix = try fields.text("prefix")
            try scenario.stream("from", of: fields).to { record in prefix + (record.key ?? "null") }
        },
    ]
}
