import Logging
import Millrace
import MillraceRuntime
import ServiceLifecycle
import Testing

extension ApplicationTests {
    @Suite("Starting and stopping")
    struct LifecycleTests {
        private let directory: TestDirectory
        private let application = TestCluster.uniqueName("app")

        init() throws { directory = try TestDirectory() }

        private func copy(from input: String, to output: String) -> (StreamsBuilder) -> Void {
            { builder in builder.stream(input, key: .string, value: .string).to(output) }
        }

        // MARK: Starting

        @Test("if no broker answers, the start fails within seconds and names the address")
        func unreachable() async throws {
            let configuration = TestCluster(bootstrapServers: "127.0.0.1:1").configuration(application, directory)
            let start = ContinuousClock.now
            let instance = try RunningInstance(configuration, copy(from: "in", to: "out"))
            let error = try await instance.failure()
            #expect(ContinuousClock.now - start < .seconds(60))
            #expect(error.code == .broker)
            #expect(error.description.contains("127.0.0.1:1"))
            #expect(instance.application.state == .error)
            #expect(await instance.states == [.created, .pendingError, .error])
        }

        @Test("a missing source topic fails the start, with its name and the operator that reads it")
        func missingTopic() async throws {
            let missing = TestCluster.uniqueName("missing")
            let instance = try RunningInstance(
                TestCluster().configuration(application, directory), copy(from: missing, to: "out"))
            let error = try await instance.failure()
            #expect(error.code == .topic)
            #expect(error.description.contains("topic \(missing), which KSTREAM-SOURCE-0000000000 reads"))
        }

        @Test("an internal topic with another partition count fails the start, with the remedy")
        func wrongPartitionCount() async throws {
            let cluster = try TestCluster()
            let (input, output) = (try cluster.createTopic("in", partitions: 3), try cluster.createTopic("out"))
            let changelog = "\(application)-counts-changelog"
            try cluster.createTopic(named: changelog, partitions: 2, configs: ["cleanup.policy": "compact"])
            let instance = try RunningInstance(cluster.configuration(application, directory)) { builder in
                builder.stream(input, key: .string, value: .string).groupByKey().count(into: .store("counts"))
                    .toStream().to(output)
            }
            let error = try await instance.failure()
            #expect(error.code == .topic)
            #expect(error.description.contains("topic \(changelog) has 2 partitions, but the topology needs 3"))
        }

        @Test("a wrong configuration fails the start with all its problems, before anything is touched")
        func configuration() async throws {
            var configuration = StreamsConfiguration(applicationID: "a b", bootstrapServers: [], stateDirectory: "")
            configuration.threads = 0
            configuration.replicationFactor = 0
            configuration.commitInterval = .seconds(20)
            configuration.clientSettings.common = ["no.such.setting": "1", "group.id": "mine"]
            configuration.clientSettings.consumer = ["fetch.min.bytes": "many"]
            let instance = try RunningInstance(configuration, copy(from: "in", to: "out"))
            let error = try await instance.failure()
            #expect(error.code == .configuration)
            for part in [
                "a b", "bootstrap servers", "state directory", "threads: 0", "replication factor: 0",
                "20000 ms is not below the transaction timeout of 10000 ms", "no.such.setting", "group.id",
                "fetch.min.bytes",
            ] {
                #expect(error.description.contains(part), "\(part) is not told")
            }
        }

        @Test("an instance runs only once")
        func secondRun() async throws {
            let cluster = try TestCluster()
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            let instance = try RunningInstance(
                cluster.configuration(application, directory), copy(from: input, to: output))
            try await instance.awaits(.running)
            let error = await #expect(throws: StreamsError.self) { try await instance.application.run() }
            #expect(error?.code == .illegalState)
            #expect(instance.application.state == .running)
            try await instance.stop()
            await #expect(throws: StreamsError.self) { try await instance.application.run() }
        }

        @Test("two instances cannot share a state directory")
        func sharedStateDirectory() async throws {
            let cluster = try TestCluster()
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            let configuration = cluster.configuration(application, directory)
            let first = try RunningInstance(configuration, copy(from: input, to: output))
            try await first.awaits(.running)
            let second = try RunningInstance(configuration, copy(from: input, to: output))
            #expect(try await second.failure().code == .stateStore)
            try await first.stop()
        }

        // MARK: Stopping

        @Test("a stop before the start lets the instance end at once")
        func stopBeforeStart() async throws {
            let cluster = try TestCluster()
            let builder = StreamsBuilder()
            copy(from: try cluster.createTopic("in"), to: try cluster.createTopic("out"))(builder)
            let application = StreamsApplication(
                try builder.build(), configuration: cluster.configuration(application, directory), logger: quiet)
            application.shutdown()
            try await application.run()
            #expect(application.state == .notRunning)
        }

        @Test("cancelling the task commits the current work and ends the instance cleanly")
        func cancellation() async throws {
            let cluster = try TestCluster()
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            var configuration = cluster.configuration(application, directory)
            configuration.commitInterval = .seconds(9)
            try cluster.write(["a": "1"], to: input)
            let instance = try RunningInstance(configuration, copy(from: input, to: output))
            try await instance.awaits(processed: 1)
            #expect(try cluster.read(output) == [])
            instance.cancel()
            try await instance.stop()
            #expect(try cluster.table(output) == ["a": "1"])
            #expect(instance.application.state == .notRunning)
        }

        @Test("a service group's graceful shutdown does the same")
        func gracefulShutdown() async throws {
            let cluster = try TestCluster()
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            var configuration = cluster.configuration(application, directory)
            configuration.commitInterval = .seconds(9)
            try cluster.write(["a": "1"], to: input)
            let builder = StreamsBuilder()
            copy(from: input, to: output)(builder)
            let application = StreamsApplication(try builder.build(), configuration: configuration, logger: quiet)
            let group = ServiceGroup(services: [application], logger: quiet)
            async let running: Void = group.run()
            try await eventually("a record") { application.metrics.processedRecords == 1 }
            await group.triggerGracefulShutdown()
            try await running
            #expect(application.state == .notRunning)
            #expect(try cluster.table(output) == ["a": "1"])
        }

        @Test("a subscriber gets the states from the current one on, until the end")
        func stateChanges() async throws {
            let cluster = try TestCluster()
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            let instance = try RunningInstance(
                cluster.configuration(application, directory), copy(from: input, to: output))
            try await instance.awaits(.running)
            let late = instance.application.stateChanges
            try await instance.stop()
            var seen: [ApplicationState] = []
            for await state in late { seen.append(state) }
            #expect(seen == [.running, .pendingShutdown, .notRunning])
            var after: [ApplicationState] = []
            for await state in instance.application.stateChanges { after.append(state) }
            #expect(after == [.notRunning])
        }
    }
}
