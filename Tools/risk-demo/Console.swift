import Logging
import Millrace
import MillraceRuntime
import MillraceServer
import ServiceLifecycle

/// The console of the demo's instance, served until it is stopped.
struct Console {
    /// The address of the page.
    let url: String
    private let group: ServiceGroup
    private let serving: Task<Void, any Error>

    /// Starts the server and waits until it listens.
    init(of application: StreamsApplication, at address: InstanceAddress, _ logger: Logger) async throws {
        let server = MillraceServer(
            application: application, configuration: MillraceServer.Configuration(address: address), logger: logger)
        let group = ServiceGroup(services: [server], logger: logger)
        let serving = Task { try await group.run() }
        guard let listening = await server.address else {
            try await serving.value
            throw CancellationError()
        }
        (self.group, self.serving) = (group, serving)
        url = "http://\(listening)/"
    }

    func stop() async {
        await group.triggerGracefulShutdown()
        _ = await serving.result
    }
}
