import Millrace

extension ScenarioBuilder {
    static let groupingOperations: [String: Operation] = [
        "groupByKey": { scenario, fields in
            // The recorder wrote a key mapper here, too, but groupByKey does not use one.
            _ = try fields.optionalText("fn")
            let grouped = try scenario.stream("from", of: fields).groupByKey(named: fields.operationName())
            scenario.name(.groupedStream(grouped), try fields.text("as"))
        },
        "groupBy": { scenario, fields in
            let mapper = try Functions.keyMapper(fields.text("fn"))
            let operationName = try fields.operationName()
            switch try scenario.result("from", of: fields) {
            case .stream(let stream):
                let grouped: KGroupedStream<String, String> = stream.groupBy(named: operationName) { record in
                    mapper(record.key, record.value)
                }
                scenario.name(.groupedStream(grouped), try fields.text("as"))
            case .table(let table):
                let grouped: KGroupedTable<String, String> = table.groupBy(named: operationName) { key, value in
                    (mapper(key, value), value)
                }
                scenario.name(.groupedTable(grouped), try fields.text("as"))
            default: throw ScenarioError.malformed("groupBy of a grouping")
            }
        },
    ]
}
