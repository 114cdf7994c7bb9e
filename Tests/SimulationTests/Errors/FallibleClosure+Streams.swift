import Millrace

extension FallibleClosure {
    static var streams: [FallibleClosure] {
        [
            FallibleClosure("KStream.filter.predicate(Key?, Value)") {
                left($0).filter { _, _ in try unlessRefused(true) }.to("out")
            },
            FallibleClosure("KStream.filter.predicate(Record<Key, Value>)") {
                left($0).filter { _ in try unlessRefused(true) }.to("out")
            },
            FallibleClosure("KStream.filterNot.predicate(Key?, Value)") {
                left($0).filterNot { _, _ in try unlessRefused(false) }.to("out")
            },
            FallibleClosure("KStream.filterNot.predicate(Record<Key, Value>)") {
                left($0).filterNot { _ in try unlessRefused(false) }.to("out")
            },
            FallibleClosure("KStream.mapValues.transform(Value)") {
                left($0).mapValues { (value: String) -> String? in try unlessRefused(value) }.to("out")
            },
            FallibleClosure("KStream.mapValues.transform(Key?, Value)") {
                left($0).mapValues { (_: String?, value: String) -> String? in try unlessRefused(value) }.to("out")
            },
            FallibleClosure("KStream.mapRecordValues.transform(Record<Key, Value>)") {
                left($0).mapRecordValues { record -> String? in try unlessRefused(record.value) }.to("out")
            },
            FallibleClosure("KStream.map.transform(Key?, Value)") {
                left($0).map { (key: String?, value: String) -> (String?, String?) in try unlessRefused((key, value)) }
                    .to("out")
            },
            FallibleClosure("KStream.map.transform(Record<Key, Value>)") {
                left($0).map { (record: Record<String, String>) -> (String?, String?) in
                    try unlessRefused((record.key, record.value))
                }
                .to("out")
            },
            FallibleClosure("KStream.selectKey.selector(Key?, Value)") {
                left($0).selectKey { (_: String?, value: String) -> String? in try unlessRefused(value) }.to("out")
            },
            FallibleClosure("KStream.selectKey.selector(Record<Key, Value>)") {
                left($0).selectKey { (record: Record<String, String>) -> String? in try unlessRefused(record.value) }
                    .to("out")
            },
            FallibleClosure("KStream.flatMapValues.transform(Value)") {
                left($0).flatMapValues { (value: String) -> [String] in try unlessRefused([value]) }.to("out")
            },
            FallibleClosure("KStream.flatMapValues.transform(Key?, Value)") {
                left($0).flatMapValues { (_: String?, value: String) -> [String] in try unlessRefused([value]) }
                    .to("out")
            },
            FallibleClosure("KStream.flatMap.transform(Key?, Value)") {
                left($0).flatMap { (key: String?, value: String) -> [(String?, String?)] in
                    try unlessRefused([(key, value)])
                }
                .to("out")
            },
            FallibleClosure("KStream.flatMap.transform(Record<Key, Value>)") {
                left($0).flatMap { (record: Record<String, String>) -> [(String?, String?)] in
                    try unlessRefused([(record.key, record.value)])
                }
                .to("out")
            },
            FallibleClosure("KStream.peek.action(Record<Key, Value>)") {
                left($0).peek { _ in try unlessRefused(()) }.to("out")
            },
            FallibleClosure("BranchedKStream.branch.predicate(Key?, Value)") {
                left($0).split().branch { _, _ in try unlessRefused(true) }.to("out")
            },
            FallibleClosure("BranchedKStream.branch.predicate(Record<Key, Value>)") {
                left($0).split().branch { _ in try unlessRefused(true) }.to("out")
            },
            FallibleClosure("KStream.groupBy.selector(Key?, Value)") {
                left($0).groupBy { (_: String?, value: String) -> String? in try unlessRefused(value) }.count()
                    .toStream().to("out")
            },
            FallibleClosure("KStream.groupBy.selector(Record<Key, Value>)") {
                left($0).groupBy { (record: Record<String, String>) -> String? in try unlessRefused(record.value) }
                    .count().toStream().to("out")
            },
        ]
    }

    static var outputs: [FallibleClosure] {
        [
            FallibleClosure("KStream.foreach.action(Record<Key, Value>)") {
                left($0).foreach { _ in try unlessRefused(()) }
            },
            FallibleClosure("KStream.print.text(Record<Key, Value>)") {
                left($0).print(to: { _ in }, text: { _ in try unlessRefused("") })
            },
            FallibleClosure("KStream.print.write(String)") { left($0).print(to: { _ in try unlessRefused(()) }) },
            FallibleClosure("KStream.to.choose(Record<Key, Value>)") {
                left($0).to(choosing: { _ in try unlessRefused("out") })
            },
            FallibleClosure("StreamsBuilder.addSink.choose(Record<Key, Value>)") {
                $0.addSink("sink", after: left($0), choosing: { _ in try unlessRefused("out") })
            },
        ]
    }

    static var processors: [FallibleClosure] {
        [
            FallibleClosure("KStream.process.makeProcessor(ProcessorContext<NewKey, NewValue>) [a closure]") {
                left($0).process { (context: ProcessorContext<String, String>) in
                    { record in try context.forward(unlessRefused(record)) }
                }
                .to("out")
            },
            FallibleClosure("KStream.process.makeProcessor(ProcessorContext<NewKey, NewValue>) [a processor]") {
                left($0).process { Relay(context: $0) }.to("out")
            },
            FallibleClosure(
                "KStream.processValues.makeProcessor(FixedKeyProcessorContext<Key, NewValue>) [a closure]"
            ) {
                left($0).processValues { (context: FixedKeyProcessorContext<String, String>) in
                    { record in try context.forward(unlessRefused(record)) }
                }
                .to("out")
            },
            FallibleClosure(
                "KStream.processValues.makeProcessor(FixedKeyProcessorContext<Key, NewValue>) [a processor]"
            ) {
                left($0).processValues { FixedKeyRelay(context: $0) }.to("out")
            },
            FallibleClosure("StreamsBuilder.addProcessor.makeProcessor(ProcessorContext<NewKey, NewValue>)") {
                $0.addProcessor("processor", after: left($0)) { (context: ProcessorContext<String, String>) in
                    { record in try context.forward(unlessRefused(record)) }
                }
                .to("out")
            },
            FallibleClosure("StreamsBuilder.addGlobalStore.makeProcessor(ProcessorContext<Never, Never>)") {
                let store = Stores.keyValue("global", key: .string, value: .string)
                $0.addGlobalStore(store, topic: "left", key: .string, value: .string) { context in
                    let store = try context.store(store)
                    return { record in
                        if let key = record.key { try store.put(key, unlessRefused(record.value)) }
                    }
                }
            },
        ]
    }

    static var timestamps: [FallibleClosure] {
        let extractor = TimestampExtractor<String, String> { record, _ in try unlessRefused(record.timestampMs) }
        func source(
            _ source: String, _ define: @escaping @Sendable (StreamsBuilder) -> KStream<String, String>
        ) -> FallibleClosure {
            FallibleClosure("TimestampExtractor.init.extract(Record<Key, Value>, Int64) [of \(source)]") {
                define($0).to("out")
            }
        }
        return [
            FallibleClosure("TimestampExtractor.value.timestampMs(Value)") {
                $0.stream(
                    "left", key: .string, value: .string, timestamp: .value { _ in try unlessRefused(1_000) }
                )
                .to("out")
            },
            source("a topic") { $0.stream("left", key: .string, value: .string, timestamp: extractor) },
            source("topics") { $0.stream(["left", "right"], key: .string, value: .string, timestamp: extractor) },
            source("a pattern") {
                $0.stream(matching: "left|right", key: .string, value: .string, timestamp: extractor)
            },
            source("a table") { $0.table("left", key: .string, value: .string, timestamp: extractor).toStream() },
            source("a source by hand") {
                $0.addSource("source", topics: ["left"], key: .string, value: .string, timestamp: extractor)
            },
            source("a source by hand of a pattern") {
                $0.addSource("source", matching: "left", key: .string, value: .string, timestamp: extractor)
            },
            source("a global table") {
                right($0).join(
                    $0.globalTable("left", key: .string, value: .string, timestamp: extractor), on: { key, _ in key }
                ) { value, _ in value }
            },
            source("a global store") {
                let store = Stores.keyValue("global", key: .string, value: .string)
                $0.addGlobalStore(store, topic: "left", key: .string, value: .string, timestamp: extractor) { _ in
                    { _ in }
                }
                return right($0)
            },
            source("a read-only store") {
                $0.addReadOnlyStateStore(
                    Stores.keyValue("read", key: .string, value: .string), topic: "left", key: .string,
                    value: .string, timestamp: extractor, named: "reader")
                return right($0)
            },
        ]
    }
}

/// Forwards every record unchanged.
private struct Relay: Processor {
    let context: ProcessorContext<String, String>

    mutating func process(_ record: Record<String, String>) throws { try context.forward(unlessRefused(record)) }
}

private struct FixedKeyRelay: FixedKeyProcessor {
    let context: FixedKeyProcessorContext<String, String>

    mutating func process(_ record: FixedKeyRecord<String, String>) throws {
        try context.forward(unlessRefused(record))
    }
}
