import ChildProcesses
import Foundation

/// Another vector index on this machine, in a separate process (Tools/vector-peers).
package final class PeerSubject: SearchSubject {
    package let name: String
    package let buildCPUSeconds: Double?
    package let sizeInBytes: Int
    private let process: ChildProcess
    private let input = Pipe()
    private var output: LineReader
    private let results: String

    /// The peers that can be started.
    package enum Kind: String, Sendable, CaseIterable {
        case hnswlib
        case pgvector
        case redisearch = "RediSearch"
    }

    private struct Built: Decodable {
        var buildCPUSeconds: Double
        var bytes: Int
    }

    private struct Searched: Decodable {
        var queries: Int
        var seconds: Double
        var cpuSeconds: Double
        var clientCPUSeconds: Double
    }

    /// Starts a peer and waits until it has built its index.
    ///
    /// - Parameters:
    ///   - installed: the folder that Tools/vector-peers/install was given.
    ///   - programs: the folder Tools/vector-peers.
    ///   - data: the files of the set.
    ///   - folder: where the peer puts what it finds.
    /// - Throws: `VectorBenchError` if it does not start.
    package init(
        _ kind: Kind, installed: String, programs: String, data: (base: String, queries: String), dimensions: Int,
        links: Int, buildEffort: Int, folder: String
    ) throws {
        name = kind.rawValue
        results = "\(folder)/found-\(kind.rawValue).i32"
        let arguments = [data.base, data.queries, "\(dimensions)", "\(links)", "\(buildEffort)"]
        let (program, first) =
            kind == .hnswlib ? ("hnswlib", []) : ("venv/bin/python3", ["\(programs)/\(kind.rawValue.lowercased()).py"])
        let pipe = Pipe()
        process = try ChildProcess(
            URL(filePath: "\(installed)/\(program)"), first + arguments, input: .pipe(input), output: .pipe(pipe),
            errors: .inherited)
        output = LineReader(pipe)
        guard let line = output.next(), let built = try? JSONDecoder().decode(Built.self, from: Data(line.utf8)) else {
            process.terminate()
            throw VectorBenchError("\(kind.rawValue) does not start; is it installed in \(installed)?")
        }
        buildCPUSeconds = built.buildCPUSeconds
        sizeInBytes = built.bytes
    }

    deinit {
        // At the end of its input it stops its server and ends.
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    package func search(effort: Int, count: Int, repetitions: Int) throws -> SearchRun {
        let command = "search \(effort) \(count) \(repetitions) \(results)\n"
        try input.fileHandleForWriting.write(contentsOf: Data(command.utf8))
        guard let line = output.next(), let searched = try? JSONDecoder().decode(Searched.self, from: Data(line.utf8))
        else { throw VectorBenchError("\(name) has ended") }
        let found = try Data(contentsOf: URL(fileURLWithPath: results))
        return SearchRun(
            queries: searched.queries, seconds: searched.seconds, cpuSeconds: searched.cpuSeconds,
            clientCPUSeconds: searched.clientCPUSeconds,
            found: found.withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) })
    }
}
