import Millrace
import MillraceEngine
import MillraceRuntime
import Testing

@testable import MillraceTesting

/// A value that cannot be serialised is counted, and the store that should have kept it stays unchanged.
@Suite("Values that cannot be serialised")
struct UnserializableValueTests {
    private struct Step {
        var topic: String
        var key: String?
        var value: String?
        var atMs: Int64

        init(_ topic: String, _ key: String?, _ value: String?, _ atMs: Int64) {
            self.topic = topic
            self.key = key
            self.value = value
            self.atMs = atMs
        }
    }

    private static let before = [
        Step("right", "a", "2", 1_000), Step("left", "a", "1", 1_000), Step("left", "a", "3", 1_150),
        Step("right", "a", "4", 1_150), Step("left", "b", "5", 1_160),
    ]

    private static let after = [
        Step("left", "a", "6", 1_170), Step("right", "a", "7", 1_170), Step("left", "a", "17", 1_090),
        Step("left", "c", "8", 9_000), Step("right", "c", "9", 9_000),
    ]

    /// The contents of the stores, and the records written to changelogs and results since the last snapshot.
    private struct Look: Equatable {
        var stores: [String: [[UInt8]: [UInt8]]] = [:]
        var topics: [String: [Record<[UInt8], [UInt8]>]] = [:]

        init(at driver: TopologyTestDriver) throws {
            func isOf(_ name: String) -> Bool { !name.contains("source") && !name.contains("SUBSCRIPTION") }
            // Suppression buffers are not scanned; their changelogs show the contents.
            for name in driver.storeNames where isOf(name) && !name.contains("SUPPRESS") {
                stores[name] = [:]
                try driver.store(named: name)?.bytes?.scan(from: nil, to: nil) { key, value in
                    stores[name]?[Array(key)] = Array(value)
                    return true
                }
            }
            for name in driver.unreadTopics where name == "out" || (name.hasSuffix("-changelog") && isOf(name)) {
                topics[name] = try driver.outputTopic(name, key: .bytes, value: .bytes).readRecords()
            }
        }
    }

    private static func driver(
        _ kept: KeptValue, isCached: Bool, on storage: StateStorage
    ) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        try kept.define(builder, isCached)
        return try TopologyTestDriver(
            builder.build(), errorHandlers: ErrorHandlers(processing: .continue), storage: storage)
    }

    private static func pipe(_ steps: [Step], into driver: TopologyTestDriver, reading topics: String) throws {
        for step in steps where topics.contains(step.topic) {
            try driver.inputTopic(step.topic, key: .string, value: .string)
                .pipe(key: step.key, value: step.value, timestampMs: step.atMs)
        }
    }

    @Test(
        "are counted once, and change neither store nor changelog nor results, then or later",
        arguments: KeptValue.all.map(\.name), [false, true])
    func kept(name: String, isOnDisk: Bool) throws {
        let kept = try #require(KeptValue.all.first { $0.name == name })
        for isCached in [false, true] {
            let directory = try TestDirectory()
            func storage(_ name: String) -> StateStorage {
                isOnDisk ? .rocksDB(in: directory.path + "/" + name) : .memory
            }
            let driver = try Self.driver(kept, isCached: isCached, on: storage("with"))
            let builder = StreamsBuilder()
            try kept.define(builder, isCached)
            let topics = "\(try builder.build().describe())"
            try Self.pipe(Self.before, into: driver, reading: topics)
            if isOnDisk { try driver.checkpoint() }
            let before = try Look(at: driver)
            try Self.pipe([Step("left", "a", kept.refused, 1_080)], into: driver, reading: topics)
            let then = try Look(at: driver)
            #expect(then.stores == before.stores, "cached: \(isCached)")
            #expect(then.topics.isEmpty, "cached: \(isCached)")
            let isEmpty = before.stores.values.allSatisfy { $0.isEmpty }
            #expect(!isEmpty)
            #expect(driver.droppedRecords[.processing] == kept.count)
            try Self.pipe(Self.after, into: driver, reading: topics)
            let later = try Look(at: driver)
            #expect(later != then)
            guard kept.leavesNoTrace else { continue }
            #expect(driver.droppedRecords[.processing] == kept.count)

            // The same run without the record. A record in its place has its offset, and every operator drops it.
            let other = try Self.driver(kept, isCached: isCached, on: storage("without"))
            try Self.pipe(Self.before, into: other, reading: topics)
            if isOnDisk { try other.checkpoint() }
            _ = try Look(at: other)
            try Self.pipe([Step("left", nil, nil, 1_080)] + Self.after, into: other, reading: topics)
            #expect(try Look(at: other) == later, "cached: \(isCached)")
        }
    }
}
