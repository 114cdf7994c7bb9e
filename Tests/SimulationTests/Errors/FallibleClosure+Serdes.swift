import Millrace

extension Serde where Value == String {
    /// Text that cannot be written while everything is refused.
    fileprivate static let unwritable = Serde(
        name: "unwritable",
        serialize: { text, buffer in buffer.append(contentsOf: try unlessRefused(text).utf8) },
        deserialize: { bytes in String(decoding: bytes, as: UTF8.self) })

    /// Text that cannot be read while everything is refused.
    fileprivate static let unreadable = Serde(
        name: "unreadable", serialize: { text, buffer in buffer.append(contentsOf: text.utf8) },
        deserialize: { bytes in try unlessRefused(String(decoding: bytes, as: UTF8.self)) })
}

/// The serdes of keys and values at each place that has one.
extension FallibleClosure {
    private typealias Define = @Sendable (StreamsBuilder) throws -> Void

    private static func reading(
        _ place: String, to reason: DropReason = .processing, _ define: @escaping Define
    ) -> FallibleClosure {
        FallibleClosure("Serde.init.deserialize(UnsafeRawBufferPointer) [\(place)]", to: reason, define: define)
    }

    private static func writing(
        _ place: String, to reason: DropReason = .processing, _ define: @escaping Define
    ) -> FallibleClosure {
        FallibleClosure("Serde.init.serialize(Value, inout [UInt8]) [\(place)]", to: reason, define: define)
    }

    static var serdes: [FallibleClosure] { readers + writers + stores }

    private static var readers: [FallibleClosure] {
        [
            reading("key of a topic", to: .deserialization) {
                $0.stream("left", key: .unreadable, value: .string).to("out")
            },
            reading("value of a topic", to: .deserialization) {
                $0.stream("left", key: .string, value: .unreadable).to("out")
            },
            reading("value of a table's topic", to: .deserialization) {
                $0.table("left", key: .string, value: .unreadable).toStream().to("out")
            },
            reading("value of a global table's topic", to: .deserialization) {
                right($0).join($0.globalTable("left", key: .string, value: .unreadable), on: { key, _ in key }) {
                    $0 + $1
                }
                .to("out")
            },
            reading("value of a repartition topic", to: .deserialization) {
                left($0).repartition(value: .unreadable).to("out")
            },
            reading("key of a grouped table's repartition topic", to: .deserialization) {
                leftTable($0).groupBy(key: .unreadable) { (key, value) -> (String?, String?) in (key, value) }.count()
                    .toStream().to("out")
            },
        ]
    }

    private static var writers: [FallibleClosure] {
        [
            writing("key of a topic", to: .production) { left($0).to("out", key: .unwritable) },
            writing("value of a topic", to: .production) { left($0).to("out", value: .unwritable) },
            writing("value of a topic that is chosen", to: .production) {
                left($0).to(value: .unwritable, choosing: { _ in "out" })
            },
            writing("value of a sink by hand", to: .production) {
                $0.addSink("sink", topic: "out", after: left($0), value: .unwritable)
            },
            writing("key of a repartition topic", to: .production) {
                left($0).selectKey(key: .unwritable) { (key: String?, _: String) -> String? in key }.groupByKey()
                    .count(into: .with(key: .string)).toStream().to("out")
            },
            writing("value of a repartition topic", to: .production) {
                left($0).repartition(value: .unwritable).to("out")
            },
            writing("value of a grouped table's repartition topic", to: .production) {
                leftTable($0).groupBy(value: .unwritable) { (key, value) -> (String?, String?) in (key, value) }.count()
                    .toStream().to("out")
            },
        ]
    }

    private static var stores: [FallibleClosure] {
        let near = JoinWindows.difference(.milliseconds(100))
        return [
            writing("key of a store") {
                left($0).groupByKey().count(into: .with(key: .unwritable)).toStream().to("out", key: .string)
            },
            writing("value of a store") {
                left($0).groupByKey().reduce(into: .with(value: .unwritable)) { $0 + $1 }.toStream()
                    .to("out", value: .string)
            },
            reading("value of a store") {
                left($0).groupByKey().reduce(into: .with(value: .unreadable)) { $0 + $1 }.toStream().to("out")
            },
            reading("key of a cached store") {
                left($0).groupByKey().count(into: .store("counts", key: .unreadable)).toStream().to("out")
            },
            writing("key of a window store") {
                left($0).groupByKey().windowedBy(.tumbling(.milliseconds(100))).reduce(into: .with(key: .unwritable)) {
                    $0 + $1
                }
                .toOut()
            },
            reading("value of a window store") {
                left($0).groupByKey().windowedBy(.sliding(.milliseconds(100))).reduce(into: .with(value: .unreadable)) {
                    $0 + $1
                }
                .toOut()
            },
            reading("value of a session store") {
                left($0).groupByKey().windowedBy(.session(gap: .milliseconds(100)))
                    .reduce(into: .with(value: .unreadable)) { $0 + $1 }.toOut()
            },
            writing("key of the windows of a join") {
                left($0).leftJoin(right($0), within: near, as: .with(key: .unwritable)) { left, _ in left }
                    .to("out", key: .string)
            },
            writing("value of the windows of a join") {
                left($0).leftJoin(right($0), within: near, as: .with(value: .unwritable)) { left, _ in left }.to("out")
            },
            reading("value of the windows of a join") {
                left($0).join(right($0), within: near, as: .with(value: .unreadable)) { left, _ in left }.to("out")
            },
            reading("value of a table that is looked up") {
                right($0).join($0.table("left", key: .string, value: .string, into: .with(value: .unreadable))) {
                    $0 + $1
                }
                .to("out")
            },
            writing("value of a suppression buffer") {
                $0.table("left", key: .string, value: .string, into: .with(value: .string))
                    .mapValues(into: .with(value: .unwritable)) { (value: String) -> String? in value }
                    .suppress(.untilTimeLimit(.milliseconds(5))).toStream().to("out", value: .string)
            },
            reading("value of a suppression buffer") {
                leftTable($0).mapValues(into: .with(value: .unreadable)) { (value: String) -> String? in value }
                    .suppress(.untilTimeLimit(.milliseconds(5))).toStream().to("out")
            },
        ]
    }
}
