import ArgumentParser
import Foundation
import KafkaClient
import RiskScore
import Synchronization

/// Writes events at a steady rate until it is told to stop.
final class Generator: Sendable {
    private let options: GeneratorOptions
    private let broker: DemoBroker
    private let stopped = Atomic<Bool>(false)
    private let count = Atomic<Int>(0)
    let seed: UInt64

    init(_ options: GeneratorOptions, broker: DemoBroker) {
        self.options = options
        self.broker = broker
        seed = options.seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
    }

    /// The number of events that the broker has acknowledged or that are on their way to it.
    var written: Int { count.load(ordering: .relaxed) }

    func stop() { stopped.store(true, ordering: .relaxed) }

    /// Writes for this many seconds, or until stopped. Blocks; every event is acknowledged when it returns.
    func run(seconds: Double?) throws {
        var events = RandomEvents(accounts: options.accounts, seed: seed)
        let producer = try broker.producer()
        let topic = try producer.topic(named: RiskScoreTopology.events)
        let start = ContinuousClock.now
        while !stopped.load(ordering: .relaxed) {
            let elapsed = start.duration(to: .now) / .seconds(1)
            if let seconds, elapsed >= seconds { break }
            let due = Int(elapsed * Double(options.rate))
            while written < due { try write(try events.next(nowMs: Self.nowMs()), to: topic, producer) }
            producer.poll(timeoutMs: 10)
        }
        try producer.flush(timeoutMs: 30_000)
        if let failure = producer.takeDeliveryFailure() { throw failure.error }
    }

    private func write(_ event: RandomEvents.Event, to topic: ProducerTopic, _ producer: KafkaProducer) throws {
        try (event.key ?? []).withUnsafeBytes { key in
            try (event.value ?? []).withUnsafeBytes { value in
                while true {
                    do throws(KafkaError) {
                        try producer.produce(
                            topic, key: event.key == nil ? nil : key, value: event.value == nil ? nil : value,
                            timestampMs: event.timestampMs)
                        break
                    } catch {
                        guard error.code == .queueFull else { throw error }
                        producer.poll(timeoutMs: 100)
                    }
                }
            }
        }
        count.add(1, ordering: .relaxed)
    }

    private static func nowMs() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }
}

/// Runs only the generator, for tests that run separate instances.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Writes risk events, nothing else.")

    @OptionGroup var demo: DemoOptions
    @OptionGroup var generator: GeneratorOptions

    @Option(help: "How long to write.")
    var seconds: Double = 20

    func run() throws {
        let broker = DemoBroker(options: demo)
        try broker.createTopics()
        let generator = Generator(generator, broker: broker)
        print("seed \(generator.seed)")
        fflush(nil)
        try generator.run(seconds: seconds)
        print("wrote \(generator.written) events")
    }
}
