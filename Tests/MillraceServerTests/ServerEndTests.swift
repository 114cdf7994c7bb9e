import Millrace
import NIOCore
import NIOPosix
import Testing

extension ServerTests {
    @Suite("The end of a server")
    struct ServerEndTests {
        @Test("a server that is cancelled closes every connection, also those that it has not begun to serve")
        func connections() async throws {
            try await withServers(1) { _, servers in
                let address = servers[0].address
                func connect() -> EventLoopFuture<any Channel> {
                    ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                        .connect(host: address.host, port: address.port)
                }
                let connections = (0..<200).map { _ in connect() }
                _ = try await connections[0].get()
                try await servers[0].stopServer()
                for connection in connections {
                    // The system may refuse one that came too late.
                    if let channel = try? await connection.get() { try await channel.closeFuture.get() }
                }
                await #expect(throws: (any Error).self) { try await connect().get() }
            }
        }
    }
}
