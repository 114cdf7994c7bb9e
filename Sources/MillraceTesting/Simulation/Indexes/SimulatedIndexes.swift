package import Millrace
import MillraceEngine

/// The indexes of a simulation's run: their files, and what they are checked against.
///
/// A scenario whose stores have an index on disk finds the index's files here, and lets it be checked at each commit.
// One thread runs a simulation.
package final class SimulatedIndexes: @unchecked Sendable {
    /// Those of the run of this thread; `nil` outside of a run.
    @TaskLocal package static var current: SimulatedIndexes?

    private let world: SimulatedWorld
    private let fault: PlantedFault?
    /// The files of indexes by the paths that were given out as directories.
    private var places: [String: Place] = [:]

    private struct Place {
        let files: SimulatedIndexFiles
        /// The index, while it is open.
        var index: (any StoreIndex)?
    }

    init(world: SimulatedWorld, fault: PlantedFault?) {
        self.world = world
        self.fault = fault
    }

    /// Makes a folder of a disk accessible to a process, and returns the path that stands for it.
    func path(to folder: SimulatedFolder, named name: String, for process: SimulatedProcess) -> String {
        let path = "\(process.name)/\(name)"
        places[path] = Place(files: SimulatedIndexFiles(folder, of: process, in: world, fault: fault?.fileFault))
        return path
    }

    /// Opens an index that is checked at each commit, with the planted fault, if there is one.
    ///
    /// - Parameters:
    ///   - open: opens the index over its files; `nil` stands for an index that keeps nothing on disk, which is not checked.
    ///   - isComplete: whether every entry is in a view, which may be false while the index is made anew.
    ///   - problem: compares a complete view with the values by key; returns what is wrong.
    package static func open<Index: StoreIndex>(
        in context: StoreIndexContext, open: (SimulatedIndexFiles?) throws -> Index,
        isComplete: @escaping (Index.View) -> Bool,
        problem: @escaping (_ view: Index.View, _ entries: [[UInt8]: [UInt8]]) -> String?
    ) throws -> any StoreIndex {
        guard let current, let path = context.directory, let files = current.places[path]?.files else {
            return try open(nil)
        }
        let check = IndexCheck(
            name: "the index \(path)", world: current.world, files: files,
            isComplete: { view in (view as? Index.View).map(isComplete) ?? true },
            problem: { view, entries in (view as? Index.View).flatMap { problem($0, entries) } })
        let index = try check.attempt { try open(files) }
        let setting = FaultyIndexSetting(folder: files.folder, isComplete: check.isComplete)
        let faulty = current.fault?.wrapIndex?(index, setting) ?? index
        current.places[path]?.index = faulty
        func checked(_ index: some StoreIndex) -> any StoreIndex { CheckedIndex(index, check) }
        return checked(faulty)
    }

    /// Feeds the indexes of a process with changes of a store; a planted fault does so before they are committed.
    func feed(
        _ changes: [(key: [UInt8], value: [UInt8]?)], toIndexesOf changelog: TopicPartition,
        of process: SimulatedProcess, at position: Position
    ) {
        func feed(_ index: some StoreIndex) throws {
            for change in changes {
                try change.key.withUnsafeBytes { key in
                    guard let value = change.value else { return try index.apply(key: key, value: nil) }
                    try value.withUnsafeBytes { try index.apply(key: key, value: $0) }
                }
            }
            _ = try index.commit(at: position)
        }
        for (path, place) in places.sorted(by: { $0.key < $1.key }) where place.files.process === process {
            let parts = path.split(separator: "/")
            guard parts.count == 4, parts[1].hasSuffix("_\(changelog.partition)"),
                changelog.topic.hasSuffix("-\(parts[2])-changelog"), let index = place.index
            else { continue }
            try? feed(index)
        }
    }
}
