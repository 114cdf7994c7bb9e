/// An error of a port, with everything that a worker needs to decide its reaction.
package struct PortError: Error, CustomStringConvertible, Sendable {
    /// A worker's reaction to the error.
    package enum Kind: Hashable, Sendable {
        /// Try again.
        case retriable
        /// Abort the transaction and process its records again.
        case abortable
        /// The member's generation is over: give up the partitions without a commit and join again.
        case staleGeneration
        /// The producer cannot be used any more: its transaction timed out, or another producer took its transactional id. A new
        /// one may work.
        case producerLost
        /// Another instance has this one's static member id.
        case fenced
        /// Only this record is refused: it is too large, or its topic does not exist.
        case rejected
        /// Nothing helps.
        case fatal
    }

    package var kind: Kind
    package var message: String
    /// The refused record, if the error is about one and names it.
    package var refused: RefusedRecord?
    /// Whether the topic or the partition does not exist, as far as the client knows.
    package var isTopicMissing = false

    package init(_ kind: Kind, _ message: String, refused: RefusedRecord? = nil) {
        self.kind = kind
        self.message = message
        self.refused = refused
    }

    package var description: String { message }
}
