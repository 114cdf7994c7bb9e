import Dispatch
import Synchronization

/// The making of an index's segments from all entries of a store, on another thread, while the index already takes changes.
final class IndexRebuild: Sendable {
    /// Calls its argument with the key, the vector and the attributes of each entry until that returns `false`.
    typealias Entries =
        @Sendable (
            _ body: (_ key: UnsafeRawBufferPointer, _ vector: [Float], _ attributes: AttributeRow) throws -> Bool
        ) throws -> Void

    let entries: Entries
    private let format: IndexFormat
    private let settings: IndexSettings
    private let directory: (any IndexDirectory)?
    private let nameSegment: @Sendable () -> String
    /// Called after every few rows.
    private let pause: @Sendable () -> Void
    private let state = Mutex(State())
    private let ended = DispatchGroup()

    private struct State {
        var result: Result<[Segment], any Error>?
        var isCancelled = false
        var count = 0
    }

    /// The size of the rows of one segment.
    private static let segmentSizeInBytes = 256 << 20

    init(
        of entries: @escaping Entries, format: IndexFormat, settings: IndexSettings, directory: (any IndexDirectory)?,
        nameSegment: @escaping @Sendable () -> String, pause: @escaping @Sendable () -> Void
    ) {
        self.entries = entries
        self.pause = pause
        self.format = format
        self.settings = settings
        self.directory = directory
        self.nameSegment = nameSegment
        ended.enter()
    }

    /// The result; `nil` while it is not there.
    var result: Result<[Segment], any Error>? { state.withLock { $0.result } }

    /// The number of entries that have been read.
    var count: Int { state.withLock { $0.count } }

    func cancel() { state.withLock { $0.isCancelled = true } }
    func waitForResult() { ended.wait() }

    func run() {
        defer { ended.leave() }
        let result = Result { try make() }
        state.withLock { $0.result = result }
    }

    private func make() throws -> [Segment] {
        var segments: [Segment] = []
        do { try make(&segments) } catch {
            // They would take the room that others need.
            for segment in segments where !segment.name.isEmpty { try? directory?.remove(segment.name) }
            throw error
        }
        return segments
    }

    private func make(_ segments: inout [Segment]) throws {
        let capacity = max(1, Self.segmentSizeInBytes / format.exact.strideInBytes)
        func newTail() -> Tail { Tail(format: format, capacity: min(capacity, 1 << 20), firstLog: 0) }
        var tail = newTail()
        try entries { key, vector, attributes in
            // A vector that cannot be indexed is in the store from a time when there was no index.
            guard let entry = try? format.entry(of: vector, attributes) else { return true }
            try tail.append(Array(key), entry)
            let isCancelled = state.withLock { state in
                state.count += 1
                return state.isCancelled
            }
            if isCancelled { throw CancellationError() }
            if tail.isFull {
                segments += try segment(of: tail)
                tail = newTail()
            }
            return true
        }
        if tail.count > 0 { segments += try segment(of: tail) }
    }

    private func segment(of tail: Tail) throws -> [Segment] {
        let build = SegmentBuild(
            of: [.tail(tail.view)], .large, format: format, parameters: settings.graph, name: nameSegment(),
            directory: directory)
        build.run(unless: { [self] in state.withLock { $0.isCancelled } }, pause: pause)
        guard let result = build.result else { throw CancellationError() }
        return try result.get().segment.map { [$0] } ?? []
    }
}
