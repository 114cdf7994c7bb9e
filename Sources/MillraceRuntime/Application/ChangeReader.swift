import Dispatch
import Millrace
import MillraceEngine
import Synchronization

/// Reads the changelog of a store for one follower, on a separate thread. It fetches only while there is room in its buffer.
final class ChangeReader: Sendable {
    private let store: StorePlan
    private let partitions: [TopicPartition]
    private let isEnded: @Sendable () -> Bool
    private let state = Mutex(State())
    private let hasRoom = DispatchSemaphore(value: 0)

    private struct State {
        var buffer: [StoreChange] = []
        var waiting: CheckedContinuation<[StoreChange], any Error>?
        var failure: (any Error)?
        var isStopped = false
    }

    private static let maxPolledCount = 500

    init(_ store: StorePlan, _ partitions: [TopicPartition], isEnded: @escaping @Sendable () -> Bool) {
        self.store = store
        self.partitions = partitions
        self.isEnded = isEnded
    }

    /// Begins to read.
    ///
    /// - Returns: where it begins.
    func open(
        from start: StoreChangesStart, _ makeReader: @escaping @Sendable () throws -> any ReaderPort
    ) async throws -> Position {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try startThread(named: "millrace-changes") { self.run(start, makeReader, continuation) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Ends the reading soon.
    func stop() {
        state.withLock { $0.isStopped = true }
        hasRoom.signal()
    }

    /// Returns the changes that have been read, or waits for some.
    func next() async throws -> [StoreChange] {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<[StoreChange], any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if !state.buffer.isEmpty {
                        defer { state.buffer = [] }
                        return .success(state.buffer)
                    }
                    if let failure = state.failure { return .failure(failure) }
                    state.waiting = continuation
                    return nil
                }
                if let result { continuation.resume(with: result) }
                hasRoom.signal()
            }
        } onCancel: {
            let waiting = state.withLock { state in
                defer { state.waiting = nil }
                return state.waiting
            }
            waiting?.resume(throwing: CancellationError())
        }
    }

    // MARK: The thread

    private func run(
        _ start: StoreChangesStart, _ makeReader: () throws -> any ReaderPort,
        _ opened: CheckedContinuation<Position, any Error>
    ) {
        var opened: CheckedContinuation<Position, any Error>? = opened
        var reader: (any ReaderPort)?
        do {
            let made = try makeReader()
            reader = made
            let offsets = try offsets(of: start, made)
            try made.assign(
                offsets.map { PartitionAssignment(partition: $0.key, slot: Int($0.key.partition), offset: $0.value) })
            opened?.resume(returning: Position(offsets))
            opened = nil
            while !isStopped { try step(made) }
        } catch {
            let failure = (error as? PortError)?.asStreamsError ?? error
            if let opened { opened.resume(throwing: failure) } else { fail(failure) }
        }
        reader?.close()
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    /// The offsets at which the reading begins.
    private func offsets(of start: StoreChangesStart, _ reader: any ReaderPort) throws -> [TopicPartition: Int64] {
        func ask(_ place: OffsetSpec) throws -> [TopicPartition: Int64] {
            try reader.listOffsets(Dictionary(uniqueKeysWithValues: partitions.map { ($0, place) }))
        }
        guard case .after(let position) = start else {
            return try ask(start == .earliest ? .earliest : .latest)
        }
        if let other = position.offsets.keys.filter({ !partitions.contains($0) }).min() {
            throw StreamsError(
                .positionMismatch,
                "\(other) is not of the changelog of the store \(store.name), \(partitions.first?.topic ?? "which is empty")"
            )
        }
        let (first, end) = (try ask(.earliest), try ask(.latest))
        for partition in partitions {
            let (from, to) = (first[partition] ?? 0, end[partition] ?? 0)
            if !(from...max(from, to)).contains(position[partition]) {
                throw gone(
                    "offset \(position[partition]) of \(partition) is not between \(from) and \(to)", Position(first))
            }
        }
        return Dictionary(uniqueKeysWithValues: partitions.map { ($0, position[$0]) })
    }

    private func gone(_ what: String, _ earliest: Position? = nil) -> StreamsError {
        var error = StreamsError(.positionGone, "the changelog does not have the changes after the position: \(what)")
        error.position = earliest
        return error
    }

    private func step(_ reader: any ReaderPort) throws {
        if isEnded() { throw StreamsError(.illegalState, "the application has ended") }
        guard state.withLock({ $0.buffer.isEmpty }) else {
            // The follower takes everything at once, and says so; the time is for the end of the application.
            _ = hasRoom.wait(timeout: .now() + .milliseconds(500))
            return
        }
        let polled = try reader.poll(maxRecords: Self.maxPolledCount, timeoutMs: 100)
        for event in polled.events {
            switch event {
            case .offsetOutOfRange(let slot): throw gone("partition \(slot) was cut")
            case .topicUnavailable(let message): throw StreamsError(.topic, message)
            case .endOfPartition, .trouble: break
            }
        }
        deliver(polled.runs.flatMap(changes))
    }

    private func changes(_ run: RecordRun) -> [StoreChange] {
        guard partitions.indices.contains(run.slot) else { return [] }
        return withExtendedLifetime(run) {
            run.records.compactMap { record in
                record.key.flatMap { key in
                    StoreChange(
                        of: store, changelog: partitions[run.slot], offset: record.offset,
                        timestampMs: record.timestampMs, key: key, value: record.value)
                }
            }
        }
    }

    private func deliver(_ changes: [StoreChange]) {
        if changes.isEmpty { return }
        let waiting = state.withLock { state in
            defer { state.waiting = nil }
            if state.waiting == nil { state.buffer += changes }
            return state.waiting
        }
        waiting?.resume(returning: changes)
    }

    private func fail(_ error: any Error) {
        let waiting = state.withLock { state in
            defer { state.waiting = nil }
            state.failure = error
            return state.waiting
        }
        waiting?.resume(throwing: error)
    }
}
