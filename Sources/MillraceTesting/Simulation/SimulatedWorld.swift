import ClusterCore
import Millrace
import MillraceEngine

/// Time as the simulation lets it pass.
final class SimulatedClock: Clock {
    private var now = Moment(ms: 1_000_000)

    var nowMs: Int64 { now.ms }
    func wallClockMs() -> Int64 { nowMs }
    func monotonicMs() -> Int64 { nowMs }
    func advance(by ms: Int64) { now += TimeSpan(ms: ms) }
}

/// One life of an instance, from its start to its end. What it holds of the world is dead when it is.
final class SimulatedProcess {
    let name: String
    var isDead = false

    init(name: String) { self.name = name }
}

/// What all parts of a simulation share: the broker, the time, the dice, and the account of what happened.
///
/// Every request to the broker goes through `request`, where the faults are. Nothing else in a simulation is random.
final class SimulatedWorld {
    let clock = SimulatedClock()
    var random: SeededRandom
    var faults: SimulatedFaults
    private(set) var cluster: Cluster
    /// What the broker has acknowledged, to restart from.
    private var journal: [ClusterChange] = []
    /// Counts the broker's restarts; what it promised before is void.
    private(set) var brokerLife = 0
    private var answers: [GroupToken: CompletedGroupCall.Answer] = [:]
    private(set) var account: [String] = []
    /// What must never happen, and did.
    private(set) var violations: [String] = []
    private var highestCommitted: [ClusterCore.TopicPartition: Int64] = [:]
    private var renewedTopics: Set<String> = []
    private let groupID: String
    /// How many characters of metadata the broker takes beside an offset.
    let maxOffsetMetadataLength: Int
    /// Lets others move on while a request of this process is under way.
    var interleave: (SimulatedProcess) -> Void = { _ in }
    /// Lets others move on, and so many milliseconds pass, while this process waits.
    var hold: (SimulatedProcess, _ ms: Int64) -> Void = { _, _ in }

    init(seed: UInt64, faults: SimulatedFaults, groupID: String, maxOffsetMetadataLength: Int) {
        random = SeededRandom(seed: seed)
        self.faults = faults
        self.groupID = groupID
        self.maxOffsetMetadataLength = maxOffsetMetadataLength
        cluster = Cluster(configuration: Self.configuration(life: 0, maxOffsetMetadataLength), nowMs: clock.nowMs)
    }

    private static func configuration(life: Int, _ maxOffsetMetadataLength: Int) -> ClusterConfiguration {
        var configuration = ClusterConfiguration()
        configuration.maxOffsetMetadataBytes = maxOffsetMetadataLength
        configuration.identifierSeed = UInt64(life + 1)
        return configuration
    }

    // MARK: Requests

    /// Sends a request as a client does: again if it or its answer is lost, until there is an answer or none is to be had.
    ///
    /// - Parameter operation: what it is part of, by which its errors are told.
    func request<Answer>(
        _ what: @autoclosure () -> String, for operation: PortError.Operation, by process: SimulatedProcess,
        _ effect: () throws(KafkaError) -> Answer
    ) throws(PortError) -> Answer {
        for _ in 0..<4 {
            try interrupt(process, at: what())
            if random.chance(faults.lostRequests) {
                note("\(process.name): \(what()) is lost")
                clock.advance(by: 500)
                continue
            }
            let answer: Result<Answer, KafkaError>
            do { answer = .success(try effect()) } catch { answer = .failure(error) }
            settle()
            try interrupt(process, at: what())
            if random.chance(faults.lostAnswers) {
                note("\(process.name): the answer to \(what()) is lost")
                clock.advance(by: 500)
                continue
            }
            switch answer {
            case .success(let value):
                note("\(process.name): \(what())")
                return value
            case .failure(let error):
                note("\(process.name): \(what()) is refused: \(error)")
                throw PortError(error, in: operation, during: what())
            }
        }
        throw PortError(.retriable, "\(what()): no answer")
    }

    /// A moment at which a process can be killed or stopped, and others can move on.
    func interrupt(_ process: SimulatedProcess, at what: @autoclosure () -> String) throws(PortError) {
        try check(process)
        if random.chance(faults.kills) {
            process.isDead = true
            note("\(process.name): killed at \(what())")
        } else if random.chance(faults.stops) {
            note("\(process.name): stopped at \(what())")
            hold(process, 7_000 + Int64(random.below(10_000)))
            note("\(process.name): goes on")
        } else if random.chance(faults.delays) {
            note("\(process.name): held up at \(what())")
            hold(process, 100 + Int64(random.below(2_900)))
        } else if random.chance(faults.interleavings) {
            clock.advance(by: Int64(random.below(20)))
            interleave(process)
        }
        try check(process)
    }

    private func check(_ process: SimulatedProcess) throws(PortError) {
        if process.isDead { throw PortError(.fatal, "\(process.name) is dead") }
    }

    /// The answer to a call that the broker answers later, once.
    func takeAnswer(_ token: GroupToken) -> CompletedGroupCall.Answer? { answers.removeValue(forKey: token) }

    // MARK: The broker

    /// Does on the broker what is due, keeps what it acknowledged, and looks whether all is as it must be.
    func settle() {
        if let deadline = cluster.nextDeadlineMs, deadline <= clock.nowMs { cluster.tick(nowMs: clock.nowMs) }
        journal += cluster.takeChanges()
        for completed in cluster.takeCompleted() { answers[completed.token] = completed.answer }
        _ = cluster.takeAdvanced()
        for fetched in cluster.fetchOffsets(groupID: groupID, partitions: nil) {
            let before = highestCommitted[fetched.partition] ?? -1
            if fetched.offset.offset < before, !renewedTopics.contains(fetched.partition.topic) {
                violate(
                    "the committed offset of \(fetched.partition) went back from \(before) to \(fetched.offset.offset)")
            }
            highestCommitted[fetched.partition] = max(before, fetched.offset.offset)
        }
    }

    /// Looks at a topic's offsets no more: it was deleted, and there will be another one under its name, of which offsets of the old
    /// one are put right when they are found.
    func forgetOffsets(of topic: String) { renewedTopics.insert(topic) }

    func restartBroker() {
        note("broker: restarts")
        brokerLife += 1
        do {
            cluster = try Cluster(
                configuration: Self.configuration(life: brokerLife, maxOffsetMetadataLength), replaying: journal,
                nowMs: clock.nowMs)
        } catch {
            violate("the broker's journal cannot be replayed: \(error)")
        }
        answers = [:]
        settle()
    }

    // MARK: The account

    func note(_ line: @autoclosure () -> String) { account.append("\(clock.nowMs) \(line())") }

    func violate(_ line: String) {
        note("VIOLATION \(line)")
        violations.append(line)
    }
}

extension PortError {
    /// What an error of the broker means for a worker, as the client would say it.
    init(_ error: KafkaError, in operation: Operation, during what: String) {
        self.init(code: error.code.rawValue, during: operation, "\(what): \(error)")
    }
}
