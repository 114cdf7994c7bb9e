import KafkaClient
import Testing

/// Clients of port 1 of the local host, on which nothing listens.
struct UnreachableBrokerTests {
    private let settings: ClientSettings = ["bootstrap.servers": "127.0.0.1:1"]

    @Test("an admin call names the address that does not answer")
    func admin() throws {
        let admin = try KafkaAdmin(settings)
        let error = try #require(throws: KafkaError.self) { try admin.brokers(timeoutMs: 2_000) }
        #expect(error.isBrokerUnreachable || error.code == .timedOut)
        #expect(error.message.contains("127.0.0.1:1"))
        #expect(error.isRetriable)
    }

    @Test("initTransactions names the address that does not answer")
    func producer() throws {
        let producer = try KafkaProducer(settings.merging(["transactional.id": "t"]))
        let error = try #require(throws: KafkaError.self) { try producer.initTransactions(timeoutMs: 2_000) }
        #expect(error.message.contains("127.0.0.1:1"))
        #expect(error.isRetriable)
    }

    @Test("a consumer reports that all brokers are down as an event, with the address")
    func consumer() throws {
        let consumer = try KafkaConsumer(settings.merging(["group.id": "g"]))
        try consumer.subscribe(["orders"])
        var seen: KafkaError?
        try eventually("the error event") {
            for case .error(let error, _) in try consumer.poll(maxMessages: 10, timeoutMs: 100).events {
                if error.code == .allBrokersDown { seen = error }
            }
            return seen != nil
        }
        #expect(seen?.message.contains("127.0.0.1:1") == true)
    }

    @Test("a host name that does not resolve is named")
    func resolve() throws {
        let admin = try KafkaAdmin(["bootstrap.servers": "no-such-host.invalid:9092"])
        let error = try #require(throws: KafkaError.self) { try admin.brokers(timeoutMs: 3_000) }
        #expect(error.message.contains("no-such-host.invalid:9092"))
    }

    @Test("a full queue is an error that polling can clear")
    func queueFull() throws {
        let producer = try KafkaProducer(settings.merging(["queue.buffering.max.messages": "10"]))
        var sent = 0
        let error = try #require(throws: KafkaError.self) {
            while sent < 100 {
                try producer.send("v", to: "orders", partition: KafkaProducer.unassignedPartition)
                sent += 1
            }
        }
        #expect(error.code == .queueFull)
        #expect(error.isRetriable && !error.isFatal)
        #expect(sent == 10)
        try producer.purge()
        try producer.flush(timeoutMs: 1_000)
        #expect(producer.takeDeliveryFailure() == nil)
        try producer.send("v", to: "orders", partition: KafkaProducer.unassignedPartition)
    }
}
