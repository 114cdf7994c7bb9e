import ClusterCore
import Millrace
import MillraceConnect
import MillraceEngine

@testable import MillraceTesting

/// A target of sinks in a simulation.
protocol SimulatedSinkTarget: SinkConnector, AnyObject {
    /// Whether it breaks off now and then.
    var breaks: Bool { get set }
    /// The rows of each partition, in the texts of the records.
    var rows: [Millrace.TopicPartition: [String]] { get }
    var offsets: [Millrace.TopicPartition: Int64] { get }
    /// Whether it takes rows that need others, and checks them at the end of a transaction.
    var checksAtEnd: Bool { get }
    /// The faults of its writers.
    var problems: [String] { get }

    /// Called between the steps of tasks.
    func turn()
}

extension SimulatedSinkTarget {
    var checksAtEnd: Bool { false }
    var problems: [String] { [] }
    func turn() {}
}

/// Processes that write the partitions of a topic into a target, on a simulated cluster where everything fails, from a seed.
///
/// Partitions move between processes at any time, and those that had them are often not told: they go on as zombies. In the end each
/// good record has to be in the target once, in its order, each bad one among the dead letters, no aborted one in either, and the group
/// at the end of each partition, after the last mark.
final class SinkSimulation {
    private static let partitions = (Int32(0)..<3).map { Millrace.TopicPartition(topic: "in", partition: $0) }
    /// The number of records of a partition, aborted ones included.
    private static let count = 60

    private let world: SimulatedWorld
    private let target: any SimulatedSinkTarget
    private let fault: SinkFault?
    private let settlingMs: Int64
    private var processes: [SimulatedProcess]
    private var tasks: [SinkTask?]
    private var assigned: [[Millrace.TopicPartition]]
    private let load: SimulatedLoad
    /// The processes that are in the middle of a step.
    private var busy: Set<Int> = []

    convenience init(seed: UInt64, fault: SinkFault? = nil) {
        self.init(seed: seed, fault: fault) { SimulatedTarget($0, fault) }
    }

    /// - Parameter settlingMs: the time for which the target may forget its first commits.
    init(
        seed: UInt64, fault: SinkFault? = nil, settlingMs: Int64 = 0,
        makeTarget: (SimulatedWorld) -> any SimulatedSinkTarget
    ) {
        world = SimulatedWorld(seed: seed, faults: .ofSources, groupID: "none", maxOffsetMetadataLength: 4_096)
        target = makeTarget(world)
        let checksAtEnd = target.checksAtEnd
        load = SimulatedLoad(world, to: Self.partitions, count: Self.count) {
            Self.text($0, checksAtEnd: checksAtEnd)
        }
        self.fault = fault
        self.settlingMs = settlingMs
        processes = (0..<3).map { SimulatedProcess(name: "process-\($0)") }
        tasks = processes.map { _ in nil }
        assigned = processes.map { _ in [] }
        world.interleave = { [unowned self] _ in self.letOthersMove() }
        world.hold = { [unowned self] _, ms in self.hold(ms) }
    }

    /// A record: a good one, one that is refused, one that is refused at the end of a transaction, or one that is refused then unless the next
    /// one is in the same transaction.
    private static func text(_ number: Int, checksAtEnd: Bool) -> String {
        switch number {
        case _ where number % 7 == 3: "!\(number)"
        case _ where checksAtEnd && number % 11 == 4: "{\"n\":\(number),\"needs\":-1}"
        case _ where checksAtEnd && number % 7 == 5: "{\"n\":\(number),\"needs\":\(number + 1)}"
        default: "{\"n\":\(number)}"
        }
    }

    /// Returns whether a record has to be a row. One that needs the next is one or not, by the ends of the target's transactions.
    private func isWritten(_ text: String, in partition: Millrace.TopicPartition) -> Bool {
        if text.contains("needs") { return !text.contains("-1") && target.rows[partition]?.contains(text) ?? false }
        return !text.hasPrefix("!")
    }

    /// Runs the simulation. Returns what is wrong, and the trace.
    func run() -> (problems: [String], trace: [String]) {
        do {
            for (topic, count) in [("in", Int32(Self.partitions.count)), ("letters", 1)] {
                _ = try world.cluster.createTopic(NewTopic(topic, partitionCount: count), nowMs: world.clock.nowMs)
            }
            world.settle()
            for turn in 0..<3_000 {
                if turn == 400 { heal() }
                try step(heals: turn >= 400)
                if turn > 400, turn % 50 == 0, isDone { break }
            }
        } catch { return (["\(error)"], world.trace) }
        return (world.violations + target.problems + wrong, world.trace)
    }

    private func step(heals: Bool) throws {
        world.clock.advance(by: Int64(world.random.below(30)))
        world.settle()
        try load.step()
        target.turn()
        if !heals {
            if world.random.chance(world.faults.brokerRestarts) { world.restartBroker() }
            move()
        }
        step(world.random.below(processes.count))
    }

    /// Gives all partitions to a process. The one that had them hears of it or not.
    private func move() {
        guard world.random.chance(0.1) else { return }
        let number = world.random.below(processes.count)
        if world.random.chance(0.5) {
            for other in tasks.indices where other != number && !assigned[other].isEmpty {
                attempt(other) { try world.random.chance(0.5) ? $0.revoke() : $0.lose() }
                assigned[other] = []
            }
        }
        if assigned[number].isEmpty { give(Self.partitions, to: number) }
    }

    private func give(_ partitions: [Millrace.TopicPartition], to number: Int) {
        if tasks[number] == nil { tasks[number] = makeTask(processes[number]) }
        assigned[number] = partitions
        attempt(number) { try $0.assign(partitions) }
    }

    private func heal() {
        world.log("everything heals")
        world.faults = .none
        target.breaks = false
        for number in tasks.indices { end(number) }
        processes[0] = SimulatedProcess(name: "the last process")
        give(Self.partitions, to: 0)
    }

    private func end(_ number: Int) {
        tasks[number]?.close()
        (tasks[number], assigned[number]) = (nil, [])
    }

    private func makeTask(_ process: SimulatedProcess) -> SinkTask {
        var configuration = SinkTaskConfiguration(connector: "sink")
        configuration.deadLetterTopic = "letters"
        configuration.writeCount = 5
        configuration.transactionCount = 20
        configuration.settlingMs = settlingMs
        let reader = SimulatedConsumer(
            world: world, process: process,
            settings: .init(
                groupID: "sink", clientID: process.name, readsCommitted: fault?.readsUncommitted != true))
        return SinkTask(
            of: fault?.wrapSink(target) ?? target, reader: fault?.wrapReader(reader) ?? reader,
            ports: Ports(world, process, fault),
            configuration: configuration)
    }

    private func step(_ number: Int) {
        guard !busy.contains(number) else { return }
        attempt(number) { _ = try $0.step(withinMs: 10) }
        if processes[number].isDead {
            end(number)
            processes[number] = SimulatedProcess(name: "process-\(number)")
        }
    }

    private func attempt(_ number: Int, _ action: (SinkTask) throws -> Void) {
        // A process has one thread.
        guard let task = tasks[number], busy.insert(number).inserted else { return }
        defer { busy.remove(number) }
        do { try action(task) } catch {
            world.log("\(processes[number].name): \(error)")
            if !task.recover(from: error) { end(number) }
        }
    }

    private func letOthersMove() { step(world.random.below(processes.count)) }

    private func hold(_ ms: Int64) {
        let end = world.clock.nowMs + ms
        while world.clock.nowMs < end {
            world.clock.advance(by: Int64(1 + world.random.below(500)))
            world.settle()
            letOthersMove()
        }
    }

    // MARK: The results

    private var letters: Set<String> {
        let records = world.cluster.committedRecords(of: ClusterCore.TopicPartition("letters", 0), from: 0)
        return Set(
            records.map { record in
                let header = { (name: String) in
                    record.headers.last { $0.key == name }?.value.map { String(decoding: $0, as: UTF8.self) } ?? "?"
                }
                return "\(header("__streams.errors.partition")) \(header("__streams.errors.offset"))"
            })
    }

    private var isDone: Bool {
        load.isComplete
            && Self.partitions.allSatisfy { partition in
                let last = load.visible(in: partition).last?.offset ?? -1
                return target.offsets[partition] ?? 0 > last && groupOffset(of: partition) == load.end(of: partition)
            }
    }

    private func groupOffset(of partition: Millrace.TopicPartition) -> Int64? {
        let partitions = [ClusterCore.TopicPartition(partition)]
        return world.cluster.fetchOffsets(groupID: "sink", partitions: partitions).first?.offset.offset
    }

    private var wrong: [String] {
        let letters = letters
        let refused = Self.partitions.flatMap { partition in
            load.visible(in: partition).filter { !isWritten($0.text, in: partition) }
                .map { "\(partition.partition) \($0.offset)" }
        }
        var problems = load.isComplete ? [] : ["not everything was written into the topic"]
        for partition in Self.partitions {
            let good = load.visible(in: partition).map(\.text).filter { isWritten($0, in: partition) }
            let rows = target.rows[partition] ?? []
            if rows != good { problems.append("\(partition): \(rows) instead of \(good)") }
            let (group, end) = (groupOffset(of: partition), load.end(of: partition))
            if group != end { problems.append("\(partition): the group is at \(group ?? -1) of \(end ?? -1)") }
        }
        // A refused row may be written after a failure, in a transaction with other ends.
        let possible = Self.partitions.flatMap { partition in
            load.visible(in: partition).filter { $0.text.hasPrefix("!") || $0.text.contains("needs") }
                .map { "\(partition.partition) \($0.offset)" }
        }
        return problems + letters.subtracting(possible).sorted().map { "a letter of \($0), which is no bad record" }
            + Set(refused).subtracting(letters).sorted().map { "no letter of \($0)" }
    }

    private final class Ports: SinkTaskPorts {
        private let world: SimulatedWorld
        private let process: SimulatedProcess
        private let fault: SinkFault?

        init(_ world: SimulatedWorld, _ process: SimulatedProcess, _ fault: SinkFault?) {
            (self.world, self.process, self.fault) = (world, process, fault)
        }

        var clock: any WallClock { world.clock }

        func makeProducer() -> any ProducerPort {
            let producer = SimulatedProducer(world: world, process: process, transactionalID: nil)
            return fault?.wrapProducer(producer) ?? producer
        }
    }
}
