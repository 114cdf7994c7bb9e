import Dispatch
import EmbeddedBroker
import Foundation
import KafkaClient
import Millrace
import MillraceRuntime
import RiskScore
import Synchronization
import Testing

extension ApplicationTests {
    /// An application that is asked to stop ends in time, whatever hangs.
    @Suite("Closing in time")
    struct ClosingTests {
        @Test("if a closure does not return, the application ends after its time for closing, and says so")
        func hangingClosure() async throws {
            let cluster = try TestCluster()
            let directory = try TestDirectory()
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            var configuration = cluster.configuration(TestCluster.uniqueName("app"), directory)
            configuration.closeTimeout = .milliseconds(300)
            let (hasBegun, gate) = (Flag(), DispatchSemaphore(value: 0))
            defer { gate.signal() }
            let instance = try RunningInstance(configuration) { builder in
                builder.stream(input, key: .string, value: .string)
                    .mapValues { value in
                        hasBegun.set()
                        gate.wait()
                        gate.signal()
                        return value
                    }.to(output)
            }
            try cluster.write(["k": "v"], to: input)
            try await eventually("the closure's call") { hasBegun.isSet }
            instance.application.shutdown()
            let failure = try await instance.failure()
            #expect(failure.code == .closeTimedOut)
            #expect(failure.message.contains("1 worker has not closed within 0.3 seconds"))
            #expect(instance.application.state == .error)
        }

        enum Loss: CaseIterable {
            case changelog, input, broker
        }

        @Test("a process that is told to stop ends in time, and reports what is wrong", arguments: Loss.allCases)
        func process(loss: Loss) async throws {
            try await FaultyBroker.with { faulty in
                let directory = try TestDirectory()
                let process = try RiskScoresProcess(faulty, directory, instanceID: nil, transactionTimeoutMs: 10_000)
                defer { process.kill() }
                try faulty.writeEvents(200)
                try await faulty.awaitTransaction()
                let sign: String
                switch loss {
                case .changelog:
                    sign = "\(faulty.application)-\(RiskScoreTopology.store)-changelog"
                    try faulty.cluster.deleteTopic(sign)
                    try faulty.writeEvents(200, round: 1)
                case .input:
                    sign = RiskScoreTopology.events
                    try faulty.cluster.deleteTopic(sign)
                case .broker:
                    sign = faulty.cluster.bootstrapServers
                    try await faulty.broker.crash()
                }
                try await eventually("the log's naming \(sign)", situation: process.log) {
                    process.log.contains(sign) || !process.isRunning
                }
                #expect(process.log.contains(sign), "\(process.log)")
                let status = try await process.stop()
                #expect(status == 0 || status == 1, "\(process.log)")
                if loss == .broker { try await faulty.broker.restart() }
            }
        }
    }
}

/// A flag that is set once and that all threads see.
private final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
