import MillraceConnect

/// The place of a reader in a stream: after an entry, of which the place among all that were ever added is known, or not.
///
/// Redis has no numbers of entries that follow each other, so the ids alone do not tell whether an entry was trimmed that nobody had read. The
/// stream counts what was added, and how many entries it has: the difference are those that are gone. When all up to the position are
/// gone, everything beyond the position's own number is a loss.
struct StreamPosition: Sendable, Hashable {
    /// The last entry that was read.
    var id: StreamID
    /// The number of entries that were added up to it; `nil` if that is not known.
    var ordinal: Int64?
    /// The entry up to which deletions of single entries (XDEL) cannot have made the number wrong.
    var certainTo: StreamID
    /// The entries up to this one that a group had pending when its work was taken over; `nil` when they are all read.
    var pending: StreamID?

    init(_ id: StreamID, ordinal: Int64?, certainTo: StreamID = .zero, pending: StreamID? = nil) {
        (self.id, self.ordinal, self.certainTo, self.pending) = (id, ordinal, certainTo, pending)
    }

    /// - Throws: ``ConnectorError`` for a text that is no position.
    init(_ position: SourcePosition, stream: String) throws(ConnectorError) {
        let words = position.rawValue.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3 || words.count == 5 && words[3] == "pending", let id = StreamID(words[0]),
            let certainTo = StreamID(words[2]), words[1] == "?" || Int64(words[1]) != nil,
            words.count == 3 || StreamID(words[4]) != nil
        else {
            throw ConnectorError(
                .permanent,
                "the stream \(stream): \"\(position)\" is not a position in a stream; give the connector another name, or correct its position"
            )
        }
        self.init(
            id, ordinal: Int64(words[1]), certainTo: certainTo, pending: words.count == 5 ? StreamID(words[4]) : nil)
    }

    /// The position as it is kept: the id, the number, and the certain id.
    var text: SourcePosition {
        let number = ordinal.map { "\($0)" } ?? "?"
        return SourcePosition(rawValue: "\(id) \(number) \(certainTo)" + (pending.map { " pending \($0)" } ?? ""))
    }

    /// Moves over entries that follow each other.
    mutating func advance(to id: StreamID, count: Int) {
        self.id = id
        ordinal = ordinal.flatMap { $0.addingReportingOverflow(Int64(count)).overflow ? nil : $0 + Int64(count) }
    }
}
