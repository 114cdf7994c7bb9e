public import Millrace

/// A stream of the committed changes of a store, in batches that are never empty.
///
/// It can be iterated once. It ends with an error only: `StreamsError` with code `.positionGone` if the changelog was cut before it
/// was read, `.illegalState` when the application has ended, `.broker` for trouble that does not pass.
public struct StoreChanges: AsyncSequence, Sendable {
    /// The changes that have arrived together, each partition's in order.
    public typealias Element = [StoreChange]

    /// The position at which the stream begins, in the offsets of the changelog.
    public let start: Position
    private let owner: Owner

    init(_ reader: ChangeReader, start: Position) {
        self.start = start
        owner = Owner(reader)
    }

    /// Makes the iterator.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(owner: owner) }

    /// The iterator of a stream of changes.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        fileprivate let owner: Owner

        /// Waits for the next changes.
        ///
        /// - Throws: `StreamsError` as described at ``StoreChanges``; `CancellationError`, after which nothing is lost and `next` can
        ///   be called again.
        public mutating func next() async throws -> [StoreChange]? { try await owner.reader.next() }
    }

    /// Ends the reader when neither the stream nor an iterator is left.
    fileprivate final class Owner: Sendable {
        let reader: ChangeReader

        init(_ reader: ChangeReader) { self.reader = reader }

        deinit { reader.stop() }
    }
}
