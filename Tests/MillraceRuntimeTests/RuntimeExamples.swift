import Logging
import Millrace
import MillraceRuntime
import MillraceTesting
import ServiceLifecycle
import Testing
import UnixSignals

/// The examples of docs/running.md and of the runtime's comments, unchanged.
@Suite("Examples in the documentation of instances")
struct RuntimeExamples {
    /// Compiled only: it would run until it is told to stop.
    private func alone(_ topology: Topology) async throws {
        let application = StreamsApplication(
            topology,
            configuration: StreamsConfiguration(
                applicationID: "risk", bootstrapServers: ["localhost:9092"], stateDirectory: "/var/lib/risk"))
        try await application.run()
    }

    /// Compiled only.
    private func inGroup(_ topology: Topology, _ logger: Logger) async throws {
        let application = StreamsApplication(
            topology,
            configuration: StreamsConfiguration(
                applicationID: "risk", bootstrapServers: ["localhost:9092"], stateDirectory: "/var/lib/risk"))
        let group = ServiceGroup(services: [application], gracefulShutdownSignals: [.sigterm], logger: logger)
        try await group.run()
    }

    /// Compiled only: it would ask a broker.
    private func anew(_ topology: Topology, _ configuration: StreamsConfiguration) async throws {
        try await StreamsApplication(topology, configuration: configuration).reset()
        let plan = try await StreamsApplication(topology, configuration: configuration).planReset()
        print(plan.topics, plan.committedOffsets, plan.tasksWithState)
    }

    /// Compiled only: it would need a running application.
    private func pauseAndResume(_ application: StreamsApplication) async throws {
        application.pause()
        try application.pause(subtopology: 1)
        application.resume()
    }

    /// Compiled only: it would need a running application.
    private func moreAndFewerThreads(_ application: StreamsApplication) async throws {
        let number = try application.addThread()
        try await application.removeThread()
        print(number)
    }

    /// Compiled only: it would need a running application.
    private func fewerThreads(_ application: StreamsApplication) async throws {
        let number = try await application.removeThread()
        print(number)
    }

    /// Compiled only: it would leave a folder behind.
    private func onDisk(_ topology: Topology) throws {
        let driver = try TopologyTestDriver(topology, storage: .rocksDB(in: "/tmp/state"))
        driver.close()
    }

    @Test("an application that was never run is in the state created")
    func created() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).to("out")
        let application = StreamsApplication(
            try builder.build(),
            configuration: StreamsConfiguration(
                applicationID: "risk", bootstrapServers: ["localhost:9092"], stateDirectory: "/var/lib/risk"))
        #expect(application.state == .created)
        application.beginMeasuringLatency()
        let files = application.stateMetrics?.databases.reduce(0) { $0 + $1.fileSizeInBytes }
        #expect(files == nil)
        #expect(application.metrics.threads.isEmpty)
    }
}
