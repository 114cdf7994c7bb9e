import Millrace
import MillraceTesting
import MillraceVectors

/// An index of vectors on a simulated disk: that of production, which makes and merges its segments after a few rows.
enum SimulatedVectorIndex {
    static func supplier(_ index: VectorIndex<String, [Float]>) -> StoreIndexSupplier<[Float]> {
        StoreIndexSupplier(index.name, kind: "vectors") { context, value in
            try SimulatedIndexes.open(in: context) { files in
                try VectorStoreIndex(
                    index, value, in: files.map(FilesOfIndex.init), settings: settings,
                    threads: files.map(FilesOfIndex.init) ?? BuildThreads.shared)
            } isComplete: {
                $0.isComplete
            } problem: { view, entries in
                do { return try VectorCheck(entries).problem(of: view) } catch { return "cannot be searched: \(error)" }
            }
        }
    }

    private static func settings(of format: IndexFormat) -> IndexSettings {
        var settings = IndexSettings(for: format)
        settings.tailCount = 5
        settings.mergedCount = 3
        settings.graph.buildEffort = 16
        // The one thread of a simulation cannot wait for work that is to be done later.
        settings.waitingTails = .max
        return settings
    }
}

/// Simulated files as an index sees them, and the threads beside them.
// One thread runs a simulation.
private struct FilesOfIndex: IndexDirectory, BuildExecutor, @unchecked Sendable {
    private let files: SimulatedIndexFiles

    init(_ files: SimulatedIndexFiles) { self.files = files }

    func names() throws -> [String] { try files.names }

    func contents(of name: String) throws -> FileRegion? {
        guard let bytes = try files.bytes(of: name) else { return nil }
        let memory = try NewMemory(sizeInBytes: bytes.count)
        try bytes.withUnsafeBytes { try memory.append($0) }
        return memory.finish()
    }

    func create(_ name: String) throws -> any IndexFile { OpenFile(try files.open(name, at: nil)) }
    func open(_ name: String, at size: Int) throws -> any IndexFile { OpenFile(try files.open(name, at: size)) }
    func rename(_ name: String, to newName: String) throws { try files.rename(name, to: newName) }
    func remove(_ name: String) throws { try files.remove(name) }
    func sync() throws { try files.sync() }

    func run(_ size: BuildSize, _ work: @escaping @Sendable () -> Void) { files.runLater(work) }

    private final class OpenFile: IndexFile {
        private let file: SimulatedIndexFile

        init(_ file: SimulatedIndexFile) { self.file = file }

        func append(_ bytes: UnsafeRawBufferPointer) throws { try file.append(bytes) }
        func replaceBeginning(with bytes: UnsafeRawBufferPointer) throws { try file.replaceBeginning(with: bytes) }
        func sync() throws { try file.sync() }
    }
}
