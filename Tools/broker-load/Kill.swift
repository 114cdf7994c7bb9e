import ArgumentParser
import Foundation
import KafkaClient

/// Kills a broker with SIGKILL again and again under transactional load, and proves that it kept everything that it
/// acknowledged.
struct Kill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Kills a broker with a data directory again and again, and proves that nothing acknowledged is lost.",
        discussion: """
            Writers commit and abort transactions over several partitions, offsets included, while another one writes \
            without transactions. In the end a transaction whose commit was acknowledged has to be there as a whole and \
            once, one that was aborted not at all, and one without an answer as a whole or not at all.
            """)

    @Option(help: "The millrace command that runs the broker.")
    var broker = ".build/debug/millrace"

    @Option(help: "The number of kills.")
    var kills = 20

    @Option(help: "Seed of the times of the kills and of the transactions' outcomes; random by default, and printed.")
    var seed: UInt64?

    @Option(help: "The number of writers of transactions.")
    var writers = 4

    func run() async throws {
        let seed = seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("seed \(seed): \(kills) kills, \(writers) writers of transactions")
        let folder = try TemporaryFolder()
        // The files are small, so that some kills come while a file is begun or a snapshot is written.
        let broker = BrokerProcess(
            broker, dataDirectory: folder.path,
            options: ["--journal-file-bytes", "500000", "--segment-file-bytes", "50000"])
        try broker.start()
        defer { broker.kill() }
        try Ledger.createTopics(on: broker.bootstrapServers)

        let stop = Flag()
        let servers = broker.bootstrapServers
        let progress = Counter()
        let writing = (0..<writers).map { number in
            Task.onThread {
                var writer = TransactionWriter(number, servers, seed: seed, progress: progress)
                return try writer.run(until: stop)
            }
        }
        let writingPlainly = Task.onThread { try PlainWriter(servers).run(until: stop) }

        var random = SeededGenerator(seed: seed)
        for kill in 1...max(1, kills) {
            let before = progress.value
            try await Task.sleep(for: .milliseconds(Int.random(in: 100...1_200, using: &random)))
            broker.kill()
            print("kill \(kill): \(progress.value - before) transactions since the last one")
            fflush(nil)
            try broker.start()
        }
        stop.set()
        var ledger = Ledger()
        for (number, task) in writing.enumerated() { ledger.outcomes[number] = try await task.value }
        ledger.plain = try await writingPlainly.value
        // The last acknowledged records have to survive, too.
        broker.kill()
        try broker.start()
        let problems = try ledger.problems(on: servers)
        print("  \(ledger.summary)")
        for problem in problems.prefix(10) { print("  WRONG: \(problem)") }
        guard problems.isEmpty else {
            folder.isKept = true
            print("NOT PROVEN: \(problems.count) problems; the broker's data is kept in \(folder.path)")
            throw ExitCode(1)
        }
        print("PROVEN: nothing acknowledged is lost, and no transaction is there in part.")
    }
}
