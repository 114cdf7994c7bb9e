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

    @Test("version 1 of older releases is read too")
    func versionOne() {
        #expect(OffsetMetadata.decode("AQAAAXSHboAA")?.partitionTimeMs == 1_600_000_000_000)
    }

    @Test("the metadata of processors behind the time is read over")
    func processorMetadata() {
        #expect(OffsetMetadata.decode("AgAAAXSHboAAAAAAAQAAAAFh")?.partitionTimeMs == 1_600_000_000_000)
    }

    @Test(
        "what somebody else wrote is no metadata",
        arguments: ["", "AQ==", "not base64!", "AwAAAXSHboAA", "AgAAAXSHbg=="])
    func others(text: String) {
        #expect(OffsetMetadata.decode(text) == nil)
    }
}
