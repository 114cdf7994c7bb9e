package import KafkaClient
import Millrace

/// The place of a dead letter in its topic, written `PARTITION:OFFSET`.
package struct DeadLetterID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var partition: Int32
    package var offset: Int64

    package init(partition: Int32, offset: Int64) {
        self.partition = partition
        self.offset = offset
    }

    /// Reads `PARTITION:OFFSET`, or an offset alone for partition 0.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        switch parts.count {
        case 1:
            guard let offset = Int64(parts[0]), offset >= 0 else { return nil }
            self.init(partition: 0, offset: offset)
        case 2:
            guard let partition = Int32(parts[0]), let offset = Int64(parts[1]), partition >= 0, offset >= 0 else {
                return nil
            }
            self.init(partition: partition, offset: offset)
        default: return nil
        }
    }

    package var description: String { "\(partition):\(offset)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.partition, left.offset) < (right.partition, right.offset)
    }
}

/// A record that could not be read, processed or written, with what its headers say of the error.
package struct DeadLetter: Sendable, Hashable {
    package let id: DeadLetterID
    /// The record as it stands in the topic of dead letters.
    package let record: LogRecord
    /// The way in which it was handled; `nil` while it waits.
    package var handled: Handled?

    /// The type of the error.
    package var exception: String? { text(.exception) }
    /// The error in words.
    package var message: String? { text(.message) }
    /// Everything that is known of the error.
    package var stack: String? { text(.stacktrace) }

    /// The partition that the record came from; nil if the headers do not say so, as with a record that no instance has put here.
    package var source: TopicPartition? {
        guard let topic = text(.topic), let partition = text(.partition).flatMap({ Int32($0) }), partition >= 0 else {
            return nil
        }
        return TopicPartition(topic, partition)
    }

    /// The offset that the record had there.
    package var sourceOffset: Int64? { text(.offset).flatMap { Int64($0) } }

    /// The operator that failed, as the message names it.
    package var operatorName: String? { message.flatMap { Self.bracketed("node", in: $0) } }

    /// The record's own headers, without those of its last failure.
    package var ownHeaders: [MessageHeader] {
        var headers = record.headers
        for name in DeadLetterHeader.allCases {
            if let last = headers.lastIndex(where: { $0.name == name.rawValue }) { headers.remove(at: last) }
        }
        return headers
    }

    init(_ record: LogRecord) {
        id = DeadLetterID(partition: record.topicPartition.partition, offset: record.offset)
        self.record = record
    }

    private func text(_ header: DeadLetterHeader) -> String? {
        guard let value = record.headers.last(where: { $0.name == header.rawValue })?.value else { return nil }
        return String(decoding: value, as: UTF8.self)
    }

    /// Returns what follows the word in `[word …]`.
    private static func bracketed(_ word: String, in text: String) -> String? {
        guard let start = text.firstRange(of: "[\(word) ")?.upperBound, let end = text[start...].firstIndex(of: "]")
        else {
            return nil
        }
        return String(text[start..<end])
    }

    /// The way and the time in which a dead letter was handled.
    package struct Handled: Sendable, Hashable, Codable {
        package enum Action: String, Sendable, Hashable, Codable {
            /// Written back to the topic that it came from.
            case retried
            /// Left alone for good.
            case dropped
        }

        package var action: Action
        /// Milliseconds since 1970.
        package var atMs: Int64
        /// The timestamp of the dead letter and the place that it came from: if the topic has been created anew, another letter
        /// has the same offset now, and nothing was done with that one.
        package var timestampMs: Int64
        package var source: String

        init(_ action: Action, _ letter: DeadLetter, atMs: Int64) {
            self.action = action
            self.atMs = atMs
            timestampMs = letter.record.timestampMs
            source = Self.source(of: letter)
        }

        func isOf(_ letter: DeadLetter) -> Bool {
            timestampMs == letter.record.timestampMs && source == Self.source(of: letter)
        }

        private static func source(of letter: DeadLetter) -> String {
            guard let source = letter.source else { return "" }
            return "\(source)@\(letter.sourceOffset.map { "\($0)" } ?? "")"
        }
    }
}

/// A choice of dead letters.
package struct DeadLetterFilter: Sendable, Hashable {
    /// A part of the error's type or words, in any case.
    package var error: String?
    /// A part of the operator's name.
    package var operatorName: String?
    /// A part of the name of the topic that the record came from.
    package var source: String?
    /// The earliest timestamp of the record, in milliseconds since 1970.
    package var fromMs: Int64?
    /// The timestamp before which the record's lies.
    package var toMs: Int64?
    /// Whether those are asked for too that were retried or dropped.
    package var includesHandled = false

    package init() {}

    package func matches(_ letter: DeadLetter) -> Bool {
        if letter.handled != nil, !includesHandled { return false }
        if let error {
            let wanted = error.lowercased()
            guard [letter.exception, letter.message].contains(where: { $0?.lowercased().contains(wanted) ?? false })
            else { return false }
        }
        if let operatorName, !(letter.operatorName?.contains(operatorName) ?? false) { return false }
        if let source, !(letter.source?.topic.contains(source) ?? false) { return false }
        if let fromMs, letter.record.timestampMs < fromMs { return false }
        if let toMs, letter.record.timestampMs >= toMs { return false }
        return true
    }
}
