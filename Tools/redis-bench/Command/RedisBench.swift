import ArgumentParser
import CRedisLoop
import Foundation

/// Measures the source of Redis' streams beside a loop of XREAD by hand in C, by turns on one server of its own: its reader alone beside a
/// loop that copies the entries, and a whole `millrace connect` beside a loop that writes them into a topic of a broker, too.
///
/// Servers, broker and connector run on 127.0.0.1, and their data are deleted at the end.
@main
struct RedisBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redis-bench",
        abstract: "Measures the source of Redis' streams beside a loop of XREAD by hand in C.")

    @Option(help: "The number of entries of the stream.")
    var entries = 1_000_000
    @Option(help: "The number of entries that the loop in C asks for at once.")
    var count = 1_000
    @Option(help: "The number of turns.")
    var turns = 5
    @Option(help: "The ports of the server and of the broker: this one, and the next.")
    var port = 28_441
    @Option(help: "The program `millrace`, of the same build as this one by default.")
    var millrace = Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "millrace").path ?? "millrace"

    func run() throws {
        let server = try BenchServer(port: port)
        defer { server.stop() }
        try server.fill(entries)
        print("\(entries) entries of about \(BenchServer.entrySizeInBytes) bytes, by turns")
        var (loop, reader, copy, connect): ([Turn], [Turn], [Turn], [Turn]) = ([], [], [], [])
        for number in 0..<turns {
            loop.append(try readByLoop())
            reader.append(try server.read(entries))
            copy.append(try copyByLoop())
            let turn = ConnectTurn(millrace: millrace, server: server, brokerPort: port + 1, number: number)
            connect.append(try turn.run(entries))
        }
        report("loop in C", loop)
        report("reader", reader, beside: loop)
        report("loop in C into a topic", copy, beside: loop)
        report("millrace connect", connect, beside: loop)
        report("millrace connect, beside the loop in C into a topic", connect, beside: copy)
    }

    private func readByLoop() throws -> Turn {
        try Turn.measured(entries) {
            let result = redis_loop_read(Int32(port), BenchServer.stream, Int32(count))
            guard result.entries == entries else { throw Failure("the loop has read \(result.entries) entries") }
        }
    }

    private func copyByLoop() throws -> Turn {
        let broker = try BenchBroker(millrace: millrace, port: port + 1)
        defer { broker.stop() }
        return try Turn.measured(entries) {
            let result = redis_loop_copy(
                Int32(port), BenchServer.stream, Int32(count), broker.address, BenchBroker.topic)
            guard result.entries == entries else { throw Failure("the loop has written \(result.entries) entries") }
        }
    }
}

/// An error of the measurement itself.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

private func report(_ name: String, _ turns: [Turn], beside others: [Turn]? = nil) {
    let rates = turns.map(\.rate)
    var words = rates.map { "\(Int($0))" }.joined(separator: " ")
    words += " entries/s; median \(Int(median(rates))); CPU \(rounded(median(turns.map(\.cpuPerEntry)))) µs an entry"
    if let peak = turns.compactMap(\.peakInMiB).max() { words += "; peak \(peak) MiB" }
    print("\(name): \(words)")
    guard let others else { return }
    let ratios = zip(turns, others).map { $0.rate / $1.rate }
    let best = (rates.max() ?? 0) / (others.map(\.rate).max() ?? 1)
    print(
        "\(name), of the loop's speed: \(ratios.map(rounded).joined(separator: " ")); median \(rounded(median(ratios))); best against best "
            + rounded(best))
}

private func rounded(_ value: Double) -> String { String(format: "%.2f", value) }

private func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
