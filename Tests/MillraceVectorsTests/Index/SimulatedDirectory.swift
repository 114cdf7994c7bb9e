import Glibc
import Synchronization
import TestSupport

@testable import MillraceVectors

/// A directory in memory that crashes: before any step, with or without what was not synced. Its disk may be full for some steps.
final class SimulatedDirectory: IndexDirectory {
    struct Crash: Error {}

    struct Contents {
        var bytes: [UInt8] = []
        /// What survives the end of the system for certain.
        var synced: [UInt8] = []

        mutating func cut(to size: Int) { bytes.removeLast(max(0, bytes.count - size)) }
        mutating func sync() { synced = bytes }
    }

    private struct State {
        var files: [String: Contents] = [:]
        /// The names that survive the end of the system for certain.
        var syncedNames: Set<String> = []
        var stepCount = 0
        var crashStep = Int.max
        var fullSteps = 0..<0
    }

    private let state: Mutex<State>

    init(_ files: [String: Contents] = [:]) {
        state = Mutex(State(files: files, syncedNames: Set(files.keys)))
    }

    /// The number of steps so far.
    var stepCount: Int { state.withLock { $0.stepCount } }

    /// Lets a step and all later ones fail.
    func crash(atStep step: Int) { state.withLock { $0.crashStep = step } }

    /// Lets the disk be full at some steps: then nothing can be written, synced or renamed.
    func fill(atSteps steps: Range<Int>) { state.withLock { $0.fullSteps = steps } }

    private func write(_ body: (inout sending State) throws -> Void) throws {
        try step { state in
            if state.fullSteps.contains(state.stepCount) { throw FileProblem.system("simulated", "write", ENOSPC) }
            try body(&state)
        }
    }

    private func step<Result: Sendable>(_ body: (inout sending State) throws -> Result) throws -> Result {
        try state.withLock { state in
            if state.stepCount >= state.crashStep { throw Crash() }
            state.stepCount += 1
            return try body(&state)
        }
    }

    /// Returns the directory as the next process finds it after this one was killed.
    func afterKill() -> SimulatedDirectory { SimulatedDirectory(state.withLock { $0.files }) }

    /// Returns the directory as it may be after the end of the system: of what was not synced any beginning is left, or nothing.
    func afterPowerLoss(_ numbers: inout SeededNumbers) -> SimulatedDirectory {
        var files: [String: Contents] = [:]
        let (found, syncedNames) = state.withLock { ($0.files, $0.syncedNames) }
        for (name, contents) in found.sorted(by: { $0.key < $1.key }) {
            if !syncedNames.contains(name), Bool.random(using: &numbers) { continue }
            var bytes = contents.synced
            // Bytes that were replaced may be old or new; those that were added may be there in part.
            if Bool.random(using: &numbers) { bytes = Array(contents.bytes.prefix(bytes.count)) }
            if contents.bytes.count > bytes.count {
                bytes = Array(
                    contents.bytes.prefix(Int.random(in: bytes.count...contents.bytes.count, using: &numbers)))
            }
            files[name] = Contents(bytes: bytes, synced: bytes)
        }
        return SimulatedDirectory(files)
    }

    func names() throws -> [String] { try step { Array($0.files.keys) } }

    func contents(of name: String) throws -> FileRegion? {
        guard let contents = try step({ $0.files[name] }) else { return nil }
        let memory = try NewMemory(sizeInBytes: contents.bytes.count)
        try contents.bytes.withUnsafeBytes { try memory.append($0) }
        return memory.finish()
    }

    func create(_ name: String) throws -> any IndexFile {
        try write { state in
            state.files[name] = Contents()
            state.syncedNames.remove(name)
        }
        return File(name, self)
    }

    func open(_ name: String, at size: Int) throws -> any IndexFile {
        try step { $0.files[name]?.cut(to: size) }
        return File(name, self)
    }

    func rename(_ name: String, to newName: String) throws {
        try write { state in
            state.files[newName] = state.files.removeValue(forKey: name)
            state.syncedNames.remove(name)
            state.syncedNames.insert(newName)
        }
    }

    func remove(_ name: String) throws {
        try step { state in
            state.files[name] = nil
            state.syncedNames.remove(name)
        }
    }

    func sync() throws { try write { $0.syncedNames = Set($0.files.keys) } }

    private final class File: IndexFile {
        private let name: String
        private let directory: SimulatedDirectory

        init(_ name: String, _ directory: SimulatedDirectory) {
            self.name = name
            self.directory = directory
        }

        func append(_ bytes: UnsafeRawBufferPointer) throws {
            let bytes = Array(bytes)
            // A write may be cut in the middle.
            try directory.write { $0.files[name]?.bytes.append(contentsOf: bytes.prefix(bytes.count / 2)) }
            try directory.write { $0.files[name]?.bytes.append(contentsOf: bytes.dropFirst(bytes.count / 2)) }
        }

        func replaceBeginning(with bytes: UnsafeRawBufferPointer) throws {
            let bytes = Array(bytes)
            try directory.write { $0.files[name]?.bytes.replaceSubrange(..<bytes.count, with: bytes) }
        }

        func sync() throws { try directory.write { $0.files[name]?.sync() } }
    }
}

/// Keeps the making of segments until a test wants it to be done, in any order.
final class DelayedWork: BuildExecutor {
    private let waiting = Mutex<[@Sendable () -> Void]>([])

    func run(_ size: BuildSize, _ work: @escaping @Sendable () -> Void) { waiting.withLock { $0.append(work) } }

    /// Does all of the work, or some of it, in a random order.
    func runAll(_ numbers: inout SeededNumbers) { while run(at: numbers.next()) {} }
    func runSome(_ numbers: inout SeededNumbers) { while numbers.chance(60), run(at: numbers.next()) {} }

    private func run(at place: UInt64) -> Bool {
        let work = waiting.withLock { waiting in
            waiting.isEmpty ? nil : waiting.remove(at: Int(place % UInt64(waiting.count)))
        }
        work?()
        return work != nil
    }
}
