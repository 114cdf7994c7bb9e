import MillraceConnect

/// The words for a loss, and the position from which the reading can go on.
struct StreamLossReport {
    /// The loss as a sentence without a full stop.
    var sentence: String
    /// The way out as a sentence without a full stop.
    var remedy: String
    /// The number of entries that are lost; `nil` if it is not known.
    var lostCount: Int?
    /// The position from which the reading can go on.
    var next: StreamPosition

    init(_ continuity: StreamContinuity, position: StreamPosition, _ info: StreamInfo) {
        let first = info.first.map { "\($0)" } ?? "its end, \(info.lastID)"
        switch continuity {
        case .whole: (sentence, remedy, next) = ("nothing is lost", "go on", position)
        case .trimmed(let count, let isExact):
            let entries = count.map { $0 == 1 ? "1 entry" : "\($0) entries" } ?? "an unknown number of entries"
            sentence =
                isExact
                ? "\(entries) between \(position.id) and \(first) were trimmed before they were read"
                : "up to \(entries) after \(position.id) were trimmed or deleted before they were read; the stream begins at \(first)"
            remedy = "raise the bound of the stream (MAXLEN or MINID)"
            lostCount = count.map { Int(clamping: $0) }
            // Nothing between the position and the first entry is there, so all that is gone lies before the first, or was deleted singly.
            next = StreamPosition(position.id, ordinal: info.gone, certainTo: max(position.certainTo, info.maxDeleted))
            if let first = info.first { next.id = max(position.id, first.previous) }
        case .madeAnew:
            sentence =
                "the stream was deleted and made anew after \(position.id): it has counted \(info.added) entries, fewer than were read"
            remedy = "give the connector another name, which begins anew"
            next = StreamPosition(
                (info.first ?? info.lastID.next).previous, ordinal: info.gone, certainTo: info.maxDeleted)
        case .rewritten:
            let isBehind = info.lastID < position.id
            sentence =
                isBehind
                ? "the stream ends at \(info.lastID), before the position \(position.id): a failover has lost entries that were read, or "
                    + "the stream was made anew"
                : "the stream lacks the entry \(position.id) of the position, although it has older ones: a failover has lost entries "
                    + "that were read, and others may have taken their place"
            remedy = "see that the server is the right one"
            next = StreamPosition(isBehind ? info.lastID : position.id, ordinal: isBehind ? info.added : nil)
            if isBehind { next.certainTo = info.lastID }
        }
    }

    /// Entries that a group had pending, and that are not in the stream any more.
    init(deleted: [StreamID], group: String, position: StreamPosition) {
        let ids = deleted.prefix(3).map(\.description).joined(separator: ", ") + (deleted.count > 3 ? ", …" : "")
        let entries = deleted.count == 1 ? "1 entry" : "\(deleted.count) entries"
        sentence =
            "\(entries) that the group \(group) had pending were trimmed or deleted before they were read: \(ids)"
        remedy = "nothing brings them back"
        lostCount = deleted.count
        next = position
    }
}

extension StreamID {
    /// The id before this one; the same if there is none.
    fileprivate var previous: StreamID {
        if number > 0 { return StreamID(ms: ms, number: number - 1) }
        return ms > 0 ? StreamID(ms: ms - 1, number: .max) : self
    }
}
