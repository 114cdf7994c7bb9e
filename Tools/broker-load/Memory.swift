import ArgumentParser
import Foundation
import KafkaClient

/// Writes far more than a broker may keep in memory, reads it back before and after a restart, and checks the broker's memory.
struct Memory: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Proves that the memory of a broker with a data directory is bounded, however large its records are.")

    @Option(help: "The millrace command that runs the broker.")
    var broker = ".build/debug/millrace"

    @Option(help: "How much to write, in MiB.")
    var size = 300

    @Option(help: "How much memory the broker may have resident at its peak beside its program, in MiB.")
    var limit = 80

    @Option(help: "Where the broker's data goes; a temporary folder by default.")
    var folder: String?

    private static let partitions: Int32 = 4
    private static let recordSizeInBytes = 1_000

    func run() throws {
        let temporary = folder == nil ? try TemporaryFolder() : nil
        let path = folder ?? temporary?.path ?? "."
        let process = BrokerProcess(broker, dataDirectory: path + "/data")
        try process.start()
        defer { process.kill() }
        let created = try KafkaAdmin(Clients.settings(process.bootstrapServers))
            .createTopics([NewTopic("memory", partitions: Self.partitions)], timeoutMs: 10_000)
        try created["memory"]?.get()

        let count = (size << 20) / Self.recordSizeInBytes
        try report("written", process) { try write(count, to: process.bootstrapServers) }
        try report("read", process) { try read(count, from: process.bootstrapServers) }
        process.kill()
        try report("restarted", process) { try process.start() }
        try report("read again", process) { try read(count, from: process.bootstrapServers) }
        print("PROVEN: \(size) MiB of records, and always less than \(limit) MiB of memory.")
    }

    private func report(_ what: String, _ process: BrokerProcess, _ body: () throws -> Void) throws {
        let start = ContinuousClock.now
        try body()
        let seconds = start.duration(to: .now) / .seconds(1)
        let peak = try process.peakMemoryInBytes() >> 20
        print("\(what): \((seconds * 1000).rounded() / 1000) s, at most \(peak) MiB resident beside the program")
        guard peak < limit else {
            print("NOT PROVEN: the limit is \(limit) MiB")
            throw ExitCode(1)
        }
    }

    private func write(_ count: Int, to servers: String) throws {
        let producer = try KafkaProducer(
            Clients.settings(servers).merging(["batch.num.messages": "10000", "linger.ms": "20", "acks": "all"]))
        let topic = try producer.topic(named: "memory")
        let text = String(repeating: "x", count: Self.recordSizeInBytes)
        for number in 0..<count {
            try Clients.send(text, to: topic, partition: Int32(number % Int(Self.partitions)), producer)
            if number % 1_000 == 0 { producer.poll() }
        }
        try producer.flush(timeoutMs: 60_000)
        if let failure = producer.takeDeliveryFailure() { throw failure.error }
    }

    private func read(_ count: Int, from servers: String) throws {
        var read = 0
        var size = 0
        try Clients.readAll((0..<Self.partitions).map { TopicPartition("memory", $0) }, on: servers) { message in
            read += 1
            size += message.value?.count ?? 0
        }
        guard read == count, size == count * Self.recordSizeInBytes else {
            print("NOT PROVEN: \(read) of \(count) records came back")
            throw ExitCode(1)
        }
    }
}
