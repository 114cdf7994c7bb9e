import ArgumentParser
import Foundation
import Millrace
import MillraceConnect
import MillracePostgres

/// Measures the PostgreSQL source beside pg_recvlogical and the sink beside psql's COPY, by turns on one server of its own.
///
/// The server runs on 127.0.0.1 and its data are deleted at the end. The programs of PostgreSQL are those of Debian.
@main
struct PostgresBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postgres-bench",
        abstract: "Measures the PostgreSQL source beside pg_recvlogical, and the sink beside psql's COPY.")

    @Option(help: "The number of rows.")
    var rows = 1_000_000
    @Option(help: "The number of rows of a transaction, in which the source's rows are written.")
    var transaction = 1_000
    @Option(help: "The number of turns.")
    var turns = 3
    @Option(help: "The port of the server.")
    var port = 28_431
    @Flag(help: "Only the source.")
    var sourceOnly = false
    @Flag(help: "Only the sink.")
    var sinkOnly = false

    func run() throws {
        let server = try BenchServer(port: port)
        defer { server.stop() }
        print("\(rows) rows; seconds and rows a second, by turns; memory is the process' peak")
        if !sinkOnly { try SourceBench(server, rows: rows, transaction: transaction, turns: turns).run() }
        if !sourceOnly { try SinkBench(server, rows: rows, turns: turns).run() }
    }
}

/// Prints a measurement.
func report(_ name: String, _ rows: Int, _ seconds: [Double]) {
    let times = seconds.map { String(format: "%.2f", $0) }.joined(separator: " ")
    let best = seconds.min() ?? 1
    print("\(name): \(times) s; \(Int(Double(rows) / best)) rows/s at best; peak \(peakMemoryInMiB()) MiB")
}

/// Prints the ratio of the sums of times.
func reportRatio(_ name: String, _ own: [Double], _ other: [Double]) {
    print("\(name): \(String(format: "%.2f", other.reduce(0, +) / own.reduce(0, +))) of the speed of the other")
}

/// The largest size that the process has had, in MiB.
private func peakMemoryInMiB() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
    return (line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) / 1_024
}

/// Returns the seconds that a closure takes.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start) / .seconds(1)
}
