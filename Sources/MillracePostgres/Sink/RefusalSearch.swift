import MillraceConnect

/// The open transaction of a target that checks some rows only at its end.
protocol CheckedTransaction {
    /// Rolls back, and begins anew without rows.
    func restart() throws

    /// Writes rows on top of those that are there, and has everything checked that the commit would check.
    ///
    /// - Returns: the target's reason if it refuses them, and then nothing of them is left; `nil` if it has taken them.
    func attempt(_ records: ArraySlice<SinkRecord>) throws -> String?
}

/// The search for rows that a target refuses only at the end of a transaction, where it does not say which rows are meant.
///
/// Rows may need each other, such as a row and a later one that it refers to. So rows are first tried together, then by halves, and those
/// that were refused are tried again on top of the others, as long as that helps.
struct RefusalSearch {
    /// The most times that rows are tried again.
    private static let roundLimit = 10

    let transaction: any CheckedTransaction

    /// Writes the records of a transaction anew, without those that the target refuses.
    ///
    /// - Returns: the refused records; all others are written and checked.
    func write(_ records: [SinkRecord]) throws -> [RefusedSinkRecord] {
        try transaction.restart()
        let first = try refused(of: records[...])
        // If nothing was taken, there is nothing more on which to try them.
        guard !first.isEmpty, first.count < records.count else { return first }
        var left = first
        for _ in 0..<Self.roundLimit where !left.isEmpty {
            // Rows wait for later ones, which may wait, too.
            let again = try refused(of: left.map(\.record)[...], fromEnd: true)
            let isSettled = again.count == left.count
            left = again
            if isSettled { break }
        }
        return left.count == first.count ? left : try write(records, without: left)
    }

    /// Writes records in their order: those that were tried again stand behind later ones of their keys.
    private func write(
        _ records: [SinkRecord], without left: [RefusedSinkRecord]
    ) throws -> [RefusedSinkRecord] {
        let out = Set(left.map(\.record))
        try transaction.restart()
        if try transaction.attempt(records.filter { !out.contains($0) }[...]) == nil { return left }
        // They only pass in another order, which does not count.
        try transaction.restart()
        return try refused(of: records[...])
    }

    /// Writes records, together or by halves. Returns those that the target refuses.
    private func refused(of records: ArraySlice<SinkRecord>, fromEnd: Bool = false) throws -> [RefusedSinkRecord] {
        guard let first = records.first, let reason = try transaction.attempt(records) else { return [] }
        if records.count == 1 { return [RefusedSinkRecord(first, reason: reason)] }
        let middle = records.startIndex + records.count / 2
        var halves = [records[..<middle], records[middle...]]
        if fromEnd { halves.reverse() }
        return try halves.flatMap { try refused(of: $0, fromEnd: fromEnd) }
    }
}
