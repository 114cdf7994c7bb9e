import Foundation
import Logging
import Millrace
import MillraceConnect
import MillraceConnectRuntime
import MillraceEngine
import MillraceRuntime
import Testing

@Suite("A worker of connectors", .serialized)
struct ConnectWorkerTests {
    @Test("two processes share the tasks, and a file that appears gets one", .timeLimit(.minutes(60)))
    func sharing() async throws {
        let surroundings = try ConnectSurroundings()
        try surroundings.makeTopic()
        let names = (0..<12).map { "file-\($0)" }
        for name in names { try surroundings.write(["\(name) first"], to: name) }
        let configuration = surroundings.configuration()
        try await withWorkers([configuration, configuration]) { workers in
            func tasks() -> [[String]] {
                workers.map { $0.connector("lines")?.tasks.filter { $0.state == .running }.map(\.name) ?? [] }
            }
            try await eventually("both have tasks, together all") {
                tasks().allSatisfy { !$0.isEmpty } && tasks().joined().sorted() == names.sorted()
            }
            try surroundings.write(["late first"], to: "late")
            try await eventually("the new file has a task") { tasks().joined().contains("late") }
            for name in names + ["late"] { try surroundings.write(["\(name) second"], to: name) }
            let expected = (names + ["late"]).flatMap { ["\($0) first", "\($0) second"] }.sorted()
            #expect(try surroundings.lines(expected.count).sorted() == expected)
            workers[0].shutdown()
            try await eventually("the other one takes over") { tasks()[1].count == names.count + 1 }
        }
    }

    @Test("a topic goes into files, each record once, and a later worker goes on", .timeLimit(.minutes(60)))
    func sink() async throws {
        let surroundings = try ConnectSurroundings()
        try surroundings.makeTopic()
        let configuration = surroundings.configuration([surroundings.sink])
        for round in 0..<2 {
            try surroundings.write((0..<500).map { "\(round)-\($0)" }, to: "a")
            let expected = (0...round).flatMap { round in (0..<500).map { "\(round)-\($0)" } }.sorted()
            try await withWorkers([configuration]) { workers in
                try await eventually("all lines are in files") { try surroundings.written().count >= expected.count }
                try await eventually("the counts are those of this worker") {
                    workers[0].connector("copy")?.tasks.first?.records == 500
                }
                // The topic ends with the mark of a transaction.
                try await eventually("the sink has no lag") { workers[0].connector("copy")?.lag == 0 }
                let task = try #require(workers[0].connector("lines")?.tasks.first)
                #expect(task.records == 500 && task.commits > 0 && task.failures == 0)
                #expect(task.sizeInBytes == (0..<500).reduce(0) { $0 + "\(round)-\($1)".utf8.count })
            }
            #expect(try surroundings.written().sorted() == expected)
        }
    }

    @Test("a pause holds for all processes and survives a restart of all", .timeLimit(.minutes(60)))
    func pause() async throws {
        let surroundings = try ConnectSurroundings()
        try surroundings.makeTopic()
        try surroundings.write(["1"], to: "a")
        try surroundings.write(["1"], to: "b")
        let configuration = surroundings.configuration()
        try await withWorkers([configuration, configuration]) { workers in
            try await eventually("the files are read") {
                workers.flatMap { $0.states(of: "lines") } == [.running, .running]
            }
            #expect(try surroundings.lines(2) == ["1", "1"])
            try await workers[0].pause("lines")
            try await eventually("both are paused") {
                workers.flatMap { $0.states(of: "lines") } == [.paused, .paused]
                    && workers.allSatisfy { $0.connector("lines")?.state == .paused }
            }
            try surroundings.write(["2"], to: "a")
        }
        try await withWorkers([configuration]) { workers in
            try await eventually("the tasks are there, paused") {
                workers[0].states(of: "lines") == [.paused, .paused]
            }
            #expect(workers[0].connector("lines")?.tasks.allSatisfy { $0.commits == 0 } ?? false)
            #expect(try surroundings.lines(2).count == 2)
            try await workers[0].pause("lines", task: "b")
            try await workers[0].resume("lines")
            try await eventually("one goes on") { workers[0].states(of: "lines") == [.running, .paused] }
            #expect(try surroundings.lines(3).sorted() == ["1", "1", "2"])
            await #expect(throws: StreamsError.self) { try await workers[0].pause("lnes") }
        }
    }

    @Test(
        "workers whose names with those of their connectors would be the same text share nothing",
        .timeLimit(.minutes(60)))
    func joinedNames() async throws {
        let surroundings = try ConnectSurroundings()
        try surroundings.makeTopic()
        func worker(_ end: String, _ begin: String, into folder: String) throws -> ConnectConfiguration {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let sink = FileSink(topics: [surroundings.topic], folder: folder)
            var configuration = surroundings.configuration([
                ConfiguredConnector(name: "\(begin)copy", type: "file-sink", connector: .sink(sink))
            ])
            configuration.name += end
            configuration.connectors[0].name = "\(begin)lines"
            return configuration
        }
        let folders = ["first", "second"].map { surroundings.folder.appending(path: $0).path }
        let configurations = [
            try worker("", "x-", into: folders[0]), try worker("-x", "", into: folders[1]),
        ]
        try surroundings.write((0..<200).map { "\($0)" }, to: "a")
        // Both read the file.
        let expected = (0..<200).flatMap { ["\($0)", "\($0)"] }.sorted()
        try await withWorkers(configurations) { _ in
            #expect(try surroundings.lines(expected.count).sorted() == expected)
            for folder in folders {
                try await eventually("each sink has everything") {
                    try surroundings.written(in: folder).count >= expected.count
                }
                #expect(try surroundings.written(in: folder).sorted() == expected)
            }
        }
    }

    @Test("a source waits for the group that reads its topic, and goes on", .timeLimit(.minutes(60)))
    func backPressure() async throws {
        let surroundings = try ConnectSurroundings()
        try surroundings.makeTopic()
        let sink = surroundings.configuration([surroundings.sink], hasSource: false)
        let limit = LagLimit(group: WorkerNames(sink.name).group(of: "copy"), records: 1_000)
        let source = surroundings.configuration(pauseAtLag: limit)
        try surroundings.write((0..<3_000).map { "first \($0)" }, to: "a")
        try await withWorkers([source]) { workers in
            try await eventually("the source is held back") {
                let status = workers[0].connector("lines")
                return status?.isHeldBack == true && status?.tasks.map(\.state) == [.paused]
            }
            #expect((workers[0].connector("lines")?.lag ?? 0) > 1_000)
            try surroundings.write((0..<100).map { "second \($0)" }, to: "a")
            #expect(try surroundings.lines(3_000).allSatisfy { $0.hasPrefix("first") })
            try await withWorkers([sink]) { _ in
                try await eventually("the source goes on, and everything arrives") {
                    try surroundings.written().count == 3_100
                }
            }
            try await eventually("it is open again") { workers[0].connector("lines")?.isHeldBack == false }
        }
        #expect(Set(try surroundings.written()).count == 3_100)
    }

    @Test("a permanent error ends its task only, is shown, and a restart begins anew", .timeLimit(.minutes(60)))
    func failure() async throws {
        let surroundings = try ConnectSurroundings()
        try surroundings.makeTopic()
        try surroundings.write(["1", "2", "3"], to: "a")
        try surroundings.write(["1"], to: "b")
        try await withWorkers([surroundings.configuration()]) { workers in
            #expect(try surroundings.lines(4).count == 4)
            let file = surroundings.input + "/a"
            try Data().write(to: URL(filePath: file))
            try await eventually("the task has failed") { workers[0].states(of: "lines") == [.failed, .running] }
            let failed = try #require(workers[0].connector("lines")?.tasks.first)
            #expect(
                failed.trouble
                    == "\(file) has 0 bytes, but 6 have been read: a file may only grow; give a new file a new name")
            #expect(failed.failures == 1)
            try surroundings.write(["4"], to: "b")
            #expect(try surroundings.lines(5).count == 5)
            try surroundings.write(["1", "2", "3", "5"], to: "a")
            try await workers[0].restart("lines", task: "a")
            try await eventually("it runs again") {
                workers[0].states(of: "lines") == [.running, .running]
                    && workers[0].connector("lines")?.tasks.first?.trouble == nil
            }
            #expect(try surroundings.lines(6).sorted() == ["1", "1", "2", "3", "4", "5"])
        }
    }

    @Test("what the target refuses goes to the dead letters, and the rest is written", .timeLimit(.minutes(60)))
    func deadLetters() async throws {
        let surroundings = try ConnectSurroundings()
        try surroundings.makeTopic(partitions: 1)
        try surroundings.makeTopic(partitions: 1, "\(surroundings.name)-dead")
        let producer = try surroundings.ports.makeProducer(clientID: "test", transactionalID: nil)
        let topic = try producer.topic(named: surroundings.topic)
        for value in [Array("a".utf8), [0xff], Array("b".utf8)] {
            try withBytes(of: nil, value) { (key, value) throws(PortError) in
                try producer.send(topic: topic, partition: 0, key: key, value: value, timestampMs: -1, headers: [])
            }
        }
        try producer.flush()
        producer.close()
        try await withWorkers([surroundings.configuration([surroundings.sink], hasSource: false)]) { workers in
            try await eventually("without a topic of dead letters the sink stops") {
                workers[0].states(of: "copy") == [.failed]
            }
            #expect(workers[0].connector("copy")?.tasks.first?.trouble?.contains("is not text in UTF-8") ?? false)
        }
        var sink = surroundings.sink
        sink.deadLetterTopic = "\(surroundings.name)-dead"
        try await withWorkers([surroundings.configuration([sink], hasSource: false)]) { workers in
            try await eventually("the others are written") { try surroundings.written() == ["a", "b"] }
            try await eventually("one is refused") { workers[0].connector("copy")?.tasks.first?.refused == 1 }
        }
    }

    @Test("topics that are missing are named, and waited for", .timeLimit(.minutes(60)))
    func missingTopics() async throws {
        let surroundings = try ConnectSurroundings()
        var sink = surroundings.sink
        sink.deadLetterTopic = "\(surroundings.name)-dead"
        try surroundings.write(["a", "c", "b"], to: "a")
        try await withWorkers([surroundings.configuration([sink])]) { workers in
            let words = "does not exist: create it. The connector waits for it."
            func trouble(_ connector: String) -> String? { workers[0].connector(connector)?.tasks.first?.trouble }
            try await eventually("the source waits") {
                trouble("lines") == "The topic \(surroundings.topic) \(words)"
            }
            try surroundings.makeTopic(partitions: 1)
            try await eventually("all lines are in files") { try surroundings.written().count == 3 }
            try await eventually("the trouble has passed") { trouble("lines") == nil }

            let producer = try surroundings.ports.makeProducer(clientID: "test", transactionalID: nil)
            defer { producer.close() }
            try withBytes(of: nil, [0xff]) { (key, value) throws(PortError) in
                try producer.send(
                    topic: producer.topic(named: surroundings.topic), partition: 0, key: key, value: value,
                    timestampMs: -1, headers: [])
            }
            try producer.flush()
            try await eventually("the sink waits") {
                trouble("copy") == "The topic of dead letters \(surroundings.name)-dead \(words)"
            }
            try surroundings.makeTopic(partitions: 1, "\(surroundings.name)-dead")
            try await eventually("the record is refused") { workers[0].connector("copy")?.tasks.first?.refused == 1 }
        }
        #expect(try surroundings.lines(3, partitions: 1).count == 4)
        #expect(try surroundings.written().count == 3)
    }

    @Test("a topic of its own with the wrong policy is refused, as is a broker that is away", .timeLimit(.minutes(60)))
    func refusals() async throws {
        let surroundings = try ConnectSurroundings()
        try surroundings.makeTopic(
            partitions: 3, "\(surroundings.name)-positions", settings: ["cleanup.policy": "delete"])
        try surroundings.makeTopic(
            partitions: 2, "\(surroundings.name)-states", settings: ["cleanup.policy": "compact"])
        let error = await #expect(throws: StreamsError.self) {
            try await ConnectWorker(surroundings.configuration()).run()
        }
        #expect(error?.code == .topic)
        #expect(
            error?.message
                == "the topic \(surroundings.name)-positions has cleanup.policy=delete, which deletes what is still needed: "
                + "set it to compact; the topic \(surroundings.name)-states has 2 partitions, but it needs exactly 1 to keep its order"
        )
        var away = surroundings.configuration()
        away.bootstrapServers = ["127.0.0.1:1"]
        let silence = await #expect(throws: StreamsError.self) { try await ConnectWorker(away).run() }
        #expect(silence?.code == .broker)
    }
}
