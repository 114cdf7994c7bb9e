import Millrace

extension ScenarioBuilder {
    static let statelessOperations: [String: Operation] = [
        "filter": { scenario, fields in try scenario.filter(fields, keeping: true) },
        "filterNot": { scenario, fields in try scenario.filter(fields, keeping: false) },
        "mapValues": { scenario, fields in try scenario.mapValues(fields) },
        "map": { scenario, fields in
            let keyMapper = try Functions.keyMapper(fields.text("keyFn"))
            let valueMapper = try Functions.valueMapper(fields.text("fn"))
            let stream: KStream<String, String> = try scenario.stream("from", of: fields).map { record in
                (keyMapper(record.key, record.value), valueMapper(record.value))
            }
            scenario.name(.stream(stream), try fields.text("as"))
        },
        "selectKey": { scenario, fields in
            let mapper = try Functions.keyMapper(fields.text("fn"))
            let stream: KStream<String, String> = try scenario.stream("from", of: fields)
                .selectKey(named: fields.operationName()) { record in mapper(record.key, record.value) }
            scenario.name(.stream(stream), try fields.text("as"))
        },
        "flatMap": { scenario, fields in
            let stream = try scenario.stream("from", of: fields).flatMap { _, value in
                Functions.parts(value).map { ($0, value) }
            }
            scenario.name(.stream(stream), try fields.text("as"))
        },
        "flatMapValues": { scenario, fields in
            let stream = try scenario.stream("from", of: fields).flatMapValues { Functions.parts($0) }
            scenario.name(.stream(stream), try fields.text("as"))
        },
        "merge": { scenario, fields in
            let stream = try scenario.stream("from", of: fields).merge(scenario.stream("with", of: fields))
            scenario.name(.stream(stream), try fields.text("as"))
        },
        "split": { scenario, fields in try scenario.split(fields) },
        "repartition": { scenario, fields in
            let stream = try scenario.stream("from", of: fields).repartition(named: fields.operationName())
            scenario.name(.stream(stream), try fields.text("as"))
        },
        "toTable": { scenario, fields in
            let table = try scenario.stream("from", of: fields).toTable(into: fields.store())
            scenario.name(.table(table), try fields.text("as"))
        },
        "toStream": { scenario, fields in
            scenario.name(.stream(try scenario.table("from", of: fields).toStream()), try fields.text("as"))
        },
    ]

    private func filter(_ fields: Fields, keeping: Bool) throws {
        let predicate = try Functions.predicate(fields.text("fn"))
        let operationName = try fields.operationName()
        let filtered: Result
        switch try result("from", of: fields) {
        case .stream(let stream):
            let holds: @Sendable (Record<String, String>) -> Bool = { predicate($0.key, $0.value) }
            filtered = .stream(
                keeping ? stream.filter(named: operationName, holds) : stream.filterNot(named: operationName, holds))
        case .table(let table):
            let store: Materialized<String, String>? = try fields.store()
            filtered = .table(
                keeping
                    ? table.filter(into: store, named: operationName) { predicate($0, $1) }
                    : table.filterNot(into: store, named: operationName) { predicate($0, $1) })
        default: throw ScenarioError.malformed("\(fields.owner) of a grouping")
        }
        name(filtered, try fields.text("as"))
    }

    private func mapValues(_ fields: Fields) throws {
        let mapper = try Functions.valueMapper(fields.text("fn"))
        let operationName = try fields.operationName()
        let mapped: Result
        switch try result("from", of: fields) {
        case .stream(let stream):
            mapped = .stream(stream.mapRecordValues(named: operationName) { mapper($0.value) })
        case .table(let table):
            mapped = .table(table.mapValues(into: try fields.store(), named: operationName) { mapper($0) })
        default: throw ScenarioError.malformed("mapValues of a grouping")
        }
        name(mapped, try fields.text("as"))
    }

    private func split(_ fields: Fields) throws {
        let prefix = try fields.text("prefix")
        let split = try stream("from", of: fields).split(named: prefix)
        for value in try fields.array("branches") {
            let branch = try Fields(value, of: "split.branch")
            let (suffix, predicate) = (try branch.text("name"), try Functions.predicate(branch.text("fn")))
            try branch.checkAllRead()
            name(.stream(split.branch(suffix) { record in predicate(record.key, record.value) }), prefix + suffix)
        }
        if let suffix = try fields.optionalText("default") {
            name(.stream(split.defaultBranch(suffix)), prefix + suffix)
        }
    }
}
