import FoundationEssentials
import Millrace
import MillraceEngine
import TestSupport
import Testing

@Suite("Compact offset metadata")
struct CompactTimesTests {
    private static func names(_ count: Int) -> [String] {
        (0..<count).map { "KSTREAM-AGGREGATE-\($0)-stream-time" }.sorted()
    }

    @Test("times that fit beside an offset are written in Kafka's form")
    func kafkasForm() {
        let metadata = OffsetMetadata(partitionTimeMs: 5, processorTimesMs: ["a": 1, "b": 2])
        #expect(metadata.encoded(atMost: 60, names: ["a", "b", "c"]) == metadata.encoded())
    }

    @Test("any times are read as written, in no more characters than promised", arguments: 0..<200 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        let count = Int.random(in: 1...OffsetMetadataSize.maxTimeCount, using: &random)
        let names = Self.names(count)
        let highest: Int64 = [1, 1_000, 1_700_000_000_000, .max].randomElement(using: &random) ?? 1
        var times: [String: Int64] = [:]
        for name in names where Bool.random(using: &random) { times[name] = .random(in: 0...highest, using: &random) }
        let metadata = OffsetMetadata(
            partitionTimeMs: .random(in: -1...highest, using: &random), processorTimesMs: times)
        let limit = OffsetMetadataSize.longest(timeCount: count)
        let text = metadata.encoded(atMost: limit, names: names)
        #expect(text.count <= limit)
        #expect(OffsetMetadata.decode(text, names: names) == metadata)
    }

    @Test("as many times as a topology may have always fit")
    func worstCase() {
        let names = Self.names(OffsetMetadataSize.maxTimeCount)
        let times = Dictionary(
            uniqueKeysWithValues: names.enumerated().map { ($1, $0.isMultiple(of: 2) ? 0 : Int64.max) })
        let metadata = OffsetMetadata(partitionTimeMs: 0, processorTimesMs: times)
        let text = metadata.encoded(names: names)
        #expect(text.count <= 4_096)
        #expect(OffsetMetadata.decode(text, names: names) == metadata)
        #expect(OffsetMetadataSize.longest(timeCount: names.count + 1) > 4_096)
    }

    @Test("times of operators that still exist survive a change of the topology")
    func changedTopology() {
        let before = Self.names(100)
        let times = Dictionary(uniqueKeysWithValues: before.map { ($0, 1_700_000_000_000 as Int64) })
        let text = OffsetMetadata(partitionTimeMs: 7, processorTimesMs: times).encoded(names: before)
        let after = (before.dropFirst(10) + ["new-stream-time"]).sorted()
        let decoded = OffsetMetadata.decode(text, names: after)
        #expect(decoded?.partitionTimeMs == 7)
        #expect(decoded?.processorTimesMs == times.filter { after.contains($0.key) })
    }

    @Test("Kafka Streams finds the partition's time and no times of operators")
    func readByKafka() throws {
        let names = Self.names(200)
        let times = Dictionary(uniqueKeysWithValues: names.map { ($0, 9 as Int64) })
        let text = OffsetMetadata(partitionTimeMs: 0x0102, processorTimesMs: times).encoded(names: names)
        let bytes = try #require(Data(base64Encoded: text))
        #expect(Array(bytes.prefix(13)) == [2] + [0, 0, 0, 0, 0, 0, 1, 2] + [0, 0, 0, 0])
    }

    @Test("truncated or foreign metadata is read as far as possible", arguments: 0..<100 as Range<UInt64>)
    func damaged(seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        let names = Self.names(100)
        let times = Dictionary(uniqueKeysWithValues: names.map { ($0, Int64.random(in: 0...99, using: &random)) })
        let text = OffsetMetadata(partitionTimeMs: 3, processorTimesMs: times).encoded(atMost: 1_200, names: names)
        var bytes = Array(try #require(Data(base64Encoded: text)).prefix(.random(in: 9...900, using: &random)))
        if let last = bytes.indices.last, last > 13 {
            bytes[.random(in: 13...last, using: &random)] = .random(in: 0...255, using: &random)
        }
        #expect(OffsetMetadata.decode(Data(bytes).base64EncodedString(), names: names)?.partitionTimeMs == 3)
    }
}
