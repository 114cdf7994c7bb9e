import Dispatch
import KafkaClient
import Millrace
import MillraceRuntime
import Synchronization
import Testing

extension ApplicationTests {
    @Suite("Changelogs that are deleted")
    struct DeletedChangelogTests {
        private let cluster: TestCluster
        private let application = TestCluster.uniqueName("app")
        private let input: String
        private let output: String
        private var changelog: String { "\(application)-counts-changelog" }

        init() throws {
            cluster = try TestCluster()
            input = try cluster.createTopic("in", partitions: 2)
            output = try cluster.createTopic("out")
        }

        private func count(inMemory: Bool = false) -> (StreamsBuilder) -> Void {
            { [input, output] builder in
                let store = Materialized<String, Int64>.store("counts").withoutCache()
                builder.stream(input, key: .string, value: .string).groupByKey()
                    .count(into: inMemory ? store.inMemory() : store).toStream().to(output)
            }
        }

        private func write(_ numbers: Range<Int>) throws {
            try cluster.write(numbers.map { TestRecord(key: "k\($0 % 10)", value: "\($0)") }, to: input)
        }

        private func deleteChangelog() throws {
            try cluster.deleteTopic(changelog)
        }

        private func expectDeletion(_ failure: StreamsError, sourceLocation: SourceLocation = #_sourceLocation) {
            #expect(failure.code == .topic, sourceLocation: sourceLocation)
            for part in [changelog, "store counts", "--reset"] {
                #expect(failure.message.contains(part), "\(part): \(failure)", sourceLocation: sourceLocation)
            }
        }

        @Test(
            "an instance that writes to it ends within seconds, names topic and store, and does not start again without the state",
            arguments: [ProcessingGuarantee.exactlyOnce, .atLeastOnce], [false, true])
        func whileRunning(guarantee: ProcessingGuarantee, inMemory: Bool) async throws {
            let directory = try TestDirectory()
            var configuration = cluster.configuration(application, directory)
            configuration.guarantee = guarantee
            configuration.commitInterval = .milliseconds(100)
            let instance = try RunningInstance(configuration, count(inMemory: inMemory))
            try write(0..<20)
            try await instance.awaits(processed: 20)
            try await eventually("a commit") { instance.metrics.commits > 0 }
            try deleteChangelog()
            try write(20..<40)
            let start = ContinuousClock.now
            expectDeletion(try await instance.failure())
            #expect(ContinuousClock.now - start < .seconds(100))
            if inMemory { return }
            // The instance ran for less than a checkpoint interval.
            let refusal = try await RunningInstance(configuration, count()).failure()
            #expect(refusal.code == .stateStore)
            #expect(refusal.message.contains(changelog))
        }

        @Test("an instance that restores from it also ends")
        func whileRestoring() async throws {
            let directories = [try TestDirectory(), try TestDirectory()]
            let first = try RunningInstance(cluster.configuration(application, directories[0]), count())
            try write(0..<2_000)
            try await first.awaits(processed: 2_000)
            try await first.stop()
            var configuration = cluster.configuration(application, directories[1])
            let restored = RestoreGate()
            configuration.restoreListener = { event in restored.pass(event) }
            let second = try RunningInstance(configuration, count())
            try await eventually("the beginning of a restoration") { restored.hasBegun }
            try deleteChangelog()
            restored.open()
            let start = ContinuousClock.now
            expectDeletion(try await second.failure())
            #expect(ContinuousClock.now - start < .seconds(100))
        }

        @Test("an instance with standbys of it also ends")
        func withStandbys() async throws {
            let directories = [try TestDirectory(), try TestDirectory()]
            let instances = try directories.map { directory in
                var configuration = cluster.configuration(application, directory)
                configuration.standbyReplicas = 1
                return try RunningInstance(configuration, count())
            }
            try await eventually("a task and a standby each") {
                instances.allSatisfy { $0.metrics.tasks.count == 1 && $0.metrics.standbyTasks.count == 1 }
            }
            try deleteChangelog()
            try write(0..<20)
            for instance in instances { expectDeletion(try await instance.failure()) }
        }

        @Test("a store that is ahead of its changelog is not dropped; after a reset it is recomputed from the input")
        func reset() async throws {
            let directory = try TestDirectory()
            let configuration = cluster.configuration(application, directory)
            let instance = try RunningInstance(configuration, count())
            try write(0..<20)
            try await instance.awaits(processed: 20)
            await #expect(throws: StreamsError.self) { try await instance.application.reset() }
            let builder = StreamsBuilder()
            count()(builder)
            let other = StreamsApplication(
                try builder.build(), configuration: cluster.configuration(application, try TestDirectory()))
            let refusal = await #expect(throws: StreamsError.self) { try await other.reset() }
            #expect(refusal?.code == .illegalState)
            #expect(refusal?.message.contains(application) == true)
            try await instance.stop()
            try deleteChangelog()
            let failure = try await RunningInstance(configuration, count()).failure()
            #expect(failure.code == .stateStore)
            #expect(failure.message.contains(changelog) && failure.message.contains("--reset"))

            let application = StreamsApplication(try builder.build(), configuration: configuration)
            try await application.reset()
            #expect(try cluster.read(changelog).isEmpty)
            try write(20..<30)
            let again = try RunningInstance(configuration, count())
            try await again.awaits(processed: 30)
            try await again.stop()
            let results = try cluster.read(output)
            #expect(results.count == 50)
            #expect(results.suffix(30).filter { $0.key == "k3" }.map(\.text) == ["1", "2", "3"])
        }
    }
}

/// Blocks a restoration at its first event, until the test lets it continue.
private final class RestoreGate: Sendable {
    private let begun = Atomic(false)
    private let gate = DispatchSemaphore(value: 0)

    var hasBegun: Bool { begun.load(ordering: .acquiring) }

    func open() { gate.signal() }

    /// Blocks the worker's thread.
    func pass(_ event: RestoreEvent) {
        begun.store(true, ordering: .releasing)
        gate.wait()
        gate.signal()
    }
}
