public import ArgumentParser
import Millrace
public import MillraceCommandLine

/// The options of a command with a server: where it listens, and who may call it.
///
/// Each may also stand in the environment and the configuration file, as those of `InstanceOptions`: `MILLRACE_LISTEN`,
/// `"listen"`. Without `--listen` there is no server.
public struct ServerOptions: ParsableArguments, Sendable {
    @Option(
        help: Self.help(
            "The address at which HTTP queries are answered; port 0 for any that is free", "HOST:PORT",
            "default: none, no server", "LISTEN"))
    var listen: String?
    @Option(
        help: Self.help(
            "A file that has the server's address, as HOST:PORT, while the server listens", "FILE", "default: none",
            "ADDRESS_FILE"), completion: .file())
    var addressFile: String?
    @Option(
        help: Self.help(
            "The server's certificate and those above it, in PEM", "FILE", "default: none", "TLS_CERTIFICATE"),
        completion: .file())
    var tlsCertificate: String?
    @Option(
        help: Self.help("The private key of the certificate, in PEM", "FILE", "default: none", "TLS_KEY"),
        completion: .file())
    var tlsKey: String?
    @Option(
        help: Self.help(
            "The authorities that sign clients' certificates, in PEM; then clients need one", "FILE", "default: none",
            "TLS_CLIENT_AUTHORITY"), completion: .file()) var tlsClientAuthority: String?
    @Option(
        help: Self.help(
            "The authorities of other instances' certificates, in PEM", "FILE",
            "default: those of the clients, else the system's", "TLS_PEER_AUTHORITY"), completion: .file())
    var tlsPeerAuthority: String?
    @Option(
        help: Self.help(
            "The tokens of callers: lines of read, operate or read,operate, and a token", "FILE", "default: none",
            "TOKENS"), completion: .file())
    var tokens: String?
    /// The port that the system has chosen for `--listen HOST:0`.
    let port = PortReservation()

    private enum CodingKeys: CodingKey {
        case listen, addressFile, tlsCertificate, tlsKey, tlsClientAuthority, tlsPeerAuthority, tokens
    }

    /// Makes options without values, for ArgumentParser.
    public init() {}

    /// The options, for the other layers.
    public var additionalOptions: [AdditionalOption] {
        [
            AdditionalOption("listen", given: listen), AdditionalOption("address-file", given: addressFile),
            AdditionalOption("tls-certificate", given: tlsCertificate),
            AdditionalOption("tls-key", given: tlsKey),
            AdditionalOption("tls-client-authority", given: tlsClientAuthority),
            AdditionalOption("tls-peer-authority", given: tlsPeerAuthority), AdditionalOption("tokens", given: tokens),
        ]
    }

    /// Returns the settings of the server from the texts of all layers.
    ///
    /// - Parameter options: the texts by the options' names, as in `ResolvedInstanceOptions.additional`.
    /// - Returns: `nil` if no layer says where to listen.
    /// - Throws: `ValidationError` if an option is wrong, or if the server may not listen there.
    public static func configuration(from options: [String: String]) throws -> MillraceServer.Configuration? {
        guard let listen = options["listen"] else {
            if let other = options.keys.min() {
                throw ValidationError("--\(other) is for a server: say where it listens, with --listen")
            }
            return nil
        }
        guard let address = InstanceAddress(listen) else {
            throw ValidationError("--listen must be HOST:PORT, not \"\(listen)\"")
        }
        var configuration = MillraceServer.Configuration(address: address, tokenFile: options["tokens"])
        switch (options["tls-certificate"], options["tls-key"]) {
        case (let certificate?, let key?):
            configuration.tls = .init(
                certificateFile: certificate, keyFile: key, clientAuthorityFile: options["tls-client-authority"],
                peerAuthorityFile: options["tls-peer-authority"])
        case (nil, nil):
            for name in ["tls-client-authority", "tls-peer-authority"] where options[name] != nil {
                throw ValidationError("--\(name) needs --tls-certificate and --tls-key")
            }
        default: throw ValidationError("--tls-certificate and --tls-key need each other")
        }
        if let problem = configuration.problems().first { throw ValidationError(problem) }
        return configuration
    }

    private static func help(_ summary: String, _ value: String, _ otherwise: String, _ variable: String)
        -> ArgumentHelp
    {
        ArgumentHelp("\(summary). (\(otherwise); MILLRACE_\(variable))", valueName: value)
    }
}
