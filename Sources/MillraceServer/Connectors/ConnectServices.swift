package import Logging
import Millrace
import MillraceCommandLine
package import MillraceConnectRuntime
package import ServiceLifecycle

/// The services of a process that runs connectors: the worker, and the server if its configuration has one.
package struct ConnectServices {
    /// The worker first.
    package let all: [any Service]
    package let worker: ConnectWorker

    /// - Throws: `ValidationError` if the server's settings are wrong; `ServerError` if there is no port.
    package init(_ configuration: ConnectConfiguration, logger: Logger) throws {
        var configuration = configuration
        guard var settings = try ServerOptions.configuration(from: configuration.server) else {
            worker = ConnectWorker(configuration, logger: logger)
            all = [worker]
            return
        }
        let port = PortReservation()
        // Others cannot call every address of this machine.
        if !["0.0.0.0", "::"].contains(settings.address.host) {
            if settings.address.port == 0 { settings.address = try port.reserve(host: settings.address.host) }
            configuration.serverAddress = settings.address
        }
        let file = try configuration.server["address-file"].map { try AddressFile($0) }
        worker = ConnectWorker(configuration, logger: logger)
        let server = MillraceServer(worker: worker, configuration: settings, logger: logger)
        let scheme = settings.tls == nil ? "http" : "https"
        all = [worker, server, ListeningReport(server: server, scheme: scheme, port: port, file: file)]
    }

    /// Says what is wrong with the settings of the server, by the names of a configuration file; `nil` if nothing is. Files are not
    /// read.
    package static func problem(ofServer settings: [String: String]) -> String? {
        do { _ = try ServerOptions.configuration(from: settings) } catch {
            return ConnectConfiguration.serverNames.sorted { $0.value.count > $1.value.count }.reduce("\(error)") {
                message, name in
                message.split(separator: "--\(name.value)", omittingEmptySubsequences: false).joined(
                    separator: name.key)
            }
        }
        return nil
    }
}
