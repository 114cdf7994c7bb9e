import EmbeddedBroker
import Testing

/// The example of docs/broker.md, unchanged.
@Suite("Example in the guide to the broker")
struct BrokerExample {
    @Test("a broker starts, gives its address, and stops")
    func embed() async throws {
        let broker = try await EmbeddedBroker.start()  // port 0, in memory
        print(broker.bootstrapServers)  // what clients want
        try await broker.stop()
    }
}
