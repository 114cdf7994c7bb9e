import Logging
import Millrace

/// The suspicion that changelogs were deleted while the application runs.
///
/// Without its changelog a store can be neither written nor restored, and the client would retry forever. So whenever an error may
/// come from a missing changelog, the worker checks whether the application's changelogs exist. A broker that has just started may
/// not know all topics yet: a topic counts as deleted only if it is missing twice, seconds apart.
struct ChangelogDoubt {
    /// The time of the next check; `nil` if there is no doubt.
    private(set) var nextLook: Moment?
    private var lastLook = Moment.distantPast
    private var missing: Set<String> = []

    private static let interval = TimeSpan(ms: 2_000)

    /// Records that something went wrong.
    mutating func raise(at now: Moment) {
        if nextLook == nil { nextLook = max(now, lastLook + Self.interval) }
    }

    /// Records which changelogs are missing now.
    ///
    /// - Returns: the changelogs that were missing at the last check too.
    mutating func record(missing: Set<String>, at now: Moment) -> Set<String> {
        defer { self.missing = missing }
        lastLook = now
        nextLook = missing.isEmpty ? nil : now + Self.interval
        return missing.intersection(self.missing)
    }

    /// Postpones the check because the broker did not answer.
    mutating func postpone(at now: Moment) { nextLook = now + Self.interval }
}

/// Checks whether the changelogs of a worker exist, if there is doubt.
final class ChangelogWatch {
    private let context: WorkerContext
    private var doubt = ChangelogDoubt()

    init(_ context: WorkerContext) { self.context = context }

    /// Records an error that may come from a missing changelog.
    func raiseDoubt() { doubt.raise(at: context.now) }

    /// Checks whether the changelogs exist, if there is doubt.
    ///
    /// - Throws: `StreamsError` with code `.topic` if one of them was deleted.
    func lookIfInDoubt() throws {
        guard let next = doubt.nextLook, next.isReached(by: context.now) else { return }
        let stores = storesByChangelog
        let present: [String: Int32]
        do {
            present = try context.ports.admin.partitionCounts(of: stores.keys.sorted())
        } catch {
            context.logger.debug("could not look for the changelogs: \(error)")
            return doubt.postpone(at: context.now)
        }
        let missing = Set(stores.keys).subtracting(present.keys)
        let deleted = doubt.record(missing: missing, at: context.now)
        for topic in missing.subtracting(deleted).sorted() {
            context.logger.warning("the broker does not know the changelog \(topic); looking again")
        }
        guard !deleted.isEmpty else { return }
        let named = deleted.sorted().map { "\($0) of store \(stores[$0] ?? "")" }.joined(separator: ", ")
        throw StreamsError(
            .topic,
            "the topic \(named) was deleted while the application ran. A store cannot continue without its changelog. "
                + LostChangelog.remedies)
    }

    /// Returns the name of the store whose internal changelog has this name; `nil` if there is none.
    func store(of topic: String) -> String? { storesByChangelog[topic] }

    /// The names of the stores by the names of their internal changelogs.
    private var storesByChangelog: [String: String] {
        var stores: [String: String] = [:]
        for store in context.topology.subtopologies.lazy.filter({ !$0.isGlobal }).flatMap(\.stores)
        where store.sourceTopicAsChangelog == nil {
            guard let changelog = store.changelogTopic else { continue }
            stores[changelog.resolved(applicationID: context.configuration.applicationID)] = store.name
        }
        return stores
    }
}

/// The error of a changelog that lacks records which its store has.
enum LostChangelog {
    /// The possible remedies.
    static let remedies =
        "To compute the stores anew from the input, stop all instances, run one of them with its options and --reset (or call "
        + "StreamsApplication.reset()), which deletes the application's own topics, its committed offsets and the local state, "
        + "delete the state directories of the others, and start again. To continue with what the changelogs hold, delete the state "
        + "directories alone"
}
