import KafkaClient

/// A topic of dead letters: lists them, and writes them back or drops them.
package final class DeadLetterTopic {
    package let name: String
    let connection: ClusterConnection
    let admin: KafkaAdmin
    /// The first and end offsets of its partitions, as they were at the beginning.
    let marks: [TopicPartition: Watermarks]
    let handled: HandledLetters

    /// - Throws: `.missing` if there is no such topic; `.unreachable`; `.denied`.
    package init(_ name: String, _ connection: ClusterConnection) throws(OperationError) {
        self.name = name
        self.connection = connection
        admin = try connection.admin()
        marks = try connection.watermarks(of: connection.partitions(of: name, admin))
        handled = HandledLetters(of: name)
    }

    /// Passes on the letters that match, each partition's in order.
    ///
    /// - Parameters:
    ///   - progress: is told how many offsets have been read, of how many.
    ///   - body: returns whether to go on.
    package func visit(
        _ filter: DeadLetterFilter, progress: (Int64, Int64) -> Void = { _, _ in },
        _ body: (DeadLetter) throws(OperationError) -> Bool
    ) throws(OperationError) {
        try visit(filter, notes: handled.read(connection, admin), progress: progress, body)
    }

    func visit(
        _ filter: DeadLetterFilter, notes: [DeadLetterID: DeadLetter.Handled],
        progress: (Int64, Int64) -> Void = { _, _ in },
        _ body: (DeadLetter) throws(OperationError) -> Bool
    ) throws(OperationError) {
        let slices = marks.mapValues { $0.low..<max($0.low, $0.high) }
        let reader = try LogReader(connection, slices)
        var read = SliceProgress(slices)
        while !reader.isDone {
            for record in try reader.next() {
                read.take(record)
                let letter = Self.letter(record, notes)
                if filter.matches(letter), try !body(letter) { return }
            }
            progress(read.done, read.total)
        }
    }

    /// Returns one letter, whatever was done with it.
    ///
    /// - Throws: `.missing` if there is no record of this id, which may have been deleted.
    package func letter(_ id: DeadLetterID) throws(OperationError) -> DeadLetter {
        try letter(id, notes: handled.read(connection, admin))
    }

    func letter(_ id: DeadLetterID, notes: [DeadLetterID: DeadLetter.Handled]) throws(OperationError) -> DeadLetter {
        let partition = TopicPartition(name, id.partition)
        guard let marks = marks[partition] else {
            throw OperationError(.missing, "there is no dead letter \(id): \(name) has no partition \(id.partition)")
        }
        guard (marks.low..<max(marks.low, marks.high)).contains(id.offset),
            let record = try connection.record(at: id.offset, of: partition)
        else {
            let range = marks.low < marks.high ? "from \(marks.low) to \(marks.high - 1)" : "none"
            throw OperationError(
                .missing,
                "there is no dead letter \(id) in \(name): the offsets of partition \(id.partition) are \(range)")
        }
        return Self.letter(record, notes)
    }

    private static func letter(_ record: LogRecord, _ notes: [DeadLetterID: DeadLetter.Handled]) -> DeadLetter {
        var letter = DeadLetter(record)
        if let note = notes[letter.id], note.isOf(letter) { letter.handled = note }
        return letter
    }
}

extension ClusterConnection {
    /// Returns the record at an offset; nil if it is not there.
    package func record(at offset: Int64, of partition: TopicPartition) throws(OperationError) -> LogRecord? {
        let marks = try watermarks(of: [partition])[partition]
        guard let marks, offset >= marks.low, offset < marks.high else { return nil }
        let reader = try LogReader(self, [partition: offset..<offset + 1])
        while !reader.isDone {
            if let record = try reader.next().first { return record.offset == offset ? record : nil }
        }
        return nil
    }
}
