import Millrace

extension Serde where Value == String {
    /// A text serde that cannot serialize while everything is refused.
    static let unwritable = Serde(
        name: "unwritable",
        serialize: { text, buffer in buffer.append(contentsOf: try unlessRefused(text).utf8) },
        deserialize: { bytes in String(decoding: bytes, as: UTF8.self) })

    /// A text serde that cannot deserialize while everything is refused.
    static let unreadable = Serde(
        name: "unreadable", serialize: { text, buffer in buffer.append(contentsOf: text.utf8) },
        deserialize: { bytes in try unlessRefused(String(decoding: bytes, as: UTF8.self)) })
}

/// The serdes of keys and values, wherever an operator has one.
extension FallibleClosure {
    static func reading(
        _ place: String, to reason: DropReason = .processing, rest: Rest = .asWithoutTheRecord,
        _ define: @escaping @Sendable (StreamsBuilder) throws -> Void
    ) -> FallibleClosure {
        FallibleClosure(
            "Serde.init.deserialize(UnsafeRawBufferPointer) [\(place)]", to: reason, rest: rest, define: define)
    }

    static func writing(
        _ place: String, to reason: DropReason = .processing, rest: Rest = .asWithoutTheRecord,
        _ define: @escaping @Sendable (StreamsBuilder) throws -> Void
    ) -> FallibleClosure {
        FallibleClosure(
            "Serde.init.serialize(Value, inout [UInt8]) [\(place)]", to: reason, rest: rest, define: define)
    }

    static var serdes: [FallibleClosure] { readers + writers + caches + lateRecords }

    private static var readers: [FallibleClosure] {
        [
            reading("a key of StreamsBuilder.stream", to: .deserialization) {
                $0.stream("left", key: .unreadable, value: .string).to("out")
            },
            reading("a value of StreamsBuilder.stream", to: .deserialization) {
                $0.stream("left", key: .string, value: .unreadable).to("out")
            },
            reading("a value of the topic of StreamsBuilder.table", to: .deserialization) {
                $0.table("left", key: .string, value: .unreadable).toStream().to("out")
            },
            reading("a value of the topic of StreamsBuilder.globalTable", to: .deserialization) {
                let table = $0.globalTable("left", key: .string, value: .unreadable, into: .with(value: .string))
                right($0).join(table, on: { key, _ in key }) { $0 + $1 }.to("out")
            },
            reading("a value of StreamsBuilder.addSource", to: .deserialization) {
                $0.addSource("source", topics: ["left"], key: .string, value: .unreadable).to("out", value: .string)
            },
            reading("a value of StreamsBuilder.addReadOnlyStateStore", to: .deserialization) {
                $0.addReadOnlyStateStore(
                    Stores.keyValue("read", key: .string, value: .string), topic: "left", key: .string,
                    value: .unreadable, named: "reader")
                right($0).to("out")
            },
            reading("a value of StreamsBuilder.addGlobalStore", to: .deserialization) {
                let store = Stores.keyValue("global", key: .string, value: .string)
                $0.addGlobalStore(store, topic: "left", key: .string, value: .unreadable) { _ in { _ in } }
                right($0).to("out")
            },
            reading("a value of KStream.repartition", to: .deserialization) {
                left($0).repartition(value: .unreadable).to("out")
            },
            reading("a key of KTable.groupBy", to: .deserialization) {
                leftTable($0).groupBy(key: .unreadable) { (key, value) -> (String?, String?) in (key, value) }.count()
                    .toStream().to("out")
            },
        ]
    }

    private static var writers: [FallibleClosure] {
        [
            writing("a key of KStream.to", to: .production) { left($0).to("out", key: .unwritable) },
            writing("a value of KStream.to", to: .production) { left($0).to("out", value: .unwritable) },
            writing("a value of KStream.to, choosing a topic", to: .production) {
                left($0).to(value: .unwritable, choosing: { _ in "out" })
            },
            writing("a value of StreamsBuilder.addSink", to: .production) {
                $0.addSink("sink", topic: "out", after: left($0), value: .unwritable)
            },
            writing("a key of KStream.selectKey with KStream.groupByKey", to: .production) {
                left($0).selectKey(key: .unwritable) { (key: String?, _: String) -> String? in key }.groupByKey()
                    .count(into: .with(key: .string)).toStream().to("out")
            },
            writing("a value of KStream.repartition", to: .production) {
                left($0).repartition(value: .unwritable).to("out")
            },
            writing("a value of KTable.groupBy", to: .production) {
                leftTable($0).groupBy(value: .unwritable) { (key, value) -> (String?, String?) in (key, value) }.count()
                    .toStream().to("out")
            },
        ]
    }

    /// Entries that wait in a cache are read when the cache is flushed.
    private static var caches: [FallibleClosure] {
        [
            reading("a key of a cached KGroupedStream.count", rest: .asWithoutItsResult) {
                left($0).groupByKey().count(into: .store("counts", key: .unreadable)).toStream()
                    .to("out", key: .string)
            },
            reading("a value of a cached KGroupedStream.reduce", rest: .asWithoutEither) {
                left($0).groupByKey().reduce(into: .with(value: .unreadable)) { $0 + $1 }.toStream()
                    .to("out", value: .string)
            },
            reading("a value of cached windows", rest: .asWithoutEither) {
                left($0).groupByKey().windowedBy(.tumbling(.milliseconds(100))).reduce(into: .with(value: .unreadable))
                {
                    $0 + $1
                }
                .toOut()
            },
            reading("a value of cached sessions", rest: .asWithoutEither) {
                left($0).groupByKey().windowedBy(.session(gap: .milliseconds(100)))
                    .reduce(into: .with(value: .unreadable)) { $0 + $1 }.toOut()
            },
        ]
    }

    /// Late records are written unchanged.
    private static var lateRecords: [FallibleClosure] {
        [
            writing("a value of a late record", to: .production) {
                $0.stream(
                    "left", key: .string, value: .string,
                    timestamp: .value { value in ["3", "9"].contains(value) ? 0 : 1_000 }
                )
                .mapValues(value: .unwritable) { (value: String) -> String? in value }
                .groupByKey().windowedBy(.tumbling(.milliseconds(1)))
                .count(into: .store("kept").lateRecords(to: "late")).toStream()
                .map(key: .string, value: .int64) { (record: Record<Windowed<String>, Int64>) -> (String?, Int64?) in
                    (record.key?.key, record.value)
                }
                .to("out")
            }
        ]
    }
}
