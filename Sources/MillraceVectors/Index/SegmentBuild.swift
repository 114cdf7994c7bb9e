import Dispatch
import Synchronization

/// The making of a segment of the living rows of some parts, on another thread.
final class SegmentBuild: Sendable {
    /// The place of a row before it went into the segment.
    struct Origin: Sendable {
        var source: Int32
        var row: Int32
    }

    /// What was made. Without a segment no row was alive.
    struct Product: Sendable {
        var segment: Segment?
        /// The origin of each row of the segment.
        var origins: [Origin]
    }

    let sources: [BuildSource]
    let size: BuildSize
    private let format: IndexFormat
    private let parameters: GraphParameters
    private let name: String
    private let directory: (any IndexDirectory)?
    private let state = Mutex<State>(.waiting)
    private let ended = DispatchGroup()

    private enum State {
        case waiting
        case done(Result<Product, any Error>)
        case cancelled
    }

    /// - Parameters:
    ///   - name: the segment's name.
    ///   - directory: where its file goes; `nil` to keep it in memory.
    init(
        of sources: [BuildSource], _ size: BuildSize, format: IndexFormat, parameters: GraphParameters, name: String,
        directory: (any IndexDirectory)?
    ) {
        self.sources = sources
        self.size = size
        self.format = format
        self.parameters = parameters
        self.name = name
        self.directory = directory
        ended.enter()
    }

    /// Waits until the result is there. Only after `run` was called or is going to be.
    func waitForResult() { ended.wait() }

    /// The number of tails among the sources.
    var tailCount: Int { sources.count { if case .tail = $0 { true } else { false } } }

    /// The segments among the sources.
    var mergedSegments: [Segment] {
        sources.compactMap { if case .segment(let segment) = $0 { segment } else { nil } }
    }

    /// The result; `nil` while it is not there.
    var result: Result<Product, any Error>? {
        state.withLock { if case .done(let result) = $0 { result } else { nil } }
    }

    /// Stops the work soon.
    func cancel() { state.withLock { $0 = .cancelled } }

    private var isCancelled: Bool { state.withLock { if case .cancelled = $0 { true } else { false } } }

    /// Does the work. Rows that die meanwhile may be in the segment.
    ///
    /// - Parameters:
    ///   - isStopped: whether the work is no longer wanted, for another reason than a call of `cancel`.
    ///   - pause: called after every few rows.
    func run(unless isStopped: () -> Bool = { false }, pause: () -> Void = {}) {
        defer { ended.leave() }
        if isCancelled { return }
        let result = Result {
            try make {
                if isCancelled || isStopped() { throw CancellationError() }
                pause()
            }
        }
        state.withLock { if case .waiting = $0 { $0 = .done(result) } }
    }

    private func make(_ pause: () throws -> Void) throws -> Product {
        var keys = NewSegmentKeys(seed: UInt64.random(in: .min ... .max))
        var origins: [Origin] = []
        let exact = GrowingRows(format: format.exact)
        var attributes = NewSegmentAttributes(format.attributes)
        for (number, source) in sources.enumerated() {
            for row in 0..<source.rows.count where !source.deaths.isDead(row) {
                var problem: VectorProblem?
                try source.rows.withRow(row) { bytes in
                    do throws(VectorProblem) { try exact.append(row: bytes) } catch { problem = error }
                }
                if let problem { throw problem }
                source.withKey(row) { keys.append($0) }
                attributes.append(source.attributes(row))
                origins.append(Origin(source: Int32(number), row: Int32(row)))
            }
        }
        if origins.isEmpty { return Product(segment: nil, origins: []) }
        let graphRows = try graphRows(of: exact)
        let builder = try GraphBuilder(rows: graphRows, codes: BuildCodes.codes(of: graphRows), parameters: parameters)
        for row in 0..<graphRows.count {
            if row % 64 == 0 { try pause() }
            try builder.insert(row)
        }
        let segment = NewSegment(
            format: format, graph: try builder.finish(), fullRows: format.full == nil ? nil : exact.rows, keys: keys,
            attributes: attributes.bytes)
        return Product(segment: try keep(segment), origins: origins)
    }

    private func graphRows(of exact: GrowingRows) throws -> VectorRows {
        if format.full == nil { return exact.rows }
        let rows = GrowingRows(format: format.graph, expectedCount: exact.count)
        for row in 0..<exact.count { try rows.append(exact.rows.vector(row)) }
        return rows.rows
    }

    private func keep(_ segment: NewSegment) throws -> Segment {
        guard let directory else {
            let region = try segment.write { try NewMemory(sizeInBytes: $0) }.finish()
            return try Segment(region, named: name, format: format)
        }
        try directory.write(name) { try segment.write(to: $0) }
        guard let region = try directory.contents(of: name) else {
            throw FileProblem.damaged(name, "the segment that was written is missing")
        }
        return try Segment(region, named: name, format: format)
    }
}
