package import ArgumentParser
package import MillraceOperations

/// The arguments of a verb that asks the owners of tasks, as far as the command can.
package protocol OwnerArguments: ParsableArguments {
    /// The part of a verb's help about whom it asks.
    static var discussion: String { get }

    /// Asks owners for the sub-topologies that they have paused.
    ///
    /// - Parameter owners: the owners as an explanation names them.
    func pauses(on owners: Set<String>) async -> [String: Explanation.PauseAnswer]
}

/// The owners as a command sees them that has no server, and so no HTTP.
package struct UnknownOwners: OwnerArguments {
    package static var discussion: String { "Whether the owner is paused is not known, for the command has no server." }

    package init() {}

    package func pauses(on owners: Set<String>) async -> [String: Explanation.PauseAnswer] {
        Dictionary(
            uniqueKeysWithValues: owners.map { ($0, .unknown("the command has no server, so it cannot ask others")) })
    }
}
