import Foundation
import Millrace
import MillraceConnect
import MillraceConnectRuntime
import Testing

@Suite("Processes of a worker with different files", .serialized)
struct ConnectDifferenceTests {
    private let surroundings: ConnectSurroundings

    init() throws {
        surroundings = try ConnectSurroundings()
        try surroundings.makeTopic()
    }

    private func source(maxLineSize: Int = 1_000) -> String {
        let settings = #""topic": "\#(surroundings.topic)", "maxLineSizeInBytes": \#(maxLineSize)"#
        return #""lines": {"type": "file-source", "path": "\#(surroundings.input)", \#(settings)}"#
    }

    private var sink: String {
        #""copy": {"type": "file-sink", "topics": ["\#(surroundings.topic)"], "folder": "\#(surroundings.output)"}"#
    }

    private func read(_ name: String, _ connectors: String...) throws -> ConnectConfiguration {
        try ConnectConfiguration(
            file: surroundings.configurationFile(connectors.joined(separator: ","), named: name),
            kinds: [.fileSource, .fileSink])
    }

    private func tasks(_ worker: ConnectWorker) -> [String] {
        worker.connector("lines")?.tasks.filter { $0.state == .running }.map(\.name) ?? []
    }

    @Test("only processes that have a connector get tasks of it, and all tell who lacks it", .timeLimit(.minutes(60)))
    func lacking() async throws {
        let files = (0..<12).map { "file-\($0)" }
        for file in files { try surroundings.write(["\(file) first"], to: file) }
        let configurations = [try read("both.json", source(), sink), try read("sink.json", sink)]
        try await withWorkers(configurations) { workers in
            let lacking = workers[1].processName
            let expected =
                "the connector lines is missing in the configuration of \(lacking): the other processes do its work"
            try await eventually("the one with the source has all of its tasks, and both tell the difference") {
                tasks(workers[0]).sorted() == files.sorted() && workers.allSatisfy { $0.differences == [expected] }
            }
            #expect(workers[1].connector("lines") == nil)
            // A process gets the connector: the two share the tasks, and the first one can go.
            let third = [try read("third.json", source(), sink)]
            try await withWorkers(third) { added in
                try await eventually("the third has tasks, too") {
                    !tasks(added[0]).isEmpty
                        && (tasks(workers[0]) + tasks(added[0])).sorted() == files.sorted()
                }
                workers[0].shutdown()
                try await eventually("the third has all tasks") { tasks(added[0]).sorted() == files.sorted() }
                for file in files { try surroundings.write(["\(file) second"], to: file) }
                let lines = files.flatMap { ["\($0) first", "\($0) second"] }.sorted()
                #expect(try surroundings.lines(lines.count).sorted() == lines)
                try await eventually("the sink has them") { try surroundings.written().count >= lines.count }
                #expect(try surroundings.written().sorted() == lines)
            }
        }
    }

    @Test("other settings come to one process after the other, and each line arrives once", .timeLimit(.minutes(60)))
    func rolling() async throws {
        let files = (0..<6).map { "file-\($0)" }
        var expected: [String] = []
        func write(_ round: String) throws {
            for file in files {
                let lines = (0..<50).map { "\(file) \(round) \($0)" }
                try surroundings.write(lines, to: file)
                expected += lines
            }
        }
        func run(_ configuration: ConnectConfiguration) -> (worker: ConnectWorker, end: Task<Void, any Error>) {
            let worker = ConnectWorker(configuration)
            return (worker, Task { try await worker.run() })
        }
        try write("before")
        let (old, new) = (try read("old.json", source()), try read("new.json", source(maxLineSize: 2_000)))
        var running = [run(old), run(old)]
        defer { for (worker, _) in running { worker.shutdown() } }
        try await eventually("both have tasks") { running.allSatisfy { !tasks($0.worker).isEmpty } }
        #expect(running.allSatisfy { $0.worker.differences.isEmpty })
        for number in running.indices {
            try write("during \(number)")
            running[number].worker.shutdown()
            try await running[number].end.value
            running[number] = run(new)
            try write("after \(number)")
            try await eventually("all tasks are taken") {
                running.flatMap { tasks($0.worker) }.sorted() == files.sorted()
                    && running.allSatisfy { !tasks($0.worker).isEmpty }
            }
            let hasDifference = number == 0
            try await eventually("the processes say whether their settings differ") {
                running.allSatisfy { process in
                    process.worker.differences.contains { $0.hasPrefix("the connector lines has some settings in") }
                        == hasDifference
                }
            }
            if hasDifference {
                for (worker, _) in running {
                    #expect(running[0].worker.differences.first?.contains(worker.processName) == true)
                }
            }
        }
        #expect(try surroundings.lines(expected.count).sorted() == expected.sorted())
        for (worker, end) in running {
            worker.shutdown()
            try await end.value
        }
    }
}
