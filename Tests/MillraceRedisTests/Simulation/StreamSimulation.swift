import Foundation
import MillraceConnect
import MillraceRedis
import Testing

/// A mistake that the reading of a stream could have.
struct StreamFault: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// The entry at the position seems to be there although it was trimmed.
    var hidesMissingEntry = false
    /// The stream changes between its figures and its entries.
    var splitsTransactions = false
    /// The position is committed before its records.
    var commitsPositionFirst = false
    /// The position does not count what was read.
    var forgetsCount = false

    static let all = [
        StreamFault(testDescription: "a trim over the position is not noticed", hidesMissingEntry: true),
        StreamFault(testDescription: "figures and entries are of two moments", splitsTransactions: true),
        StreamFault(testDescription: "the position is written outside the transaction", commitsPositionFirst: true),
        StreamFault(testDescription: "a position does not count the entries before it", forgetsCount: true),
    ]
}

/// Readers of a simulated stream, one after the other, which are killed at any moment. Each entry has to arrive once and in order, or to
/// be counted as lost.
final class StreamSimulation {
    private let server: SimulatedStreams
    private let source: RedisStreamsSource
    private let fault: StreamFault?
    private var found: [Int] = []
    private var position: SourcePosition?
    private var reader: (any SourcePartitionReader)?
    /// The entries whose loss is committed with a position.
    private var lost = 0

    init(seed: Int, fault: StreamFault? = nil) throws {
        server = SimulatedStreams(seed: seed, fault: fault)
        self.fault = fault
        var configuration = RedisStreamsSource.Configuration(topics: ["orders": "out"])
        (configuration.loss, configuration.value) = (.goOn, .field("n"))
        source = try RedisStreamsSource(configuration, sessions: server)
    }

    /// Runs the simulation. Returns the problems, and the trace.
    func run() -> (problems: [String], trace: [String]) {
        for turn in 0..<240 {
            if turn == 170 { server.breaks = false }
            server.change()
            do { try step() } catch {
                server.log("\(error)")
                end()
                if (error as? ConnectorError)?.kind == .permanent { return (["\(error)"], server.trace) }
            }
        }
        let isOrdered = zip(found, found.dropFirst()).allSatisfy { $0 < $1 }
        var problems = isOrdered ? [] : ["the order is wrong: \(found)"]
        let unread = server.entries.filter { $0.number > found.last ?? -1 }.count
        if found.count + lost + unread != server.history.count {
            problems.append(
                "\(server.history.count) entries, \(found.count) found, \(lost) lost, \(unread) not read yet")
        }
        return (problems, server.trace)
    }

    private func step() throws {
        let open = try reader ?? source.open("orders", from: position)
        reader = open
        let batch = try open.read(1 + server.random.below(8), withinMs: server.random.below(2))
        if fault?.commitsPositionFirst == true { position = batch.position ?? position }
        if server.breaks, server.random.below(12) == 0 {
            server.log("the reader is killed")
            return end()
        }
        guard let next = batch.position else { return }
        found += batch.records.compactMap { $0.value.flatMap { Int(String(decoding: $0, as: UTF8.self)) } }
        let losses = batch.losses.reduce(0) { $0 + ($1.recordCount ?? 0) }
        server.log("read to \(next): \(batch.records.count), lost \(losses)")
        lost += losses
        position = fault?.forgetsCount == true ? Self.withoutCount(next) : next
        // What is trimmed before the first position is nobody's loss.
        server.trims = true
        try open.committed(next)
    }

    private func end() {
        reader?.close()
        reader = nil
    }

    private static func withoutCount(_ position: SourcePosition) -> SourcePosition {
        var words = position.rawValue.split(separator: " ").map(String.init)
        words[1] = "0"
        return SourcePosition(rawValue: words.joined(separator: " "))
    }
}

@Suite("Streams on a simulated server")
struct StreamSimulationTests {
    @Test("every entry arrives once and in order, or is counted as lost, whatever fails", arguments: 0..<10)
    func exactlyOnce(_ batch: Int) throws {
        for seed in batch * 20..<batch * 20 + 20 {
            let (problems, trace) = try StreamSimulation(seed: seed).run()
            #expect(problems.isEmpty, "seed \(seed): \(problems)\n\(trace.suffix(60).joined(separator: "\n"))")
        }
    }

    @Test("docs/simulation.md lists the planted faults")
    func listed() throws {
        let page = try String(
            contentsOfFile: #filePath.replacing(/Tests\/.*/, with: "docs/simulation.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasSuffix("| streams of Redis |") }.map(String.init)
        let expected = StreamFault.all.map { "| \($0.testDescription) | streams of Redis |" }
        #expect(rows.sorted() == expected.sorted())
    }

    @Test("planted faults are found", arguments: StreamFault.all)
    func faults(_ fault: StreamFault) throws {
        let found = try (0..<50).contains { try !StreamSimulation(seed: $0, fault: fault).run().problems.isEmpty }
        #expect(found)
    }
}
