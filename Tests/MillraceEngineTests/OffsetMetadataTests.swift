import FoundationEssentials
import MillraceEngine
import Testing

/// Kafka: `TopicPartitionMetadata.encode` and `decode`.
@Suite("Offset metadata")
struct OffsetMetadataTests {
    @Test(
        "a partition's time is written as Kafka Streams writes it",
        arguments: [
            (1_600_000_000_000, "AgAAAXSHboAA"), (0, "AgAAAAAAAAAA"), (-1, "Av//////////"),
        ] as [(Int64, String)])
    func encode(timeMs: Int64, encoded: String) throws {
        let text = OffsetMetadata(partitionTimeMs: timeMs).encoded()
        #expect(text == encoded)
        #expect(OffsetMetadata.decode(text)?.partitionTimeMs == timeMs)
    }

    @Test("version 1 of older releases is also read")
    func versionOne() {
        #expect(OffsetMetadata.decode("AQAAAXSHboAA")?.partitionTimeMs == 1_600_000_000_000)
    }

    @Test("processors' metadata after the time is skipped")
    func processorMetadata() {
        #expect(OffsetMetadata.decode("AgAAAXSHboAAAAAAAQAAAAFh")?.partitionTimeMs == 1_600_000_000_000)
    }

    @Test(
        "text of another writer is no metadata",
        arguments: ["", "AQ==", "not base64!", "AwAAAXSHboAA", "AgAAAXSHbg=="])
    func others(text: String) {
        #expect(OffsetMetadata.decode(text) == nil)
    }

    @Test("the times of operators are written in the format of Kafka's ProcessorMetadata")
    func processorTimes() {
        let metadata = OffsetMetadata(partitionTimeMs: 1, processorTimesMs: ["s": 2])
        let bytes: [UInt8] =
            [2] + [0, 0, 0, 0, 0, 0, 0, 1] + [0, 0, 0, 1] + [0, 0, 0, 1, 0x73] + [0, 0, 0, 0, 0, 0, 0, 2]
        #expect(metadata.encoded() == Data(bytes).base64EncodedString())
        #expect(OffsetMetadata.decode(metadata.encoded()) == metadata)
        // Truncated metadata has only the partition's time.
        #expect(OffsetMetadata.decode(Data(bytes.dropLast(3)).base64EncodedString())?.partitionTimeMs == 1)
    }
}
