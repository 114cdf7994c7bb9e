package import Logging
import Millrace
import MillraceCommandLine
package import MillraceConnect
package import MillraceConnectRuntime
package import ServiceLifecycle

/// The services of a process that runs connectors: the worker, and the server if its configuration has one.
package struct ConnectServices {
    /// The worker first.
    package let all: [any Service]

    /// - Throws: `InvalidConnectConfiguration` if the server's settings are wrong; ``ServerError`` if there is no port.
    package init(_ configuration: ConnectConfiguration, logger: Logger) throws {
        var configuration = configuration
        guard var settings = try Self.server(configuration) else {
            all = [ConnectWorker(configuration, logger: logger)]
            return
        }
        let port = PortReservation()
        // Others cannot call every address of this machine.
        if !["0.0.0.0", "::"].contains(settings.address.host) {
            if settings.address.port == 0 { settings.address = try port.reserve(host: settings.address.host) }
            configuration.serverAddress = settings.address
        }
        let file = try configuration.server["address-file"].map { try AddressFile($0) }
        let worker = ConnectWorker(configuration, logger: logger)
        let server = MillraceServer(worker: worker, configuration: settings, logger: logger)
        let scheme = settings.tls == nil ? "http" : "https"
        all = [worker, server, ListeningReport(server: server, scheme: scheme, port: port, file: file)]
    }

    /// Checks the settings of the server. Files are not read.
    ///
    /// - Throws: `InvalidConnectConfiguration`.
    package static func check(_ configuration: ConnectConfiguration) throws { _ = try server(configuration) }

    private static func server(_ configuration: ConnectConfiguration) throws -> MillraceServer.Configuration? {
        do { return try ServerOptions.configuration(from: configuration.server) } catch {
            var message = "\(error)"
            for (key, name) in ConnectConfiguration.serverNames.sorted(by: { $0.value.count > $1.value.count }) {
                message = message.split(separator: "--\(name)", omittingEmptySubsequences: false).joined(separator: key)
            }
            throw InvalidConnectConfiguration([SettingProblem(path: "server", message: message)])
        }
    }
}
