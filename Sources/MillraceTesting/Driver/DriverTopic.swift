public import Millrace
import MillraceEngine

/// A topic of a test driver: its readers, the records that were not read yet, and the records that a restart needs.
@usableFromInline
final class DriverTopic {
    /// A record that was written.
    @usableFromInline
    struct Written {
        @usableFromInline var partition: Int32
        var offset: Int64
        @usableFromInline var bytes: RecordBytes
        @usableFromInline var timestampMs: Int64
        @usableFromInline var headers: Headers
    }

    /// The reader of a partition: one of the driver's tasks, and the task's index for the partition.
    struct Reader {
        var task: Int
        var queueIndex: Int
    }

    let name: String
    let partitionCount: Int32
    /// The reader of each partition; `nil` where there is none.
    var readers: [Reader?]
    /// Whether stores are restored from the topic, so that its records are kept.
    var isChangelog = false
    /// Whether only the last record of each key counts, so that the others need not be kept.
    var isCompacted = true
    // Overlapping accesses are not checked: the checks took a tenth of the driver's time, and nothing is called back during a
    // change.
    @exclusivity(unchecked) private(set) var nextOffsets: [Int64]
    @exclusivity(unchecked) private var unread: [Written] = []
    @exclusivity(unchecked) private var nextUnread = 0
    @exclusivity(unchecked) private var kept: [[Written]]
    private var compactionLimits: [Int]

    init(name: String, partitionCount: Int32) {
        self.name = name
        self.partitionCount = partitionCount
        readers = Array(repeating: nil, count: Int(partitionCount))
        nextOffsets = Array(repeating: 0, count: Int(partitionCount))
        kept = Array(repeating: [], count: Int(partitionCount))
        compactionLimits = Array(repeating: 100_000, count: Int(partitionCount))
    }

    var isRead: Bool { readers.contains { $0 != nil } }

    /// Gives a record its offset and, where stores are restored from the topic, keeps it.
    func append(partition: Int32, _ bytes: RecordBytes, timestampMs: Int64, headers: Headers) -> Written {
        let index = Int(partition)
        let record = Written(
            partition: partition, offset: nextOffsets[index], bytes: bytes, timestampMs: timestampMs, headers: headers)
        nextOffsets[index] += 1
        if isChangelog { keep(record, at: index) }
        return record
    }

    /// Makes the next record of a partition have this offset, whatever tasks have written to it: a log has the offsets of its topics.
    func seek(partition: Int32, to offset: Int64) { nextOffsets[Int(partition)] = offset }

    // MARK: Results

    var unreadCount: Int { unread.count - nextUnread }

    /// Whether the topology has written to the topic.
    @exclusivity(unchecked) private(set) var isProduced = false

    func appendUnread(_ record: Written) {
        isProduced = true
        unread.append(record)
    }

    @usableFromInline
    func popUnread() -> Written? {
        guard nextUnread < unread.count else { return nil }
        defer {
            nextUnread += 1
            if nextUnread == unread.count {
                unread.removeAll(keepingCapacity: true)
                nextUnread = 0
            }
        }
        return unread[nextUnread]
    }

    // MARK: Restoring

    /// The records of a partition from an offset on that are kept.
    func records(of partition: Int32, from offset: Int64) -> [Written] {
        Array(kept[Int(partition)].drop { $0.offset < offset })
    }

    private func keep(_ record: Written, at index: Int) {
        kept[index].append(record)
        guard isCompacted, kept[index].count > compactionLimits[index] else { return }
        var seen: Set<[UInt8]> = []
        let newest = kept[index].reversed().filter { record in
            record.bytes.key.map { seen.insert(Array($0)).inserted } ?? false
        }
        kept[index] = newest.reversed()
        compactionLimits[index] = max(100_000, 2 * kept[index].count)
    }
}
