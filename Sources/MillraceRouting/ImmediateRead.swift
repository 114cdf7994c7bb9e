package import Millrace

/// A read of one key that takes no wait if all goes well: the decisions, without a clock and without I/O, as of ``PartitionRead``.
///
/// It has one attempt. The owner answers with what it can read at that moment, and the instance that was asked passes that on. In all
/// other cases a ``PartitionRead`` begins with the time that is left; it waits and tries again.
package enum ImmediateRead {
    package enum Action: Sendable, Equatable {
        /// Read the partition on this instance, if that takes no wait.
        case readHere
        /// Forward the read to its owner; `isAnswer` says whether the owner's answer counts.
        case ask(InstanceAddress)
        /// Begin a ``PartitionRead``.
        case fallBack
    }

    /// The time within which an owner has to answer. A read that has less time falls back at once, so on a connection that many reads
    /// share, the oldest one is always the first whose time is over.
    package static let patience = Duration.seconds(1)

    /// Decides who reads.
    ///
    /// - Parameters:
    ///   - owner: returns the partition's owner by this instance's knowledge of the moment.
    ///   - isForwarded: whether another instance has forwarded the read to this one.
    ///   - acceptsStale: whether a standby may answer.
    ///   - atLeast: the position that the answer has to contain.
    ///   - rest: the time that is left.
    package static func action(
        of owner: @autoclosure () throws -> KeyMetadata, isForwarded: Bool, acceptsStale: Bool, atLeast: Position,
        rest: Duration
    ) rethrows -> Action {
        if acceptsStale || !atLeast.isEmpty { return .fallBack }
        if isForwarded { return .readHere }
        let owner = try owner()
        if owner.isHere { return .readHere }
        guard let address = owner.address, rest >= patience else { return .fallBack }
        return .ask(address)
    }

    /// Decides whether an owner's answer is the answer of the read: an entry, or that there is none. After all others, also those that
    /// another attempt would not change, the read falls back.
    ///
    /// - Parameters:
    ///   - status: the status of HTTP.
    ///   - saysKeyUnknown: whether the body says that there is nothing under the key.
    package static func isAnswer(status: Int, saysKeyUnknown: @autoclosure () -> Bool) -> Bool {
        status == 200 || (status == 404 && saysKeyUnknown())
    }
}
