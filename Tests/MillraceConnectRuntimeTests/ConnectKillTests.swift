import ChildProcesses
import Foundation
import Testing

@Suite("Processes of connectors that are killed", .serialized)
struct ConnectKillTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: ".build/debug")

    private func start(_ file: String) throws -> ChildProcess {
        try ChildProcess(Self.folder.appending(path: "millrace"), ["connect", file, "--log-level", "error"])
    }

    /// A generator that gives the same numbers for a seed.
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    @Test("a process that is stopped for longer than its session does no harm", .timeLimit(.minutes(60)))
    func zombie() async throws {
        let surroundings = try ConnectSurroundings()
        try surroundings.makeTopic()
        let file = try surroundings.configurationFile(
            #""lines": {"type": "file-source", "path": "\#(surroundings.input)", "topic": "\#(surroundings.topic)"}"#)
        let processes = [try start(file), try start(file)]
        defer { for process in processes { process.signal(SIGKILL) } }
        var expected: [String] = []
        func feed(_ round: Int) throws {
            for part in 0..<6 {
                let lines = (0..<300).map { "\(part)-\(round)-\($0)" }
                try surroundings.write(lines, to: "part-\(part)")
                expected += lines
            }
        }
        for (round, process) in processes.enumerated() {
            try feed(2 * round)
            #expect(try surroundings.lines(expected.count).count == expected.count)
            process.signal(SIGSTOP)
            try feed(2 * round + 1)
            // The other process has all lines in the topic, so it has taken everything over.
            #expect(try surroundings.lines(expected.count).sorted() == expected.sorted())
            process.signal(SIGCONT)
        }
        try feed(4)
        #expect(try surroundings.lines(expected.count).sorted() == expected.sorted())
        for process in processes { process.signal(SIGTERM) }
        for process in processes { process.waitUntilExit() }
        #expect(processes.allSatisfy { $0.terminationStatus == 0 })
        #expect(try surroundings.lines(expected.count).sorted() == expected.sorted())
    }

    @Test("each line is in the topic and in the files once", .timeLimit(.minutes(60)), arguments: [1, 2, 3, 4, 5])
    func kills(seed: UInt64) async throws {
        var random = Seeded(state: seed)
        let surroundings = try ConnectSurroundings()
        try surroundings.makeTopic()
        let file = try surroundings.configurationFile(
            """
            "lines": {"type": "file-source", "path": "\(surroundings.input)", "topic": "\(surroundings.topic)"},
            "copy": {"type": "file-sink", "topics": ["\(surroundings.topic)"], "folder": "\(surroundings.output)"}
            """)
        var processes = [try start(file), try start(file)]
        defer { for process in processes { process.signal(SIGKILL) } }
        var expected: [String] = []
        for round in 0..<4 {
            for part in 0..<6 {
                let lines = (0..<300).map { "\(part)-\(round)-\($0)" }
                try surroundings.write(lines, to: "part-\(part)")
                expected += lines
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...2_500, using: &random)))
            let victim = Int.random(in: 0..<2, using: &random)
            processes[victim].signal(SIGKILL)
            processes[victim].waitUntilExit()
            processes[victim] = try start(file)
        }
        #expect(try surroundings.lines(expected.count).sorted() == expected.sorted(), "seed \(seed)")
        try await eventually("everything is in the files") { try surroundings.written().count >= expected.count }
        for process in processes { process.signal(SIGTERM) }
        for process in processes { process.waitUntilExit() }
        #expect(processes.allSatisfy { $0.terminationStatus == 0 })
        #expect(try surroundings.written().sorted() == expected.sorted(), "seed \(seed)")
    }
}
