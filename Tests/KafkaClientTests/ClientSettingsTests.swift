import KafkaClient
import Synchronization
import Testing

struct ClientSettingsTests {
    @Test("validation lists every bad setting at once")
    func listsAll() {
        let settings: ClientSettings = [
            "bootstrap.servers": "h:1", "no.such.setting": "1", "session.timeout.ms": "often", "acks": "all",
        ]
        let problems = ClientSettings.validate(settings, for: .consumer)
        #expect(
            problems.map(\.context) == ["setting no.such.setting", "setting session.timeout.ms", "setting group.id"])
        #expect(ClientSettings.validate(settings, for: .producer).count == 2)
    }

    @Test("good settings have no problems")
    func acceptsGood() {
        #expect(ClientSettings.validate(["bootstrap.servers": "h:1"], for: .admin).isEmpty)
        #expect(ClientSettings.validate(["bootstrap.servers": "h:1", "group.id": "g"], for: .consumer).isEmpty)
    }

    @Test("bad settings make no client")
    func refusesBad() {
        #expect(throws: KafkaError.self) { try KafkaProducer(["bootstrap.servers": "h:1", "nonsense": "1"]) }
        // librdkafka refuses these only when the client is created, so the caller has to free the configuration.
        let contradictory: ClientSettings = [
            "bootstrap.servers": "h:1", "group.id": "g", "session.timeout.ms": "10000", "max.poll.interval.ms": "1000",
        ]
        #expect(throws: KafkaError.self) { try KafkaConsumer(contradictory) }
    }

    @Test("settings keep their order, and the last value of a name wins")
    func order() {
        var settings: ClientSettings = ["a": "1", "b": "2", "a": "3"]
        #expect(settings.entries.map(\.name) == ["a", "b"])
        #expect(settings["a"] == "3")
        settings["a"] = nil
        #expect(settings.merging(["c": "4"]).entries.map(\.name) == ["b", "c"])
    }

    @Test("log lines reach the handler with their level and facility")
    func logs() throws {
        let lines = LogLines()
        // A consumer setting has no use in a producer, and librdkafka logs that.
        _ = try KafkaProducer(["bootstrap.servers": "h:1", "session.timeout.ms": "6000"]) { lines.append($0) }
        #expect(lines.all.contains { $0.facility == "CONFWARN" && $0.level == 4 })
    }

    @Test("the version in use is 2.0.2 or newer")
    func version() {
        #expect(LibrdkafkaVersion.current.number >= 0x0200_0200)
        #expect(LibrdkafkaVersion.current.description.hasPrefix("2."))
    }
}

final class LogLines: Sendable {
    private let lines = Mutex<[ClientLogLine]>([])

    func append(_ line: ClientLogLine) { lines.withLock { $0.append(line) } }

    var all: [ClientLogLine] { lines.withLock { $0 } }
}
