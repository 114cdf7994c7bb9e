/// The parts of a read that waits, for those who have a clock of their own to wait by. `read(reaching:within:)` is made of the same.
extension QueryableBytesStore {
    /// A number that grows with each commit, and with each partition that is added or removed.
    package var changeCount: UInt64 { store.changeCount }

    /// Checks that the local partitions have reached a position.
    ///
    /// - Throws: `StreamsError`; after one that ``StreamsError/isAwaited`` a later attempt may succeed.
    package func check(_ position: Position) throws { try store.check(position) }

    /// Reads the store as of one commit of each partition, on the caller's thread. The partitions that were read have to have
    /// reached the position.
    ///
    /// - Throws: `StreamsError` like every read of the store; what `body` throws.
    package func readPinned<Result>(
        reaching position: Position, _ body: (_ store: QueryableBytesStore) throws -> Result
    ) throws -> Committed<Result> {
        try store.readPinned(reaching: position) { try body(QueryableBytesStore($0)) }
    }
}

extension StreamsError {
    /// Whether a read that fails with this error waits for the next commit or change of the partitions, and tries again.
    package var isAwaited: Bool { code == .storeUnavailable || code == .positionNotReached }
}
