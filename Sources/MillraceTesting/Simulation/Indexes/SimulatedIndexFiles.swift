import Millrace

/// The files of an index on a simulated disk, as one process sees them. At each step the process can be killed.
package final class SimulatedIndexFiles {
    let folder: SimulatedFolder
    let process: SimulatedProcess
    private let world: SimulatedWorld
    private let fault: IndexFileFault?
    /// The file that a planted fault keeps from its name until the next file has got its own.
    private var held: (name: String, file: SimulatedFolder.File)?

    init(_ folder: SimulatedFolder, of process: SimulatedProcess, in world: SimulatedWorld, fault: IndexFileFault?) {
        self.folder = folder
        self.process = process
        self.world = world
        self.fault = fault
    }

    private func step<Result>(_ what: @autoclosure () -> String, _ body: () throws -> Result) throws -> Result {
        try world.interruptWrite(process, at: what())
        return try body()
    }

    package var names: [String] {
        get throws { try step("a list of an index's files") { folder.names + (held.map { [$0.name] } ?? []) } }
    }

    /// Returns the bytes of a file; `nil` if there is none of this name.
    package func bytes(of name: String) throws -> [UInt8]? { try step("a read of an index") { file(name)?.bytes } }

    private func file(_ name: String) -> SimulatedFolder.File? { held?.name == name ? held?.file : folder[name] }

    /// Creates an empty file, or opens one and cuts it.
    ///
    /// - Parameter size: the size to which it is cut; `nil` for a new file.
    package func open(_ name: String, at size: Int?) throws -> SimulatedIndexFile {
        try step("the opening of a file of an index") {
            guard let size else {
                let file = SimulatedFolder.File()
                folder.set(name, to: file)
                return SimulatedIndexFile(file, isSynced: !skipsSync(of: name), step: step)
            }
            guard let file = file(name) else { throw SimulationError(description: "there is no file \(name)") }
            file.bytes.removeLast(max(0, file.bytes.count - size))
            return SimulatedIndexFile(file, isSynced: true, step: step)
        }
    }

    private func skipsSync(of name: String) -> Bool {
        fault == .unsyncedSegments && name.hasPrefix("segment-") && name.hasSuffix(".draft")
    }

    private func step(_ what: String) throws { try world.interruptWrite(process, at: what) }

    /// Gives a file another name, at once and durably.
    package func rename(_ name: String, to newName: String) throws {
        try step("a rename in an index") {
            guard let file = folder[name] else { throw SimulationError(description: "there is no file \(name)") }
            folder.remove(name)
            if fault == .manifestBeforeSegment, newName.hasPrefix("segment-") {
                held = (newName, file)
                return
            }
            folder.set(newName, to: file)
            folder.sync()
        }
        guard let late = held, newName == "manifest" else { return }
        try step("a rename in an index") {
            folder.set(late.name, to: late.file)
            folder.sync()
            held = nil
        }
    }

    package func remove(_ name: String) throws {
        try step("a deletion in an index") {
            if held?.name == name { held = nil }
            folder.remove(name)
        }
    }

    /// Makes the names survive the end of the system.
    package func sync() throws { try step("a sync of an index's folder") { folder.sync() } }

    /// Performs work of the index at some later moment, as another thread does.
    package func runLater(_ work: @escaping () -> Void) { world.runLater(work, for: process) }
}

/// An open file of an index.
package final class SimulatedIndexFile {
    private let file: SimulatedFolder.File
    private let isSynced: Bool
    private let step: (String) throws -> Void

    init(_ file: SimulatedFolder.File, isSynced: Bool, step: @escaping (String) throws -> Void) {
        self.file = file
        self.isSynced = isSynced
        self.step = step
    }

    /// Adds bytes; a kill in the middle leaves half of them.
    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        try step("a write to an index")
        file.bytes += bytes.prefix(bytes.count / 2)
        try step("a write to an index")
        file.bytes += bytes.dropFirst(bytes.count / 2)
    }

    package func replaceBeginning(with bytes: UnsafeRawBufferPointer) throws {
        try step("a write to an index")
        file.bytes.replaceSubrange(..<min(bytes.count, file.bytes.count), with: bytes)
    }

    package func sync() throws {
        try step("a sync of an index")
        if isSynced { file.sync() }
    }
}

/// A planted fault in how the files of an index are written.
enum IndexFileFault: Sendable {
    case unsyncedSegments
    case manifestBeforeSegment
}
