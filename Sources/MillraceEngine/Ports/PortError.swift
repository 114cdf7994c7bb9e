/// What went wrong outside, with the answers that a worker needs to decide what to do.
package struct PortError: Error, CustomStringConvertible, Sendable {
    /// What a worker does about it.
    package enum Kind: Hashable, Sendable {
        /// Try again.
        case retriable
        /// Abort the transaction and process its records again.
        case abortable
        /// The member's generation is over: give up the partitions without a commit and join again.
        case staleGeneration
        /// The producer is of no use any more: its transaction timed out, or somebody took its transactional id. A new one may be.
        case producerLost
        /// Another instance has this one's static member id.
        case fenced
        /// This record alone is refused: it is too large, or its topic does not exist.
        case rejected
        /// Nothing helps.
        case fatal
    }

    package var kind: Kind
    package var message: String
    /// The record that was refused, where the error is about one and says which.
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
