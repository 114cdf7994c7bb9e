import KafkaClient
import Testing

@testable import MillraceOperations

@Suite("The progress through slices of the log")
struct SliceProgressTests {
    private let first = TopicPartition("t", 0)
    private let second = TopicPartition("t", 1)

    @Test("offsets without records count with the record after them, so that the whole is reached")
    func gaps() {
        var progress = SliceProgress([first: 10..<20, second: 0..<5])
        #expect(progress.total == 15 && progress.done == 0)
        progress.take(12, of: first)
        #expect(progress.done == 3)
        progress.take(4, of: second)
        progress.take(19, of: first)
        #expect(progress.done == progress.total)
    }

    @Test("a record from elsewhere, or one that has been counted, changes nothing")
    func others() {
        var progress = SliceProgress([first: 10..<20])
        for offset: Int64 in [9, -1, .min, .max] { progress.take(offset, of: first) }
        progress.take(12, of: second)
        #expect(progress.done == 0)
        progress.take(15, of: first)
        progress.take(15, of: first)
        #expect(progress.done == 6)
    }

    @Test("a slice without an end has no total")
    func endless() {
        #expect(SliceProgress([first: 0..<Int64.max, second: 0..<5]).total == .max)
        #expect(SliceProgress([:]).total == 0)
    }
}
