import DequeModule
import Millrace

/// The fetched records of one partition that wait for their turn, the first of them decoded. Kafka: `RecordQueue`.
final class InputQueue {
    let partition: TopicPartition
    /// The queue's number in its task.
    let index: Int
    private let reader: SourceReader
    private var waiting: Deque<FetchedRecord> = []
    /// The record that is decoded and next.
    private(set) var head: FetchedRecord?
    private var headTimestampMs: Int64 = -1
    /// The highest timestamp processed so far; −1 while there is none. Committed as offset metadata.
    var partitionTimeMs: Int64 = -1
    /// The next offset to read after everything that was processed or dropped; `nil` before the first.
    private(set) var nextOffset: Int64?
    /// The offset that the group had committed when reading began; `nil` where there was none.
    var committedOffset: Int64?
    private(set) var sizeInBytes = 0

    init(partition: TopicPartition, index: Int, reader: SourceReader) {
        self.partition = partition
        self.index = index
        self.reader = reader
    }

    /// Records that wait, the decoded one included.
    var count: Int { waiting.count + (head == nil ? 0 : 1) }

    func append(_ record: FetchedRecord) {
        waiting.append(record)
        sizeInBytes += record.sizeInBytes
    }

    /// Forgets what was fetched but not processed, and where reading stood.
    func clear() {
        waiting.removeAll()
        head = nil
        nextOffset = nil
        sizeInBytes = 0
    }

    /// Decodes records until one is good. Returns its timestamp, or `nil` where none is left.
    func fill() throws -> Int64? {
        while head == nil, let record = waiting.popFirst() {
            let raw = raw(record)
            sizeInBytes -= record.sizeInBytes
            do {
                if let timestampMs = try reader.decode(raw, partitionTimeMs) {
                    head = record
                    headTimestampMs = timestampMs
                } else {
                    nextOffset = record.offset + 1
                }
            } catch var error as StreamsError where error.record == nil {
                error.record = RecordMetadata(topic: raw.topic, partition: raw.partition, offset: raw.offset)
                throw error
            }
        }
        return head == nil ? nil : headTimestampMs
    }

    /// Processes the decoded record.
    func process() throws {
        guard let record = head else { return }
        partitionTimeMs = max(partitionTimeMs, headTimestampMs)
        try reader.process()
        nextOffset = record.offset + 1
        head = nil
    }

    /// The decoded record's bytes and place.
    var current: RawRecord? { head.map(raw) }

    /// The decoded record's place.
    var currentMetadata: RecordMetadata? {
        head.map { RecordMetadata(topic: partition.topic, partition: partition.partition, offset: $0.offset) }
    }

    private func raw(_ record: FetchedRecord) -> RawRecord {
        RawRecord(
            topic: partition.topic, partition: partition.partition, offset: record.offset,
            timestampMs: record.timestampMs, headers: record.headers, key: record.key, value: record.value)
    }
}
