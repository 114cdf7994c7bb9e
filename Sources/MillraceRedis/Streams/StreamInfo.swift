import MillraceConnect
import RedisClient

/// The figures of a stream, as XINFO STREAM has them.
struct StreamInfo: Sendable, Hashable {
    /// The number of entries.
    var length: Int64
    /// The number of entries that were ever added.
    var added: Int64
    /// The id of the entry that was added last.
    var lastID: StreamID
    /// The highest id that was deleted by XDEL.
    var maxDeleted: StreamID
    /// The first entry; `nil` if there is none.
    var first: StreamID?

    /// The number of entries that were added and are gone.
    var gone: Int64 { added.subtractingReportingOverflow(length).partialValue }

    /// Returns the number of entries after a position, and of those that a trim can remove before it meets one of these; `nil` if the
    /// position does not tell its number.
    func backlog(after position: StreamPosition) -> SourceBacklog? {
        guard let ordinal = position.ordinal else { return nil }
        let unread = max(0, added.subtractingReportingOverflow(max(ordinal, gone)).partialValue)
        let margin = max(0, ordinal.subtractingReportingOverflow(gone).partialValue)
        // As long as everything that was ever added is there, nobody trims.
        return SourceBacklog(recordCount: Int(clamping: unread), trimMargin: gone == 0 ? nil : Int(clamping: margin))
    }

    /// Reads the answer; `nil` if it lacks something, as that of Redis before 7.0 does.
    init?(_ value: RedisValue) {
        guard let members = value.dictionary, let length = members["length"]?.integer,
            let added = members["entries-added"]?.integer,
            let lastID = members["last-generated-id"]?.text.flatMap({ StreamID($0) }),
            let maxDeleted = members["max-deleted-entry-id"]?.text.flatMap({ StreamID($0) })
        else { return nil }
        (self.length, self.added, self.lastID, self.maxDeleted) = (length, added, lastID, maxDeleted)
        first = members["first-entry"]?.elements?.first?.text.flatMap { StreamID($0) }
    }

    init(length: Int64, added: Int64, lastID: StreamID, maxDeleted: StreamID = .zero, first: StreamID?) {
        (self.length, self.added, self.lastID, self.maxDeleted) = (length, added, lastID, maxDeleted)
        self.first = first
    }
}

/// The verdict on whether a stream still has everything after a position.
enum StreamContinuity: Sendable, Hashable {
    /// Nothing is missing.
    case whole
    /// Entries after the position were trimmed before they were read. The count is `nil` if it is not known, and an upper bound if
    /// single entries were deleted as well.
    case trimmed(count: Int64?, isExact: Bool)
    /// The stream was deleted and made anew.
    case madeAnew
    /// The stream ends before the position, or lacks the entry there although it has older ones: another history.
    case rewritten

    /// Judges a stream whose entry at the position is not there any more.
    init(after position: StreamPosition, in info: StreamInfo) {
        if info.lastID < position.id {
            self = .rewritten
        } else if let first = info.first, first <= position.id {
            self = info.maxDeleted >= position.id ? .whole : .rewritten
        } else if let ordinal = position.ordinal {
            let lost = info.gone - ordinal
            if lost == 0 {
                self = .whole
            } else if lost < 0 {
                self = .madeAnew
            } else {
                self = .trimmed(count: lost, isExact: info.maxDeleted <= position.certainTo)
            }
        } else {
            self = info.lastID == position.id ? .whole : .trimmed(count: nil, isExact: false)
        }
    }
}
