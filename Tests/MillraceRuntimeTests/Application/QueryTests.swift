import Millrace
import MillraceRuntime
import Synchronization
import Testing

/// Tells readers to end, and counts their reads.
private final class Flag: Sendable {
    private let flag = Atomic(false)
    private let counter = Atomic(0)
    var isSet: Bool { flag.load(ordering: .acquiring) }
    var reads: Int { counter.load(ordering: .relaxed) }
    func set() { flag.store(true, ordering: .releasing) }
    func count() { counter.add(1, ordering: .relaxed) }
}

extension ApplicationTests {
    @Suite("Queries")
    struct QueryTests {
        private let cluster: TestCluster
        private let directory: TestDirectory
        private let application = TestCluster.uniqueName("app")

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
        }

        private static func count(from input: String, inMemory: Bool = false) -> @Sendable (StreamsBuilder) -> Void {
            { builder in
                let store = Materialized<String, Int64>.store("counts")
                builder.stream(input, key: .string, value: .string).groupByKey()
                    .count(into: inMemory ? store.inMemory() : store)
            }
        }

        private static func records(_ count: Int, keys: Int) -> [TestRecord] {
            (0..<count).map { TestRecord(key: "k\($0 % keys)", value: "v") }
        }

        @Test("any task can read stores while workers run, and across a restart", arguments: [false, true])
        func reads(inMemory: Bool) async throws {
            let input = try cluster.createTopic("in", partitions: 4)
            try cluster.write(Self.records(200, keys: 20), to: input)
            var configuration = cluster.configuration(application, directory)
            configuration.threads = 2
            for round in 1...2 {
                let instance = try RunningInstance(configuration, Self.count(from: input, inMemory: inMemory))
                let counts = try await instance.application.readableStore(
                    .keyValue("counts", key: .string, value: .int64))
                try await eventually("all counted") {
                    try (0..<20).allSatisfy { try counts.get("k\($0)") == Int64(10 * round) }
                }
                #expect(try counts.entries().map(\.value) == Array(repeating: Int64(10 * round), count: 20))
                try cluster.write(Self.records(200, keys: 20), to: input)
                try await eventually("as many again") {
                    try (0..<20).allSatisfy { try counts.get("k\($0)") == Int64(10 * round + 10) }
                }
                try await instance.stop()
                let ended = #expect(throws: StreamsError.self) { try counts.get("k1") }
                #expect(ended?.code == .illegalState)
            }
        }

        @Test("readers on many threads get errors or right values, never a crash, while instances start and stop")
        func comingAndGoing() async throws {
            let input = try cluster.createTopic("in", partitions: 4)
            var configuration = cluster.configuration(application, directory)
            configuration.threads = 2
            configuration.checkpointInterval = .milliseconds(50)
            configuration.applicationServer = "first:1"
            let define = Self.count(from: input)
            let first = try RunningInstance(configuration, define)
            let counts = try await first.application.readableStore(.keyValue("counts", key: .string, value: .int64))
            let isDone = Flag()
            try cluster.write(Self.records(400, keys: 40), to: input)
            let otherDirectory = try TestDirectory()
            let (cluster, otherPath) = (cluster, otherDirectory.path)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for reader in 0..<2 {
                    group.addTask {
                        var least: [String: Int64] = [:]
                        var number = reader
                        while !isDone.isSet {
                            number += 1
                            let key = "k\(number % 40)"
                            do {
                                let count = try counts.get(key) ?? 0
                                #expect(count >= least[key] ?? 0, "a count never goes back here")
                                least[key] = count
                                if number % 97 == 0 { _ = try counts.entries(limit: 10) }
                                isDone.count()
                            } catch let error as StreamsError {
                                #expect([.storeElsewhere, .storeUnavailable].contains(error.code), "\(error)")
                                // Another instance may increase the count before this one has it again.
                            }
                            if number % 100 == 0 { await Task.yield() }
                        }
                    }
                }
                group.addTask { [configuration] in
                    var configuration = configuration
                    configuration.stateDirectory = otherPath
                    configuration.applicationServer = "second:2"
                    for round in 0..<2 {
                        let second = try RunningInstance(configuration, define)
                        try await eventually("two tasks each") {
                            first.metrics.tasks.count == 2 && second.metrics.tasks.count == 2
                        }
                        if round == 0 { try await Self.checkOwners(first, second) }
                        try cluster.write(Self.records(400, keys: 40), to: input)
                        try await second.stop()
                        try await first.awaits("all tasks") { $0.tasks.count == 4 }
                    }
                    try await eventually("1,200 counted") {
                        (try? counts.entries().reduce(0) { $0 + $1.value }) == 1_200
                    }
                    isDone.set()
                }
                do {
                    try await group.waitForAll()
                } catch {
                    isDone.set()
                    throw error
                }
            }
            #expect(isDone.reads > 100)
            try await first.stop()
        }

        private static func checkOwners(_ first: RunningInstance, _ second: RunningInstance) async throws {
            let keys = (0..<40).map { "k\($0)" }
            for key in keys {
                let owners = try [first, second].map {
                    try $0.application.metadata(ofKey: key, .string, in: "counts")
                }
                #expect(owners[0].address == owners[1].address)
                #expect(owners[0].partition == owners[1].partition)
                #expect(owners[0].isHere != owners[1].isHere)
                #expect(owners[0].address == InstanceAddress(owners[0].isHere ? "first:1" : "second:2"))
            }
            let instances = first.application.instances(having: "counts")
            #expect(instances.map(\.address?.description) == ["first:1", "second:2"])
            #expect(instances.allSatisfy { $0.partitions.count == 2 })
        }

        @Test("a store that is first queried late is readable from the next commit, whatever the commit interval")
        func late() async throws {
            let input = try cluster.createTopic("in")
            try cluster.write(Self.records(10, keys: 1), to: input)
            var configuration = cluster.configuration(application, directory)
            configuration.guarantee = .atLeastOnce
            configuration.commitInterval = .seconds(600)
            let instance = try RunningInstance(configuration, Self.count(from: input))
            try await instance.awaits(processed: 10)
            let counts = try await instance.application.readableStore(.keyValue("counts", key: .string, value: .int64))
            #expect(try counts.get("k0") == 10)
            try await instance.stop()
        }
    }
}
