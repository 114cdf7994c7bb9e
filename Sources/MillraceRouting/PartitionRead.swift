package import Millrace

/// A read of one partition, wherever the partition is: the decisions, without a clock and without I/O.
///
/// It is a state machine. Each call returns the action to perform next, and its outcome is the argument of the next call. The
/// server performs the actions over HTTP, the simulation over a simulated network.
///
/// A read goes to the partition's owner. If stale answers are accepted, a standby of this instance comes first, and the other
/// standbys answer if the owner does not. What fails for the moment is tried again until the time is over. A read that another
/// instance has forwarded is answered here or not at all, so that nothing goes in circles; the sender tries again, and may know
/// better by then.
package struct PartitionRead<Answer: Sendable, Failure: RoutingFailure>: Sendable {
    package enum Action: Sendable {
        /// Look up the owner by this instance's knowledge of the moment; go on with `located`.
        case locate
        /// Read the partition on this instance; go on with `answered`.
        ///
        /// - Parameters:
        ///   - readsStale: whether a standby may be read.
        ///   - waits: whether to wait for the partition and for the position until the read's deadline.
        case readHere(readsStale: Bool, waits: Bool)
        /// Forward the read to another instance; go on with `answered`.
        case ask(InstanceAddress)
        /// Wait; go on with `waited`.
        case wait(Duration)
        case finish(Result<Answer, Failure>)
    }

    private enum Step: Sendable {
        case owner
        /// A standby of this instance is read before the owner is asked.
        case standbyHere(KeyMetadata)
        case ownerElsewhere(KeyMetadata)
        case standbyElsewhere(others: ArraySlice<InstanceAddress>, ofOwner: Failure)
    }

    private let isForwarded: Bool
    private let acceptsStale: Bool
    private var step = Step.owner
    private var patience = Patience(upTo: .milliseconds(200))

    /// - Parameters:
    ///   - isForwarded: whether another instance has forwarded the read to this one.
    ///   - acceptsStale: whether a standby may answer.
    package init(isForwarded: Bool, acceptsStale: Bool) {
        self.isForwarded = isForwarded
        self.acceptsStale = acceptsStale
    }

    /// Begins the read.
    package func begin() -> Action { .locate }

    /// Ends a wait.
    package func waited() -> Action { .locate }

    /// Goes on with the partition's owner.
    ///
    /// - Parameter rest: the time that is left.
    package mutating func located(_ owner: Result<KeyMetadata, Failure>, rest: Duration) -> Action {
        switch owner {
        case .failure(let failure): return retry(after: failure, rest: rest)
        case .success(let owner) where owner.isHere || isForwarded:
            step = .owner
            return .readHere(readsStale: acceptsStale, waits: true)
        case .success(let owner) where acceptsStale:
            step = .standbyHere(owner)
            return .readHere(readsStale: true, waits: false)
        case .success(let owner): return ask(owner, rest: rest)
        }
    }

    /// Goes on with the outcome of `readHere` or `ask`.
    ///
    /// - Parameter rest: the time that is left.
    package mutating func answered(_ result: Result<Answer, Failure>, rest: Duration) -> Action {
        guard case .failure(let failure) = result else { return .finish(result) }
        switch step {
        case .owner: return retry(after: failure, rest: rest)
        case .standbyHere(let owner):
            if failure.course == .final { return .finish(result) }
            return ask(owner, rest: rest)
        case .ownerElsewhere(let owner):
            guard failure.course == .temporary else { return .finish(result) }
            return askStandbys(owner.standbyAddresses[...], after: failure, rest: rest)
        case .standbyElsewhere(let others, let failureOfOwner):
            return askStandbys(others, after: failureOfOwner, rest: rest)
        }
    }

    private mutating func ask(_ owner: KeyMetadata, rest: Duration) -> Action {
        guard let address = owner.address else {
            let failure = Failure(
                unavailable: "owner_unknown",
                "partition \(owner.partition) is another instance's, whose address is not known: is it being moved, or was its "
                    + "instance given no --application-server?")
            return askStandbys(owner.standbyAddresses[...], after: failure, rest: rest)
        }
        step = .ownerElsewhere(owner)
        return .ask(address)
    }

    private mutating func askStandbys(
        _ standbys: ArraySlice<InstanceAddress>, after failure: Failure, rest: Duration
    ) -> Action {
        guard acceptsStale, rest > .zero, let next = standbys.first else { return retry(after: failure, rest: rest) }
        step = .standbyElsewhere(others: standbys.dropFirst(), ofOwner: failure)
        return .ask(next)
    }

    private mutating func retry(after failure: Failure, rest: Duration) -> Action {
        guard let pause = patience.next(after: failure, isForwarded: isForwarded, within: rest) else {
            return .finish(.failure(failure))
        }
        return .wait(pause)
    }
}
