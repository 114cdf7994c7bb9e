import ArgumentParser
import Foundation
import Logging
import Millrace
import MillraceRuntime
import MillraceServer
import RiskScore

/// Runs the whole demo: events, an instance with its console, a live view, and the proof.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Generates events, scores them, shows it live and proves the result.")

    @OptionGroup var demo: DemoOptions
    @OptionGroup var generator: GeneratorOptions

    @Option(help: "How long to generate events; until Ctrl-C by default.")
    var seconds: Double?

    @Option(help: "Worker threads of the instance.")
    var threads = 1

    @Option(help: "The folder for the instance's state; a temporary one by default.")
    var stateDir: String?

    @Option(help: "Where the instance serves its console, HOST:PORT; port 0 is any free one.")
    var listen = "127.0.0.1:0"

    @Flag(help: "Keep the instance running after the last event, until Ctrl-C, to look around in the console.")
    var keep = false

    @Option(help: "Log level of the instance. A dead letter, of which the demo makes many, is a warning.")
    var logLevel = "error"

    func validate() throws {
        if Logger.Level(rawValue: logLevel) == nil {
            throw ValidationError("--log-level: there is no level \(logLevel)")
        }
    }

    func run() async throws {
        guard let address = InstanceAddress(listen) else {
            throw ValidationError("--listen must be HOST:PORT, not \"\(listen)\"")
        }
        let broker = DemoBroker(options: demo)
        try broker.createTopics()
        let folder = try StateFolder(stateDir)
        defer { folder.remove() }
        let generator = Generator(generator, broker: broker)
        let application = try application(stateDirectory: folder.path)
        let console = try await Console(of: application, at: address, logger)
        print("seed \(generator.seed); Ctrl-C stops with a summary\nconsole \(console.url)")
        fflush(nil)

        let interruption = Interruption()
        let view = LiveView(broker: broker, application: application, generator: generator, console: console.url)
        let (ending, end) = AsyncStream<Void>.makeStream()
        let running = Task { try await application.run() }
        let generating = Task.onThread { try generator.run(seconds: seconds) }
        let watching = Task.onThread { try view.run() }
        interruption.onFirst {
            generator.stop()
            end.finish()
        }
        // An instance that fails must not leave the demo waiting for it.
        let guarding = Task {
            _ = await running.result
            generator.stop()
            end.finish()
        }
        try await generating.value
        let caughtUp = await waitUntilProcessed(generator.written, by: application)
        if keep { for await _ in ending {} }
        await console.stop()
        application.shutdown()
        let result = await running.result
        guarding.cancel()
        view.stop()
        try await watching.value
        try result.get()
        print("\nstopped; comparing the results with the input:")
        let isProven = try Proof(broker).report()
        if !caughtUp { print("The instance did not catch up with the events in time.") }
        if !isProven || !caughtUp { throw ExitCode(1) }
        if !keep { print("The console has ended with the demo; with --keep it stays until Ctrl-C.") }
    }

    private var logger: Logger {
        var logger = Logger(label: "risk-demo")
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .error
        return logger
    }

    private func application(stateDirectory: String) throws -> StreamsApplication {
        let builder = StreamsBuilder()
        RiskScoreTopology().define(in: builder)
        var configuration = StreamsConfiguration(
            applicationID: demo.applicationID,
            bootstrapServers: demo.bootstrapServers.split(separator: ",").map(String.init),
            stateDirectory: stateDirectory)
        configuration.threads = threads
        configuration.instanceID = "demo"
        configuration.errorHandlers = ErrorHandlers(deserialization: .deadLetter(topic: demo.deadLetterTopic))
        configuration.clientSettings.common = demo.clientSettings
        configuration.recordsStateStatistics = true
        return StreamsApplication(try builder.build(), configuration: configuration, logger: logger)
    }

    /// Waits until the instance has processed, dropped or sent to the dead letters as many records as were written.
    private func waitUntilProcessed(_ count: Int, by application: StreamsApplication) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline, !application.state.isFinal {
            let metrics = application.metrics
            let unread = metrics.droppedRecords[.deserialization, default: 0]
            if metrics.processedRecords + unread >= count { return true }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return false
    }
}

/// The folder of the demo's state, removed at the end if the demo made it.
private struct StateFolder {
    let path: String
    private let isTemporary: Bool

    init(_ given: String?) throws {
        isTemporary = given == nil
        path = given ?? FileManager.default.temporaryDirectory.path + "/risk-demo-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func remove() {
        if isTemporary { try? FileManager.default.removeItem(atPath: path) }
    }
}
