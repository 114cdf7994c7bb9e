import ArgumentParser
import Foundation
import Millrace
import MillraceCommandLine
import MillraceOperations
import NIOSSL

/// The options of a verb that asks a running instance: where it listens, and what proves who asks.
///
/// Each may also stand in the environment. A token is always in a file: arguments are seen by everybody on the machine.
package struct ServerConnectionOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The instance to ask; https:// in front if it speaks TLS. (default: 127.0.0.1:8080; MILLRACE_SERVER)",
            valueName: "HOST:PORT")) var server: String?
    @Option(
        help: ArgumentHelp(
            "A file that has the token to show, and nothing else. (default: none; MILLRACE_TOKEN_FILE)",
            valueName: "FILE"), completion: .file())
    var tokenFile: String?
    @Option(
        help: ArgumentHelp(
            "The authorities that sign the instance's certificate, in PEM. (default: the system's; "
                + "MILLRACE_TLS_AUTHORITY)", valueName: "FILE"), completion: .file()) var tlsAuthority: String?
    @Option(
        help: ArgumentHelp(
            "The certificate to show, in PEM. (default: none; MILLRACE_CLIENT_CERTIFICATE)", valueName: "FILE"),
        completion: .file())
    var clientCertificate: String?
    @Option(
        help: ArgumentHelp("Its private key, in PEM. (default: none; MILLRACE_CLIENT_KEY)", valueName: "FILE"),
        completion: .file())
    var clientKey: String?

    package init() {}

    /// Reads the options and the files that they name.
    ///
    /// - Parameters:
    ///   - json: whether the verb was given `--json`, so that it shows no progress.
    ///   - address: the instance to ask if none is named.
    /// - Throws: `ValidationError` if an option is wrong; `OperationError` if a file cannot be used.
    func connection(
        json: Bool = true, environment: [String: String] = Environment.current,
        otherwise address: String = "127.0.0.1:8080"
    ) throws -> ServerConnection {
        func value(_ given: String?, _ variable: String) -> String? {
            given ?? environment["MILLRACE_\(variable)"].flatMap { $0.isEmpty ? nil : $0 }
        }
        let authority = value(tlsAuthority, "TLS_AUTHORITY")
        let certificate = value(clientCertificate, "CLIENT_CERTIFICATE")
        let key = value(clientKey, "CLIENT_KEY")
        var text = value(server, "SERVER") ?? address
        var isSecure = authority != nil || certificate != nil || key != nil
        if text.hasPrefix("https://") {
            (text, isSecure) = (String(text.dropFirst(8)), true)
        } else if text.hasPrefix("http://") {
            text = String(text.dropFirst(7))
            if isSecure { throw ValidationError("certificates are for https://, not for http://\(text)") }
        }
        if text.hasSuffix("/") { text.removeLast() }
        guard let address = InstanceAddress(text), address.port > 0 else {
            throw ValidationError("--server must be HOST:PORT or https://HOST:PORT, not \"\(text)\"")
        }
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("--client-certificate and --client-key need each other")
        }
        let token = try value(tokenFile, "TOKEN_FILE").map(Self.token)
        if token != nil, !isSecure, !address.isLoopback {
            throw ValidationError("a token is not sent to \(address) without TLS: ask https://\(address)")
        }
        return ServerConnection(
            address: address, token: token,
            tls: isSecure ? try Self.tls(authority: authority, certificate: certificate, key: key) : nil,
            json: json)
    }

    private static func token(in file: String) throws(OperationError) -> String {
        guard let data = try? Data(contentsOf: URL(filePath: file)) else {
            throw OperationError(.missing, "the file \(file) cannot be read")
        }
        let token = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw OperationError(.usage, "the file \(file) must have one token and nothing else")
        }
        return token
    }

    private static func tls(
        authority: String?, certificate: String?, key: String?
    ) throws(OperationError) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let authority { tls.trustRoots = .certificates(try certificates(in: authority)) }
        if let certificate, let key {
            tls.certificateChain = try certificates(in: certificate).map { .certificate($0) }
            do { tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)) } catch {
                throw OperationError(.missing, "the private key \(key) cannot be read")
            }
            do { _ = try NIOSSLContext(configuration: tls) } catch {
                throw OperationError(.usage, "the private key \(key) does not belong to the certificate \(certificate)")
            }
        }
        return tls
    }

    private static func certificates(in file: String) throws(OperationError) -> [NIOSSLCertificate] {
        guard let found = try? NIOSSLCertificate.fromPEMFile(file), !found.isEmpty else {
            throw OperationError(.missing, "the certificates of \(file) cannot be read")
        }
        return found
    }
}

extension InstanceAddress {
    /// Whether the address never leaves this machine.
    fileprivate var isLoopback: Bool {
        let host = host.lowercased()
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || host == "::1"
            || octets.count == 4 && octets[0] == "127" && octets.allSatisfy { UInt8($0) != nil }
    }
}
