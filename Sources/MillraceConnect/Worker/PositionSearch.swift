import Millrace
import MillraceEngine

/// The reading of a partition of the topic of positions, up to its end, for the last position of one task.
///
/// The partition has the positions of other tasks, too. One of their transactions may be open, and what was committed behind its beginning
/// cannot be read before it ends. So the search goes on to the end that the partition had when it began, whether committed or not.
final class PositionSearch {
    private let reader: any ReaderPort
    private let partition: TopicPartition
    private let key: [UInt8]
    private var reached: Int64 = 0
    private var end: Int64?
    /// The last position that was found; `nil` for none.
    private(set) var position: SourcePosition?

    /// - Throws: `PortError`.
    init(for key: [UInt8], in partition: TopicPartition, with reader: any ReaderPort) throws(PortError) {
        self.reader = reader
        self.partition = partition
        self.key = key
        try reader.assign([PartitionAssignment(partition: partition, slot: 0, offset: nil)])
    }

    /// Reads on. Returns whether the end is reached.
    ///
    /// - Parameter milliseconds: the time to wait.
    /// - Throws: `PortError`.
    func step(withinMs milliseconds: Int) throws(PortError) -> Bool {
        let polled = try reader.poll(maxRecords: 10_000, timeoutMs: milliseconds)
        for run in polled.runs {
            for record in run.records where record.key.map({ $0.elementsEqual(key) }) ?? false {
                position = record.value.map { SourcePosition(rawValue: String(decoding: $0, as: UTF8.self)) }
            }
            reached = max(reached, run.nextOffset ?? 0)
        }
        for event in polled.events {
            switch event {
            case .endOfPartition(slot: _, let offset): reached = max(reached, offset)
            case .offsetOutOfRange, .topicUnavailable:
                throw PortError(.retriable, "the positions in \(partition) cannot be read")
            case .trouble(let words): throw PortError(.retriable, words)
            }
        }
        end = end ?? reader.knownEndOffset(of: partition)
        return end.map { reached >= $0 } ?? false
    }

    func close() { reader.close() }
}
