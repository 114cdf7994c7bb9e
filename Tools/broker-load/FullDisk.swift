import ArgumentParser
import Foundation
import KafkaClient

/// Fills the disk of a broker, and checks the errors that its clients get, the records that it keeps, and whether it continues
/// afterwards.
struct FullDisk: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Proves that a broker with a full disk says so, loses nothing, and accepts records again later.")

    @Option(help: "The millrace command that runs the broker.")
    var broker = ".build/debug/millrace"

    @Option(help: "A folder on a separate file system of about 50 MiB, which is filled.")
    var folder: String

    private static let recordsPerRound = 100
    private static let recordSizeInBytes = 1_000

    private enum Topic {
        static let filling = "filling"
        /// Deleted when the disk is full.
        static let deleted = "deleted"
        /// Created when the disk is full.
        static let late = "late"
    }

    func run() throws {
        // The files are small, so that the disk becomes full with several of them.
        let process = BrokerProcess(
            broker, dataDirectory: folder + "/data",
            options: ["--journal-file-bytes", "4000000", "--segment-file-bytes", "1000000"])
        try process.start()
        defer { process.kill() }
        var admin = try KafkaAdmin(Clients.settings(process.bootstrapServers))
        try create([Topic.filling, Topic.deleted], by: admin)
        var writer = try Writer(process.bootstrapServers)
        for _ in 0..<80 {
            guard try writer.write(to: Topic.deleted) == nil else { throw Failure("the disk is full too soon") }
        }
        var refusal: KafkaError?
        while refusal == nil {
            refusal = try writer.write(to: Topic.filling)
            guard writer.acknowledged < 1_000_000 else { throw Failure("the disk does not become full") }
        }
        let reason = refusal?.description ?? ""
        guard refusal?.code == .storageError else { throw Failure("the producer was told \(reason)") }
        print("full after \(writer.acknowledged) records: \(reason)")
        for _ in 0..<20 { _ = try writer.write(to: Topic.filling) }
        try create([Topic.late], by: admin)
        try checkRecords(writer, process)

        process.kill()
        try process.start()
        admin = try KafkaAdmin(Clients.settings(process.bootstrapServers))
        guard try admin.topicNames(timeoutMs: 10_000).contains(Topic.late) else {
            throw Failure("the topic that was created last is lost")
        }
        try checkRecords(writer, process)
        print("killed and restarted: everything is there")

        let deleted = try admin.deleteTopics([Topic.deleted], timeoutMs: 10_000)
        try deleted[Topic.deleted]?.get()
        let deadline = ContinuousClock.now + .seconds(30)
        while let error = try writer.write(to: Topic.filling) {
            guard ContinuousClock.now < deadline else { throw Failure("deleting a topic freed no space: \(error)") }
        }
        process.kill()
        try process.start()
        try checkRecords(writer, process)
        print("PROVEN: the producer got the error, all \(writer.acknowledged) acknowledged records are there.")
    }

    private func create(_ names: [String], by admin: KafkaAdmin) throws {
        let created = try admin.createTopics(names.map { NewTopic($0, partitions: 1) }, timeoutMs: 10_000)
        for result in created.values { try result.get() }
    }

    private func checkRecords(_ writer: Writer, _ process: BrokerProcess) throws {
        var found: Set<Int> = []
        try Clients.readAll([TopicPartition(Topic.filling, 0)], on: process.bootstrapServers) { message in
            let text = String(decoding: message.value ?? .init(start: nil, count: 0), as: UTF8.self)
            if let number = Int(text.prefix { $0.isNumber }) { found.insert(number) }
        }
        let lost = writer.numbers.subtracting(found)
        guard lost.isEmpty else { throw Failure("\(lost.count) acknowledged records are lost") }
    }

    /// Writes numbered records, and keeps the numbers of those that were acknowledged.
    private struct Writer {
        private let producer: KafkaProducer
        private var next = 0
        private(set) var acknowledged = 0
        /// The acknowledged numbers in the topic that fills the disk.
        private(set) var numbers: Set<Int> = []

        init(_ servers: String) throws {
            producer = try KafkaProducer(
                Clients.settings(servers).merging(["acks": "all", "retries": "0", "linger.ms": "5"]))
        }

        /// Writes some records. If one is refused, returns its error, and counts none of them as acknowledged.
        mutating func write(to name: String) throws -> KafkaError? {
            let topic = try producer.topic(named: name)
            let round = next..<(next + FullDisk.recordsPerRound)
            next = round.upperBound
            let padding = String(repeating: "x", count: FullDisk.recordSizeInBytes)
            for number in round { try Clients.send("\(number)\(padding)", to: topic, partition: 0, producer) }
            try producer.flush(timeoutMs: 30_000)
            var refusal: KafkaError?
            while let failure = producer.takeDeliveryFailure() { refusal = failure.error }
            if refusal == nil {
                acknowledged += round.count
                if name == Topic.filling { numbers.formUnion(round) }
            }
            return refusal
        }
    }

    private struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = "NOT PROVEN: " + description }
    }
}
