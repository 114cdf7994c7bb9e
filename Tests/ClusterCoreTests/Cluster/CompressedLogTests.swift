import ClusterCore
import RecordCompression
import TestSupport
import Testing

private let codecs: [CompressionCodec] = [.none, .gzip, .snappy, .lz4, .zstd]

@Suite("Compressed batches in a log")
struct CompressedLogTests {
    private static let compacted: [String: String?] = ["cleanup.policy": "compact", "delete.retention.ms": "1000"]
    private static let codec = KafkaRecordCodec()
    private let partition = TopicPartition("t", 0)

    private func cluster(
        _ configs: [String: String?] = [:], codec: (any RecordCodec)? = codec
    ) throws -> Cluster {
        let cluster = Cluster(codec: codec, nowMs: 0)
        _ = try cluster.createTopic(NewTopic("t", configs: configs), nowMs: 0)
        return cluster
    }

    private func packed(
        _ records: [(key: String?, value: String?)], _ compression: CompressionCodec, timestampsMs: [Int64]? = nil
    ) throws -> [UInt8] {
        var writer = RecordBatchWriter()
        for (index, record) in records.enumerated() {
            writer.append(
                key: record.key.map { Array($0.utf8) }, value: record.value.map { Array($0.utf8) },
                timestampMs: timestampsMs?[index] ?? 0)
        }
        return try RecordBatch(writer.finish()).compressed(compression, by: Self.codec).bytes
    }

    /// All stored records, as `key=value@offset`.
    private func contents(_ cluster: Cluster) throws -> String {
        let batches = try cluster.fetch(partition, from: 0, maxBytes: 1 << 20, isolation: .readCommitted).batches
        #expect(batches.allSatisfy { $0.hasValidChecksum })
        return try batches.flatMap { try RecordBatchReader.records(of: $0, codec: Self.codec) }.map { record in
            let key = record.key.map { String(decoding: $0, as: UTF8.self) } ?? "null"
            let value = record.value.map { String(decoding: $0, as: UTF8.self) } ?? "null"
            return "\(key)=\(value)@\(record.offset)"
        }.joined(separator: " ")
    }

    @Test("a key that a tombstone deleted stays deleted, whatever codec each record has", arguments: codecs, codecs)
    func tombstone(ofRecord: CompressionCodec, ofTombstone: CompressionCodec) throws {
        let cluster = try cluster(Self.compacted)
        _ = try cluster.produce(packed([("k", "1"), ("l", "1")], ofRecord), to: partition, nowMs: 0)
        _ = try cluster.produce(packed([("k", nil)], ofTombstone), to: partition, nowMs: 0)
        _ = try cluster.produce(packed([("z", "1")], .none), to: partition, nowMs: 0)
        cluster.cleanLogs(nowMs: 0)
        #expect(try contents(cluster) == "l=1@1 k=null@2 z=1@3")
        cluster.cleanLogs(nowMs: 1_000)
        #expect(try contents(cluster) == "l=1@1 z=1@3")
        let first = try cluster.fetch(partition, from: 0, maxBytes: 1 << 20, isolation: .readCommitted).batches[0]
        #expect(first.header.attributes.compression == ofRecord)
    }

    @Test("without a codec a tombstone stays while it may hide a record; compressed batches stay unchanged")
    func unreadable() throws {
        let cluster = try cluster(Self.compacted, codec: nil)
        _ = try cluster.produce(packed([("a", nil)], .none), to: partition, nowMs: 0)
        _ = try cluster.produce(packed([("k", "1")], .gzip), to: partition, nowMs: 0)
        _ = try cluster.produce(packed([("k", nil)], .none), to: partition, nowMs: 0)
        _ = try cluster.produce(packed([("z", "1")], .none), to: partition, nowMs: 0)
        for nowMs in [0, 1_000, 2_000] as [Int64] { cluster.cleanLogs(nowMs: nowMs) }
        #expect(try contents(cluster) == "k=1@1 k=null@2 z=1@3")
    }

    @Test("a compacted topic refuses records without a key, compressed or not", arguments: codecs)
    func nullKey(compression: CompressionCodec) throws {
        let records: [(key: String?, value: String?)] = [("k", "1"), (nil, "2")]
        let compacted = try cluster(Self.compacted)
        #expect(code(try compacted.produce(packed(records, compression), to: partition, nowMs: 0)) == .invalidRecord)
        #expect(code(try cluster().produce(packed(records, compression), to: partition, nowMs: 0)) == .none)
    }

    @Test("a batch that does not unpack is refused", arguments: codecs.dropFirst(), [true, false])
    func damaged(compression: CompressionCodec, isCompacted: Bool) throws {
        let cluster = try cluster(isCompacted ? Self.compacted : [:])
        let whole = try packed((0..<100).map { ("k\($0)", "value \($0)") }, compression)
        func produce(_ body: [UInt8]) -> KafkaErrorCode {
            var bytes = Array(whole[..<61]) + body
            bytes.storeBigEndian(Int32(bytes.count - 12), at: 8)
            bytes.storeBigEndian(CRC32C.checksum(Array(bytes[21...])), at: 17)
            return code(try cluster.produce(bytes, to: partition, nowMs: 0))
        }
        let body = Array(whole[61...])
        #expect(produce([]) != .none)
        #expect(produce(Array("no such stream".utf8)) == .corruptMessage)
        #expect(produce(Array(body.dropLast(3))) == .corruptMessage)
        for count in 1..<body.count { #expect(produce(Array(body.prefix(count))) != .none, "\(count) bytes") }
        var random = SeededNumbers(seed: 1)
        for _ in 0..<2_000 {
            var changed = body
            for _ in 0...random.below(3) { changed[random.below(changed.count)] = UInt8(random.below(256)) }
            // Any answer will do, but no crash. A batch that is accepted can be read.
            if produce(changed) == .none { _ = try contents(cluster) }
        }
        #expect(produce(body) == .none)
    }

    @Test("records that unpack but are malformed, or not as many as the header says, are refused", arguments: codecs)
    func malformed(compression: CompressionCodec) throws {
        let cluster = try cluster()
        let plain = try packed([("k", "1"), ("l", "2")], .none)
        func produce(_ change: (inout [UInt8]) -> Void) throws -> KafkaErrorCode {
            var bytes = plain
            change(&bytes)
            bytes.storeBigEndian(Int32(bytes.count - 12), at: 8)
            let batch = try RecordBatch(bytes).compressed(compression, by: Self.codec)
            var summed = batch.bytes
            summed.storeBigEndian(CRC32C.checksum(Array(summed[21...])), at: 17)
            return code(try cluster.produce(summed, to: partition, nowMs: 0))
        }
        #expect(try produce { _ in } == .none)
        #expect(try produce { $0.removeLast() } == .invalidRecord)
        #expect(try produce { $0.append(0) } == .invalidRecord)
        #expect(try produce { $0[61] = 0xFF } == .invalidRecord)
        // An offset that does not follow the one before.
        #expect(try produce { $0[64] = 6 } == .invalidRecord)
        #expect(
            try produce {
                $0.storeBigEndian(Int32(2), at: 23)
                $0.storeBigEndian(Int32(3), at: 57)
            } == .invalidRecord)
    }

    @Test("a batch that unpacks to more than the limit is refused as too large", arguments: codecs.dropFirst())
    func bomb(compression: CompressionCodec) throws {
        let cluster = try cluster(codec: KafkaRecordCodec(limitInBytes: 1 << 20))
        let large = [("k", String(repeating: "a", count: 2 << 20))]
        let bytes = try packed(large.map { (key: $0.0, value: $0.1) }, compression)
        #expect(bytes.count < 200_000)
        #expect(code(try cluster.produce(bytes, to: partition, nowMs: 0)) == .messageTooLarge)
        #expect(code(try cluster.produce(packed([("k", "v")], compression), to: partition, nowMs: 0)) == .none)
    }

    @Test(
        "offsets by time, and the offset of the largest time, are those of records inside compressed batches",
        arguments: codecs)
    func times(compression: CompressionCodec) throws {
        let cluster = try cluster()
        let records = (0..<10).map { (key: "k\($0)" as String?, value: "v" as String?) }
        let times = (1...10).map { Int64($0) * 1_000 }
        _ = try cluster.produce(packed(records, compression, timestampsMs: times), to: partition, nowMs: 0)
        _ = try cluster.produce(
            packed(Array(records[..<3]), compression, timestampsMs: [100, 20_000, 300]), to: partition, nowMs: 0)
        let rows: [(OffsetSpec, Int64, Int64)] = [
            (.timestamp(0), 0, 1_000), (.timestamp(5_500), 5, 6_000), (.timestamp(6_000), 5, 6_000),
            (.timestamp(10_000), 9, 10_000), (.timestamp(10_001), 11, 20_000), (.timestamp(20_001), -1, -1),
            (.maxTimestamp, 11, 20_000),
        ]
        for (spec, offset, timestampMs) in rows {
            let found = try cluster.listOffset(partition, spec, isolation: .readUncommitted)
            #expect(found.offset == offset && found.timestampMs == timestampMs, "\(spec): \(found)")
        }
        _ = try cluster.deleteRecords(partition, beforeOffset: 7, nowMs: 0)
        let found = try cluster.listOffset(partition, .timestamp(0), isolation: .readUncommitted)
        #expect(found.offset == 7 && found.timestampMs == 8_000)
    }

    @Test("every compression unpacks what it packed, of any size", arguments: codecs)
    func roundTrip(compression: CompressionCodec) throws {
        var random = SeededNumbers(seed: 7)
        for size in [1, 2, 100, 32_767, 32_768, 32_769, 65_536, 200_000] {
            for isRandom in [true, false] {
                let bytes = (0..<size).map { UInt8(isRandom ? random.below(256) : $0 / 100 % 256) }
                let packed = try Self.codec.compress(bytes[...], compression)
                #expect(try Self.codec.decompress(packed[...], compression) == bytes)
            }
        }
    }

    @Test(
        "streams from other writers unpack: snappy without framing, several gzip members, several frames",
        arguments: [
            (.snappy, "0b2868656c6c6f20776f726c64"),
            (.gzip, "1f8b08000000000002ffcb48cdc9c9070086a6103605000000"),
        ] as [(CompressionCodec, String)])
    func foreign(compression: CompressionCodec, hexadecimal: String) throws {
        var rest = hexadecimal[...]
        var bytes: [UInt8] = []
        while !rest.isEmpty {
            bytes.append(try #require(UInt8(rest.prefix(2), radix: 16)))
            rest = rest.dropFirst(2)
        }
        let text = compression == .snappy ? "hello world" : "hello"
        #expect(try Self.codec.decompress(bytes[...], compression) == Array(text.utf8))
        if compression == .gzip {
            #expect(try Self.codec.decompress((bytes + bytes)[...], compression) == Array((text + text).utf8))
        }
        for other in [CompressionCodec.lz4, .zstd] {
            let frame = try Self.codec.compress(Array("hello".utf8)[...], other)
            #expect(try Self.codec.decompress((frame + frame)[...], other) == Array("hellohello".utf8))
        }
    }
}
