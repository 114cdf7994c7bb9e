import ArgumentParser
import Foundation
import Millrace
import MillraceCommandLine
import MillraceRuntime
import Testing

@testable import MillraceServer

@Suite("Commands with a server")
struct ServedStreamsCommandTests {
    private struct Command: ServedStreamsCommand {
        @OptionGroup var instance: InstanceOptions
        @OptionGroup var server: ServerOptions

        func define(_ builder: StreamsBuilder) {
            builder.stream("in", key: .string, value: .string).to("out")
        }
    }

    private static let required = ["--application-id", "app", "--bootstrap-servers", "localhost:9092"]

    private func options(
        _ arguments: [String] = [], _ environment: [String: String] = [:]
    ) throws -> (Command, ResolvedInstanceOptions) {
        let command = try #require(try Command.parseAsRoot(Self.required + arguments) as? Command)
        return (
            command,
            try command.instance.resolve(environment: environment, additional: command.additionalOptions)
        )
    }

    private func services(_ arguments: [String] = [], _ environment: [String: String] = [:]) throws -> (
        count: Int, address: String?
    ) {
        let (command, options) = try options(arguments, environment)
        var configuration = options.configuration
        try command.configure(&configuration, options: options)
        let builder = StreamsBuilder()
        command.define(builder)
        let application = StreamsApplication(try builder.build(), configuration: configuration)
        return (try command.services(beside: application, options: options).count, configuration.applicationServer)
    }

    @Test("without --listen there is no server; flag, variable and file say where it listens, and others are told")
    func layers() throws {
        #expect(try services() == (0, nil))
        #expect(try services(["--listen", "127.0.0.1:8080"]) == (2, "127.0.0.1:8080"))
        #expect(try services([], ["MILLRACE_LISTEN": "localhost:8081"]) == (2, "localhost:8081"))
        #expect(try services(["--listen", "[::1]:80"], ["MILLRACE_LISTEN": "localhost:8081"]) == (2, "[::1]:80"))
        #expect(
            try services(["--listen", "127.0.0.1:8080", "--application-server", "me:1"]) == (2, "me:1"))
        // The port is known before the server listens.
        let told = try #require(try services(["--listen", "127.0.0.1:0"]).address.flatMap { InstanceAddress($0) })
        #expect(told.host == "127.0.0.1" && told.port > 0)
        #expect(try services(["--listen", "127.0.0.1:0", "--application-server", "me:1"]) == (2, "me:1"))
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("options-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try #"{"listen": "127.0.0.1:9", "threads": 2}"#.write(to: file, atomically: true, encoding: .utf8)
        #expect(try services(["--config", file.path]) == (2, "127.0.0.1:9"))
    }

    @Test(
        "wrong options of the server are refused before anything starts",
        arguments: [
            (["--listen", "8080"], "--listen must be HOST:PORT"),
            (["--listen", "0.0.0.0:8080"], "needs TLS"),
            (["--listen", "0.0.0.0:8080", "--tokens", "t"], "needs TLS"),
            (["--listen", "10.0.0.1:1", "--tls-certificate", "c", "--tls-key", "k"], "needs TLS"),
            (["--listen", "10.0.0.1:1", "--tls-certificate", "c", "--tokens", "t"], "need each other"),
            (["--listen", "127.0.0.1:1", "--tls-client-authority", "a"], "needs --tls-certificate"),
            (["--tokens", "t"], "say where it listens"),
        ])
    func refused(arguments: [String], message: String) throws {
        let error = #expect(throws: ValidationError.self) { try services(arguments) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test("a command that has no such option does not know its variable")
    func unknown() throws {
        let options = try InstanceOptions.parse(Self.required)
        let error = #expect(throws: ValidationError.self) {
            try options.resolve(environment: ["MILLRACE_LISTEN": "localhost:1"])
        }
        #expect(error?.message.contains("MILLRACE_LISTEN") == true)
    }
}

private func == (left: (count: Int, address: String?), right: (Int, String?)) -> Bool {
    left.count == right.0 && left.address == right.1
}
