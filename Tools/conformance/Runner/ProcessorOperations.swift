import Millrace

extension ScenarioBuilder {
    static let processorOperations: [String: Operation] = [
        "process": { scenario, fields in
            let clock: PunctuationType
            switch try fields.text("clock") {
            case "stream": clock = .streamTime
            case "wall": clock = .wallClockTime
            case let other: throw ScenarioError.unsupported("process.clock=\(other)")
            }
            let interval = Duration.milliseconds(try fields.number("everyMs"))
            let stream = try scenario.stream("from", of: fields)
                .process { (context: ProcessorContext<String, String>) in
                    var count = 0
                    try context.schedule(every: interval, on: clock) { timestampMs in
                        try context.forward(Record(key: "tick", value: String(count), timestampMs: timestampMs))
                        count = 0
                    }
                    return { record in
                        count += 1
                        try context.forward(record)
                    }
                }
            scenario.name(.stream(stream), try fields.text("as"))
        },
        "dedup": { scenario, fields in
            let lastValues = Stores.keyValue(try fields.text("store"), key: .string, value: .string)
            scenario.builder.addStateStore(lastValues)
            let stream = try scenario.stream("from", of: fields)
                .processValues(stores: [lastValues.name]) { (context: FixedKeyProcessorContext<String, String>) in
                    let last = try context.store(lastValues)
                    return { record in
                        guard let key = record.key, let value = record.value, try last.get(key) != value else { return }
                        try last.put(key, value)
                        try context.forward(record)
                    }
                }
            scenario.name(.stream(stream), try fields.text("as"))
        },
    ]
}
