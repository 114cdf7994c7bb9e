package import Millrace

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
    private var files: [String: SimulatedIndexFiles] = [:]

    init(world: SimulatedWorld, fault: PlantedFault?) {
        self.world = world
        self.fault = fault
    }

    /// Makes a folder of a disk accessible to a process, and returns the path that stands for it.
    func path(to folder: SimulatedFolder, named name: String, for process: SimulatedProcess) -> String {
        let path = "\(process.name)/\(name)"
        files[path] = SimulatedIndexFiles(folder, of: process, in: world, fault: fault?.fileFault)
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
        guard let current, let path = context.directory, let files = current.files[path] else {
            return try open(nil)
        }
        let check = IndexCheck(
            name: "the index \(path)", world: current.world, files: files,
            isComplete: { view in (view as? Index.View).map(isComplete) ?? true },
            problem: { view, entries in (view as? Index.View).flatMap { problem($0, entries) } })
        let index = try check.attempt { try open(files) }
        let setting = FaultyIndexSetting(folder: files.folder, isComplete: check.isComplete)
        let faulty = current.fault?.wrapIndex?(index, setting) ?? index
        func checked(_ index: some StoreIndex) -> any StoreIndex { CheckedIndex(index, check) }
        return checked(faulty)
    }
}
