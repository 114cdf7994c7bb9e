import Millrace
import MillraceTesting
import Testing

@Suite("Tables' values transformed")
struct TransformValuesTests {
    private let records = [text("a", "x", 1), text("b", "y", 2), text("a", nil, 3), text("a", "z", 4)]

    @Test("every change is transformed, a deletion too", arguments: [nil, "kept"])
    func transforms(store: String?) throws {
        let outcome = try runTable(records, key: .string, value: .string) { table in
            table.transformValues(into: store.map { .store($0) }) { context in
                { key, value in value.map { "\(key)\($0)\(context.taskID)" } ?? "gone" }
            }
        }
        #expect(outcome.lines == ["a=ax0_0@1", "b=by0_0@2", "a=gone@3", "a=az0_0@4"])
    }

    @Test("a transformer can have stores")
    func stores() throws {
        let seen = Stores.keyValue("seen", key: .string, value: .int64)
        let outcome = try runTable(records, key: .string, value: .int64) { table in
            table.transformValues(stores: [seen]) { context in
                let store = try context.store(seen)
                return { key, _ in
                    let count = (try store.get(key) ?? 0) + 1
                    try store.put(key, count)
                    return count
                }
            }
        }
        #expect(outcome.records.map(\.value) == [1, 1, 2, 3])
    }

    @Test("looking up a transformed table transforms what is there")
    func lookup() throws {
        let outcome = try runSides([
            (.right, text("a", "x", 1)), (.left, text("a", "l", 2)), (.left, text("b", "l", 3)),
        ]) {
            builder in
            let table = builder.table("right", key: .string, value: .string)
                .transformValues { _ in { key, value in value.map { "\(key)\($0)" } ?? "nothing" } }
            return builder.stream("left", key: .string, value: .string).join(table) { $0 + $1 }
        }
        #expect(outcome.lines == ["a=lax@2", "b=lnothing@3"])
    }

    @Test("a table becomes a stream with another key")
    func toStreamWithKey() throws {
        let builder = StreamsBuilder()
        builder.table("in", key: .string, value: .string).toStream { key, value in "\(key ?? "")\(value)" }.to("out")
        let topology = try builder.build()
        #expect(topology.describe().contains("KSTREAM-KEY-SELECT-0000000004"))
        let driver = try TopologyTestDriver(topology)
        try driver.inputTopic("in", key: .string, value: .string).pipe(records: records)
        #expect(
            try driver.outputTopic("out", key: .string, value: .string).readKeyValues().map(\.key) == [
                "ax", "by", "az",
            ])
    }
}
