import ClusterCore
import Millrace
import MillraceEngine

/// The simulated time.
final class SimulatedClock: WallClock {
    private var now = Moment(ms: 1_000_000)

    var nowMs: Int64 { now.ms }
    func wallClockMs() -> Int64 { nowMs }
    func monotonicMs() -> Int64 { nowMs }
    func advance(by ms: Int64) { now += TimeSpan(ms: ms) }
}

/// One life of an instance, from its start to its end. When it is dead, so are its clients and stores.
final class SimulatedProcess {
    let name: String
    var isDead = false
    /// Whether it has ended, killed or not.
    var hasEnded = false
    var isRunning: Bool { !isDead && !hasEnded }

    init(name: String) { self.name = name }
}

/// The shared parts of a simulation: the broker, the time, the random generator, and the log of events.
///
/// Every request to the broker goes through `request`, where the faults are. Nothing else in a simulation is random.
final class SimulatedWorld {
    let clock = SimulatedClock()
    var random: SeededRandom
    var faults: SimulatedFaults
    private(set) var cluster: Cluster
    /// The changes that the broker has acknowledged; it restarts from them.
    private var journal: [ClusterChange] = []
    /// The number of the broker's restarts. Answers that it deferred before a restart never come.
    private(set) var brokerLife = 0
    private var answers: [GroupToken: CompletedGroupCall.Answer] = [:]
    private(set) var trace: [String] = []
    /// The violations of rules that must always hold.
    private(set) var violations: [String] = []
    private var highestCommitted: [ClusterCore.TopicPartition: Int64] = [:]
    private var renewedTopics: Set<String> = []
    private let groupID: String
    /// The indexes on disk; `nil` before the run has begun.
    var indexes: SimulatedIndexes?
    /// The work that threads of processes have to do.
    private var waitingWork: [(process: SimulatedProcess, work: () -> Void)] = []
    /// Whether a part of such work is under way. Its process goes on meanwhile.
    private(set) var worksInBackground = false
    /// The maximum length of the metadata of a committed offset.
    let maxOffsetMetadataLength: Int
    /// Runs other processes while a request of this process is under way.
    var interleave: (SimulatedProcess) -> Void = { _ in }
    /// Runs other processes for this many milliseconds while this process waits.
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

    /// Sends a request as a client does. If the request or its answer is lost, it is sent again, until an answer arrives or
    /// none can arrive.
    ///
    /// - Parameter operation: the operation that the request is part of; it decides what an error means.
    func request<Answer>(
        _ what: @autoclosure () -> String, for operation: PortError.Operation, by process: SimulatedProcess,
        _ effect: () throws(KafkaError) -> Answer
    ) throws(PortError) -> Answer {
        for _ in 0..<4 {
            try interrupt(process, at: what())
            if random.chance(faults.lostRequests) {
                log("\(process.name): \(what()) is lost")
                clock.advance(by: 500)
                continue
            }
            let answer: Result<Answer, KafkaError>
            do { answer = .success(try effect()) } catch { answer = .failure(error) }
            settle()
            try interrupt(process, at: what())
            if random.chance(faults.lostAnswers) {
                log("\(process.name): the answer to \(what()) is lost")
                clock.advance(by: 500)
                continue
            }
            switch answer {
            case .success(let value):
                log("\(process.name): \(what())")
                return value
            case .failure(let error):
                log("\(process.name): \(what()) is refused: \(error)")
                throw PortError(error, in: operation, during: what())
            }
        }
        throw PortError(.retriable, "\(what()): no answer")
    }

    /// Marks a moment at which the process can be killed or stopped, and others can continue.
    func interrupt(_ process: SimulatedProcess, at what: @autoclosure () -> String) throws(PortError) {
        try check(process)
        if random.chance(faults.kills) {
            process.isDead = true
            log("\(process.name): killed at \(what())")
        } else if random.chance(faults.stops) {
            log("\(process.name): stopped at \(what())")
            hold(process, 7_000 + Int64(random.below(10_000)))
            log("\(process.name): continues")
        } else if random.chance(faults.delays) {
            log("\(process.name): held up at \(what())")
            hold(process, 100 + Int64(random.below(2_900)))
        } else if random.chance(faults.interleavings) {
            clock.advance(by: Int64(random.below(20)))
            interleave(process)
        }
        try check(process)
    }

    /// Marks a step of a write to a disk, at which the process can be killed, and others can continue.
    func interruptWrite(_ process: SimulatedProcess, at what: @autoclosure () -> String) throws(PortError) {
        try check(process)
        if process.hasEnded { throw PortError(.fatal, "\(process.name) has ended") }
        if random.chance(faults.kills) {
            process.isDead = true
            log("\(process.name): killed at \(what())")
        } else if random.chance(faults.interleavings / 10) {
            interleave(process)
        }
        try check(process)
    }

    /// Lets some work be done at a later moment, as on another thread of a process.
    func runLater(_ work: @escaping () -> Void, for process: SimulatedProcess) { waitingWork.append((process, work)) }

    /// Performs some of the work that waits.
    func runWaitingWork() {
        guard !waitingWork.isEmpty, !worksInBackground, random.chance(0.3) else { return }
        let next = waitingWork.remove(at: random.below(waitingWork.count))
        worksInBackground = true
        defer { worksInBackground = false }
        if next.process.isRunning { log("\(next.process.name): works in the background") }
        next.work()
    }

    private func check(_ process: SimulatedProcess) throws(PortError) {
        if process.isDead { throw PortError(.fatal, "\(process.name) is dead") }
    }

    /// Returns the answer to a deferred call, and forgets it.
    func takeAnswer(_ token: GroupToken) -> CompletedGroupCall.Answer? { answers.removeValue(forKey: token) }

    // MARK: The broker

    /// Runs the broker's due work, keeps the changes that it acknowledged, and checks the rules that must always hold.
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

    /// Stops checking a topic's offsets: it was deleted and will be created again under its name, and offsets of the old topic
    /// are corrected when they are found.
    func forgetOffsets(of topic: String) { renewedTopics.insert(topic) }

    func restartBroker() {
        log("broker: restarts")
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

    // MARK: The trace

    func log(_ line: @autoclosure () -> String) { trace.append("\(clock.nowMs) \(line())") }

    func violate(_ line: String) {
        log("VIOLATION \(line)")
        violations.append(line)
    }
}

extension PortError {
    /// Makes the worker's error of a broker's error, as the client does.
    init(_ error: KafkaError, in operation: Operation, during what: String) {
        self.init(code: error.code.rawValue, during: operation, "\(what): \(error)")
    }
}
