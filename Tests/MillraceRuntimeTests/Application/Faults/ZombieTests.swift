import ChildProcesses
import ClusterCore
import EmbeddedBroker
import Foundation
import Millrace
import MillraceRuntime
import Testing

extension ApplicationTests {
    /// An instance is stopped (SIGSTOP) in the middle of a transaction until its session is over and another one has its tasks.
    /// Then it continues where it was.
    @Suite("Zombies")
    struct ZombieTests {
        struct Case: CustomTestStringConvertible, Sendable {
            var testDescription: String
            /// Whether its transaction has also timed out when it wakes up.
            var transactionExpires: Bool
            var instanceID: String?
        }

        @Test(
            "a zombie writes nothing and continues as a member",
            arguments: [
                Case(testDescription: "its transaction has expired", transactionExpires: true),
                Case(testDescription: "its transaction is still open", transactionExpires: false),
                Case(testDescription: "a static member", transactionExpires: false, instanceID: "one"),
            ])
        func zombie(_ example: Case) async throws {
            try await FaultyBroker.with { faulty in
                let (ownDirectory, otherDirectory) = (try TestDirectory(), try TestDirectory())
                let process = try RiskScoresProcess(
                    faulty, ownDirectory, instanceID: example.instanceID,
                    transactionTimeoutMs: example.transactionExpires ? 4_000 : 60_000)
                defer { process.kill() }
                try faulty.writeEvents(200)
                try await faulty.awaitTransaction()
                process.signal(SIGSTOP)
                let open = try await faulty.broker.openTransactions()
                #expect(open.count == 1)

                let all = Int(FaultyBroker.partitions)
                let successor = try faulty.startInstance(otherDirectory)
                try faulty.writeEvents(200, round: 1)
                try await successor.awaits("all tasks") { $0.tasks.count == all }
                if example.transactionExpires {
                    try await faulty.awaitScores(of: successor)
                } else {
                    // The successor waits for the outcome of the zombie's transaction, if that one had offsets in it.
                    let stillOpen = try await faulty.broker.openTransactions().map(\.producer)
                    #expect(open.map(\.producer).allSatisfy(stillOpen.contains))
                }

                process.signal(SIGCONT)
                try await successor.awaits("half of the tasks") { $0.tasks.count == all / 2 }
                try faulty.writeEvents(200, round: 2)
                try await faulty.awaitScores(of: successor)
                let status = try await process.stop()
                #expect(status == 0, "\(process.log)")
                try await successor.stop()
                try faulty.expectExactScores()
            }
        }
    }
}

/// A process that runs the risk score, started as a user starts one.
final class RiskScoresProcess {
    private let process: ChildProcess
    private let logPath: String

    init(
        _ faulty: FaultyBroker, _ directory: TestDirectory, instanceID: String?, transactionTimeoutMs: Int
    ) throws {
        // All products of the build are in one folder.
        let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let arguments =
            [
                "--bootstrap-servers", faulty.cluster.bootstrapServers, "--application-id", faulty.application,
                "--state-dir", directory.path, "--commit-interval-ms", "1000", "--log-level", "warning",
                "--consumer", "session.timeout.ms=2000", "--consumer", "heartbeat.interval.ms=200",
                "--producer", "transaction.timeout.ms=\(transactionTimeoutMs)",
            ] + TestCluster.common.sorted(by: <).flatMap { ["--kafka", "\($0.key)=\($0.value)"] }
            + (instanceID.map { ["--instance-id", $0] } ?? [])
        let log = URL(fileURLWithPath: directory.path + ".log")
        try Data().write(to: log)
        logPath = log.path
        process = try ChildProcess(
            folder.appendingPathComponent("risk-scores"), arguments,
            // The options of the test run are not for the process.
            environment: ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("MILLRACE_") },
            errors: .log(log))
    }

    var isRunning: Bool { process.isRunning }

    func signal(_ number: Int32) { process.signal(number) }

    /// Asks the process to stop, and waits for its exit status.
    func stop() async throws -> Int32? {
        signal(SIGTERM)
        return await process.exit()
    }

    /// The process's log, with the reason if it failed.
    var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

    func kill() {
        try? FileManager.default.removeItem(atPath: logPath)
        signal(SIGKILL)
    }
}
