import ClusterCore
import TestSupport
import Testing

@Suite("Record batches")
struct RecordBatchTests {
    @Test("the checksum is CRC-32C", arguments: [("123456789", 0xE306_9283), ("", 0), ("a", 0xC1D0_4330)])
    func checksum(text: String, sum: UInt32) {
        #expect(CRC32C.checksum(Array(text.utf8)) == sum)
    }

    @Test("keys, values and headers are read as written, with null and empty distinct")
    func roundTrip() throws {
        let written: [(key: [UInt8]?, value: [UInt8]?, headers: [RecordHeader])] = [
            ([1, 2], [3], []), (nil, nil, []), ([], [], [RecordHeader(key: "h", value: nil)]),
            (
                [UInt8](repeating: 7, count: 70_000), [9],
                [RecordHeader(key: "", value: []), .init(key: "é", value: [0])]
            ),
        ]
        var writer = RecordBatchWriter(baseOffset: 40)
        for (index, record) in written.enumerated() {
            writer.append(
                key: record.key, value: record.value, headers: record.headers, timestampMs: 1_000 - Int64(index))
        }
        let batch = try RecordBatch(writer.finish())
        #expect(batch.hasValidChecksum)
        #expect(batch.baseOffset == 40 && batch.lastOffset == 43)
        #expect(batch.header.maxTimestampMs == 1_000 && batch.header.recordCount == 4)
        let records = try RecordBatchReader.records(of: batch)
        for (index, (record, original)) in zip(records, written).enumerated() {
            #expect(record.offset == 40 + Int64(index) && record.timestampMs == 1_000 - Int64(index))
            #expect(record.key.map { Array($0) } == original.key)
            #expect(record.value.map { Array($0) } == original.value)
            #expect(record.headers == original.headers)
        }
    }

    @Test("setting a batch's offset leaves its checksum valid; stamping it renews the checksum")
    func placing() throws {
        var batch = try RecordBatch(values("a", "b"))
        batch.place(at: 1_234_567_890_123, leaderEpoch: 7)
        #expect(batch.hasValidChecksum)
        #expect(try RecordBatch(batch.bytes).header == batch.header)
        batch.stamp(appendTimeMs: 55)
        #expect(batch.hasValidChecksum)
        #expect(try RecordBatchReader.records(of: batch).map(\.timestampMs) == [55, 55])
    }

    @Test("malformed bytes of any kind are refused", arguments: 0..<20)
    func fuzz(seed: Int) throws {
        var random = SeededNumbers(seed: UInt64(seed))
        let sound = batch([("key", "value"), (nil, nil), ("k", "")], timestampMs: 5)
        for _ in 0..<500 {
            var bytes = sound
            for _ in 0...random.below(4) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            if random.chance(20) { bytes.removeLast(random.below(bytes.count)) }
            guard let batch = try? RecordBatch(bytes) else { continue }
            _ = try? RecordBatchReader.records(of: batch)
            _ = ControlRecord(in: batch)
        }
    }

    @Test("several batches in one buffer are separated; an incomplete one is refused")
    func concatenated() throws {
        let bytes = values("a") + values("b", "c")
        #expect(try RecordBatchReader.batches(in: bytes).map(\.header.recordCount) == [1, 2])
        #expect(throws: RecordFormatError.truncated) { try RecordBatchReader.batches(in: Array(bytes.dropLast())) }
    }

    @Test("sequence numbers wrap around to 0 after the largest")
    func wrapAround() throws {
        let header = try RecordBatch(
            values("a", "b", "c", producer: .init(producerID: 1, epoch: 0), sequence: .max - 1)
        ).header
        #expect(header.lastSequence == 0)
    }
}
