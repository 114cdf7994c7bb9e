import KafkaClient
package import Millrace

/// The latest dead letters of some topics, from the newest to the oldest, page by page.
///
/// The newest letter is the one with the highest timestamp among the last ones of all partitions; within a partition the order is
/// that of the offsets. A page reads few more records than it returns, and keeps only the beginnings of their keys and values.
package struct LatestLetters: Sendable {
    /// A dead letter with the beginnings of its key and value.
    package struct Letter: Sendable, Hashable {
        package var topic: String
        package var id: DeadLetterID
        /// Milliseconds since 1970.
        package var timestampMs: Int64
        package var exception: String?
        package var message: String?
        package var operatorName: String?
        package var sourceTopic: String?
        package var sourcePartition: Int32?
        package var sourceOffset: Int64?
        package var key: [UInt8]?
        package var value: [UInt8]?
        package var valueSizeInBytes: Int
    }

    package struct Page: Sendable {
        package var letters: [Letter] = []
        /// The end offsets of the next page; `nil` if there are no older letters.
        package var before: Position?

        package init() {}
    }

    private let topics: [String]
    private let connection: ClusterConnection

    private static let maxReads = 8
    private static let maxKeyCount = 1_024
    private static let maxValueCount = 4_096
    private static let maxTextCount = 4_096

    /// - Parameter topics: the topics of dead letters; those that do not exist have none.
    package init(_ topics: [String], _ connection: ClusterConnection) {
        self.topics = topics
        self.connection = connection
    }

    /// Reads a page.
    ///
    /// - Parameters:
    ///   - limit: the most letters. If whole stretches of a topic hold no letters, as after many aborted transactions, there are
    ///     fewer.
    ///   - before: the `before` of the page with newer letters; `nil` for the first page.
    /// - Throws: `.unreachable`, `.denied`, `.missing` if records are deleted meanwhile.
    package func page(limit: Int, before: Position? = nil) throws(OperationError) -> Page {
        var open = try stretches(before)
        var page = Page()
        var reads = 0
        // The first read takes about as many records as the page has; the following ones go on where letters are dense.
        var count = Int64(max(1, 2 * limit / max(1, open.count)))
        while page.letters.count < limit {
            let empty = open.indices.filter { open[$0].letters.isEmpty && open[$0].end > open[$0].low }
            if !empty.isEmpty {
                guard reads < Self.maxReads else { break }
                reads += 1
                try read(count, empty, &open)
                count = Int64(limit)
            } else if let newest = open.indices.filter({ !open[$0].letters.isEmpty }).max(by: {
                (open[$0].letters.last?.timestampMs ?? 0) < (open[$1].letters.last?.timestampMs ?? 0)
            }) {
                page.letters.append(open[newest].letters.removeLast())
            } else {
                break
            }
        }
        let next = Position(
            Dictionary(uniqueKeysWithValues: open.filter { $0.rest > $0.low }.map { ($0.position, $0.rest) }))
        page.before = next.isEmpty ? nil : next
        return page
    }

    /// The part of a partition that is not on a page yet.
    private struct Stretch {
        var partition: KafkaClient.TopicPartition
        var low: Int64
        /// The first offset of what has been read.
        var end: Int64
        /// The letters that have been read, the newest last.
        var letters: [Letter] = []

        /// The offset before which the next page begins.
        var rest: Int64 { letters.last.map { $0.id.offset + 1 } ?? end }
        var position: Millrace.TopicPartition {
            Millrace.TopicPartition(topic: partition.topic, partition: partition.partition)
        }
    }

    private func stretches(_ before: Position?) throws(OperationError) -> [Stretch] {
        let counts = try connection.partitionCounts(of: topics, connection.admin())
        let partitions = counts.sorted { $0.key < $1.key }.flatMap { topic, count in
            (0..<count).map { KafkaClient.TopicPartition(topic, $0) }
        }
        return try connection.watermarks(of: partitions).sorted { $0.key < $1.key }.map { partition, marks in
            var stretch = Stretch(partition: partition, low: marks.low, end: max(marks.low, marks.high))
            if let before { stretch.end = min(stretch.end, max(stretch.low, before[stretch.position])) }
            return stretch
        }
    }

    private func read(_ count: Int64, _ chosen: [Int], _ open: inout [Stretch]) throws(OperationError) {
        var slices: [KafkaClient.TopicPartition: Range<Int64>] = [:]
        for index in chosen {
            let start = max(open[index].low, open[index].end - count)
            slices[open[index].partition] = start..<open[index].end
            open[index].end = start
        }
        let reader = try LogReader(connection, slices)
        while !reader.isDone {
            for record in try reader.next() {
                guard let index = chosen.first(where: { open[$0].partition == record.topicPartition }) else { continue }
                open[index].letters.append(Self.letter(DeadLetter(record)))
            }
        }
    }

    private static func letter(_ letter: DeadLetter) -> Letter {
        let record = letter.record
        return Letter(
            topic: record.topicPartition.topic, id: letter.id, timestampMs: record.timestampMs,
            exception: letter.exception.map(beginning), message: letter.message.map(beginning),
            operatorName: letter.operatorName, sourceTopic: letter.source?.topic,
            sourcePartition: letter.source?.partition, sourceOffset: letter.sourceOffset,
            key: record.key.map { beginning($0, maxKeyCount) },
            value: record.value.map { beginning($0, maxValueCount) },
            valueSizeInBytes: record.value?.count ?? 0)
    }

    private static func beginning(_ text: String) -> String { String(text.prefix(maxTextCount)) }

    /// The first bytes. A text is not cut within a character.
    static func beginning(_ bytes: [UInt8], _ maxCount: Int) -> [UInt8] {
        guard bytes.count > maxCount else { return bytes }
        let isContinuation = { (byte: UInt8) in byte & 0b1100_0000 == 0b1000_0000 }
        var end = maxCount
        while end > maxCount - 3, isContinuation(bytes[end]) { end -= 1 }
        return Array(bytes[..<(isContinuation(bytes[end]) ? maxCount : end)])
    }
}
