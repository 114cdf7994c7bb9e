import EmbeddedBroker
import Foundation
import Millrace
import MillraceRuntime
import Testing

@testable import MillraceServer

extension ServerTests {
    @Suite("The addresses of processes whose ports the system chooses")
    struct AddressTests {
        private let folder = FileManager.default.temporaryDirectory.appending(path: "addresses-\(UUID().uuidString)")

        init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

        private func path(_ name: String) -> String { folder.appending(path: name).path() }
        private func text(_ name: String) -> String? { try? String(contentsOfFile: path(name), encoding: .utf8) }

        private func address(_ name: String) async throws -> String {
            try await eventually("the address of \(name)") { text(name)?.hasSuffix("\n") == true }
            return try #require(text(name)).trimmingCharacters(in: .newlines)
        }

        private func instance(_ name: String, _ broker: String) throws -> VerbProcess {
            try VerbProcess(
                [
                    "--bootstrap-servers", broker, "--application-id", "risk", "--state-dir", path("state-\(name)"),
                    "--listen", "127.0.0.1:0", "--address-file", path(name), "--log-level", "error",
                ], of: VerbProcess.program("risk-scores"))
        }

        @Test("instances find each other at the ports that the system chose, and others find them by line and file")
        func instances() async throws {
            defer { try? FileManager.default.removeItem(at: folder) }
            try "127.0.0.1:1\n".write(toFile: path("broker"), atomically: true, encoding: .utf8)
            let topics = ["risk-events:4", "risk-scores:1", "risk-alerts:1"].flatMap { ["--topic", $0] }
            let broker = try VerbProcess(["broker", "--port", "0", "--address-file", path("broker")] + topics)
            // The file that a killed process has left is gone before the broker listens.
            try await eventually("the broker") { try !broker.output.isEmpty }
            let servers = try await address("broker")
            #expect(try broker.output == ["listening on \(servers)"])
            let instances = [try instance("one", servers), try instance("two", servers)]
            let addresses = [try await address("one"), try await address("two")]
            for (process, address) in zip(instances, addresses) {
                try await eventually("the line") { try process.output == ["listening on http://\(address)"] }
            }
            // Each knows the other from the group alone.
            for address in addresses {
                try await eventually("both instances as \(address) sees them") {
                    let status = try await VerbProcess.run(["status", "--server", address, "--json"])
                    let found = try status.objects.first?["instances"] as? [[String: Any]]
                    return Set(found?.compactMap { $0["address"] as? String } ?? []) == Set(addresses)
                        && found?.allSatisfy { $0["state"] as? String == "running" } == true
                }
            }
            for (program, arguments, place) in [
                (
                    "risk-scores",
                    [
                        "--bootstrap-servers", servers, "--application-id", "third", "--state-dir", path("third"),
                        "--log-level", "critical", "--listen", addresses[0],
                    ], addresses[0]
                ),
                ("millrace", ["broker", "--port", "\(servers.split(separator: ":").last ?? "")"], servers),
            ] {
                let taken = try await VerbProcess.run(arguments, of: VerbProcess.program(program))
                #expect(taken.status == 1, "\(taken)")
                #expect(
                    taken.errors.last?.hasSuffix("cannot listen at \(place): Address already in use") == true,
                    "\(taken)")
            }
            for process in instances {
                process.terminate()
                #expect(try await process.end().status == 0)
            }
            broker.terminate()
            #expect(try await broker.end().status == 0)
            for name in ["one", "two", "broker"] { #expect(text(name) == nil, "\(name)") }
        }

        @Test("a file that cannot have the address is refused before anything starts")
        func refused() async throws {
            defer { try? FileManager.default.removeItem(at: folder) }
            let options = ["--bootstrap-servers", "127.0.0.1:1", "--application-id", "risk", "--address-file"]
            for (file, reason) in [(path("no/file"), "there is no folder"), (folder.path(), "this is a folder")] {
                for arguments in [
                    ["run", "--listen", "127.0.0.1:0"] + options + [file],
                    ["broker", "--port", "0", "--address-file", file],
                ] {
                    let program = arguments[0] == "run" ? "risk-scores" : "millrace"
                    let outcome = try await VerbProcess.run(arguments, of: VerbProcess.program(program))
                    #expect(outcome.status == 64 && outcome.output.isEmpty, "\(outcome)")
                    #expect(outcome.errors.contains { $0.contains(reason) }, "\(outcome)")
                }
            }
            let alone = try await VerbProcess.run(["run"] + options + ["f"], of: VerbProcess.program("risk-scores"))
            #expect(alone.status == 64 && alone.errors.contains { $0.contains("--listen") }, "\(alone)")
        }

        @Test(
            "a reserved port is given to no other process, and its server can listen there",
            arguments: ["127.0.0.1", "localhost"])
        func reservation(host: String) async throws {
            defer { try? FileManager.default.removeItem(at: folder) }
            let reservation = PortReservation()
            let address = try reservation.reserve(host: host)
            #expect(try reservation.reserve(host: host) == address && reservation.address == address)
            #expect(address.port > 0 && address.host == host)
            let others = (0..<200).map { _ in PortReservation() }
            let ports = try others.map { try $0.reserve(host: host).port }
            #expect(Set(ports).count == others.count && !ports.contains(address.port))
            let broker = try await TestBroker()
            let server = try await TestServer(broker, number: 0, at: address)
            try await server.awaitsTasks(4)
            reservation.release()
            try await server.stop()
            try await broker.broker.stop()
            #expect(throws: ServerError.self) { try PortReservation().reserve(host: "no.such.host.invalid") }
        }
    }
}
