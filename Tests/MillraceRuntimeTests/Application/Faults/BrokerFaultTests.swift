import ClusterCore
import EmbeddedBroker
import Foundation
import Millrace
import MillraceRuntime
import RiskScore
import Synchronization
import Testing

extension ApplicationTests {
    /// Each test injects faults into the broker of a running instance, ends them, and proves that every event took effect once.
    @Suite("Faults of the broker")
    struct BrokerFaultTests {
        private let directory: TestDirectory

        init() throws { directory = try TestDirectory() }

        /// In some rounds, writes events, injects a fault while a transaction is open, and writes more; then proves the result.
        private func prove(
            rounds: Int = 3, _ breakIt: (FaultyBroker, _ round: Int) async throws -> Void
        ) async throws {
            try await FaultyBroker.with { faulty in
                let instance = try faulty.startInstance(directory)
                try await instance.awaits("all tasks") { $0.tasks.count == Int(FaultyBroker.partitions) }
                for round in 0..<rounds {
                    try faulty.writeEvents(200, round: round)
                    try await faulty.awaitTransaction()
                    try await breakIt(faulty, round)
                }
                try faulty.writeEvents(100, round: rounds)
                try await faulty.awaitScores(of: instance)
                try await instance.stop()
                #expect(instance.application.state == .notRunning)
                try faulty.expectExactScores()
            }
        }

        @Test("the broker restarts in the middle of a transaction")
        func restart() async throws {
            // A commit may come in between, or on a slow machine the transaction's timeout, but not in every round.
            let outlived = Mutex(0)
            try await prove { faulty, _ in
                try await faulty.broker.crash()
                try await faulty.broker.restart()
                let isOpen = try await !faulty.broker.openTransactions().isEmpty
                outlived.withLock { $0 += isOpen ? 1 : 0 }
            }
            #expect(outlived.withLock { $0 } > 0)
        }

        @Test("the broker is down in the middle of a transaction, for longer than a session")
        func outage() async throws {
            try await prove(rounds: 1) { faulty, _ in
                try await faulty.broker.crash()
                try await Task.sleep(for: .seconds(4))
                try await faulty.broker.restart()
            }
        }

        @Test("the broker goes down while it commits")
        func restartAtCommit() async throws {
            try await prove { faulty, round in
                // The fault comes before the commit takes effect in one round, after it in the other.
                let effect = round % 2 == 0 ? BrokerFault.Effect.cutBefore : .cutAfter
                try await faulty.broker.inject(BrokerFault(effect, of: [.endTxn]))
                try await faulty.awaitFaults()
                try await faulty.broker.crash()
                try await faulty.broker.restart()
            }
        }

        enum Coordinator: CaseIterable {
            case ofGroups, ofTransactions, both

            var apis: Set<API> {
                switch self {
                case .ofGroups: .groupCoordinator
                case .ofTransactions: .transactionCoordinator
                case .both: .coordinators
                }
            }
        }

        @Test("a coordinator moves", arguments: Coordinator.allCases)
        func moved(coordinator: Coordinator) async throws {
            try await prove(rounds: 2) { faulty, _ in
                // It lasts longer than the time to the next commit.
                try await faulty.broker.moveCoordinator(of: coordinator.apis, forMs: 800)
                try await faulty.awaitFaults()
            }
        }

        @Test(
            "an answer is lost, or the request before it",
            arguments: [
                API.endTxn, .addOffsetsToTxn, .txnOffsetCommit, .addPartitionsToTxn, .produce, .heartbeat,
            ])
        func lost(api: API) async throws {
            try await prove(rounds: 2) { faulty, round in
                let effect = round % 2 == 0 ? BrokerFault.Effect.cutAfter : .cutBefore
                // The fault must not affect the test's own writer.
                let topic = api == .produce ? RiskScoreTopology.scores : nil
                try await faulty.broker.inject(BrokerFault(effect, of: [api], topic: topic))
                try await faulty.awaitFaults()
            }
        }

        @Test("several answers in a row are lost")
        func lostAgainAndAgain() async throws {
            try await prove { faulty, _ in
                var fault = BrokerFault(
                    .cutAfter, of: [.addPartitionsToTxn, .txnOffsetCommit, .addOffsetsToTxn, .endTxn])
                fault.times = 4
                try await faulty.broker.inject(fault)
                try await faulty.awaitFaults()
            }
        }

        @Test(
            "a commit is refused once, in each way that a broker has",
            arguments: [
                KafkaErrorCode.concurrentTransactions, .coordinatorNotAvailable, .producerFenced,
            ])
        func refused(code: KafkaErrorCode) async throws {
            try await prove(rounds: 1) { faulty, _ in
                try await faulty.broker.inject(BrokerFault(.error(code), of: [.endTxn]))
                try await faulty.awaitFaults()
            }
        }
    }
}
