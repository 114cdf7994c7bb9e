import ClusterCore
import Millrace
import MillraceConnect
import MillraceEngine

@testable import MillraceTesting

/// Processes that write the parts of a source into a topic, on a simulated cluster where everything fails, from a seed.
///
/// Parts move between processes at any time, and those that had them are often not told: they go on as zombies. In the end every
/// record has to be in the topic once, in its order.
final class SourceSimulation {
    private static let parts = ["a": 40, "b": 25, "c": 60]
    private static let positionsTopic = "positions"

    private let world: SimulatedWorld
    private let source: SimulatedSource
    private let fault: SourceFault?
    private var processes: [SimulatedProcess] = []
    private var tasks: [[String: SourceTask]]
    /// The processes that are in the middle of a step.
    private var busy: Set<Int> = []

    init(seed: UInt64, fault: SourceFault? = nil) {
        world = SimulatedWorld(seed: seed, faults: .ofSources, groupID: "connect", maxOffsetMetadataLength: 4_096)
        source = SimulatedSource(world, counts: Self.parts)
        self.fault = fault
        processes = (0..<3).map { SimulatedProcess(name: "process-\($0)") }
        tasks = processes.map { _ in [:] }
        world.interleave = { [unowned self] _ in self.letOthersMove() }
        world.hold = { [unowned self] _, ms in self.hold(ms) }
    }

    /// Runs the simulation. Returns what is wrong, and the trace.
    func run() -> (problems: [String], trace: [String]) {
        do {
            for (topic, count) in [("out", Int32(2)), (Self.positionsTopic, 1)] {
                _ = try world.cluster.createTopic(NewTopic(topic, partitionCount: count), nowMs: world.clock.nowMs)
            }
            world.settle()
            for turn in 0..<3_000 {
                if turn == 400 { heal() }
                step(heals: turn >= 400)
                if turn > 400, turn % 50 == 0, isDone { break }
            }
        } catch { return (["\(error)"], world.trace) }
        return (world.violations + wrong, world.trace)
    }

    private func step(heals: Bool) {
        world.clock.advance(by: Int64(world.random.below(30)))
        world.settle()
        source.write()
        if !heals {
            if world.random.chance(world.faults.brokerRestarts) { world.restartBroker() }
            move()
        }
        step(world.random.below(processes.count))
    }

    /// Gives a part to a process. The one that had it hears of it or not.
    private func move() {
        guard world.random.chance(0.3) else { return }
        let part = source.partitions()[world.random.below(Self.parts.count)]
        let number = world.random.below(processes.count)
        if world.random.chance(0.5) {
            for other in tasks.indices where other != number { tasks[other].removeValue(forKey: part)?.close() }
        }
        if tasks[number][part] == nil { tasks[number][part] = makeTask(part, in: processes[number]) }
    }

    private func heal() {
        world.log("everything heals")
        world.faults = .none
        source.breaks = false
        for number in tasks.indices {
            for task in tasks[number].values { task.close() }
            tasks[number] = [:]
        }
        processes[0] = SimulatedProcess(name: "the last process")
        for part in source.partitions() { tasks[0][part] = makeTask(part, in: processes[0]) }
    }

    private func makeTask(_ part: String, in process: SimulatedProcess) -> SourceTask {
        var configuration = SourceTaskConfiguration(
            transactionalID: "connect:source/\(part)", positionsTopic: Self.positionsTopic, positionsPartition: 0)
        configuration.readCount = 10
        configuration.transactionCount = 20
        return SourceTask(
            SourceTaskID(connector: "source", partition: part), of: fault?.wrapSource(source) ?? source,
            ports: Ports(world, process, fault), configuration: configuration)
    }

    private func step(_ number: Int) {
        // A process has one thread.
        guard busy.insert(number).inserted else { return }
        defer { busy.remove(number) }
        for part in tasks[number].keys.sorted() {
            guard let task = tasks[number][part] else { continue }
            do { _ = try task.step(withinMs: 10) } catch {
                world.log("\(processes[number].name): \(part): \(error)")
                if !task.recover(from: error) { tasks[number][part] = nil }
            }
        }
        if processes[number].isDead {
            tasks[number] = [:]
            processes[number] = SimulatedProcess(name: "process-\(number)")
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

    private var found: [String: [String]] {
        var found: [String: [String]] = [:]
        for number in Int32(0)..<2 {
            for record in world.cluster.committedRecords(of: ClusterCore.TopicPartition("out", number), from: 0) {
                let (key, value) = (record.key.map { Array($0) } ?? [], record.value.map { Array($0) } ?? [])
                found[String(decoding: key, as: UTF8.self), default: []].append(String(decoding: value, as: UTF8.self))
            }
        }
        return found
    }

    private var isDone: Bool { found.values.reduce(0) { $0 + $1.count } >= Self.parts.values.reduce(0, +) }

    private var wrong: [String] {
        let found = found
        return Self.parts.compactMap { part, count in
            let values = found[part] ?? []
            return values == (0..<count).map(String.init) ? nil : "\(part): \(values)"
        }
    }

    private final class Ports: SourceTaskPorts {
        private let world: SimulatedWorld
        private let process: SimulatedProcess
        private let fault: SourceFault?

        init(_ world: SimulatedWorld, _ process: SimulatedProcess, _ fault: SourceFault?) {
            (self.world, self.process, self.fault) = (world, process, fault)
        }

        var clock: any WallClock { world.clock }

        func makeProducer(transactionalID: String) -> any ProducerPort {
            let producer = SimulatedProducer(world: world, process: process, transactionalID: transactionalID)
            guard let fault else { return producer }
            return fault.wrapProducer(producer) { [world, process] in
                SimulatedProducer(world: world, process: process, transactionalID: nil)
            }
        }

        func makeReader() -> any ReaderPort {
            let reader = SimulatedConsumer(
                world: world, process: process,
                settings: .init(groupID: "readers", clientID: "reader", readsCommitted: true))
            return fault?.wrapReader(reader) ?? reader
        }
    }
}

extension SimulatedFaults {
    /// The faults that tasks of sources can have.
    static var ofSources: SimulatedFaults {
        var faults = SimulatedFaults()
        faults.lostRequests = 0.01
        faults.lostAnswers = 0.01
        faults.delays = 0.01
        faults.kills = 0.01
        faults.stops = 0.004
        faults.brokerRestarts = 0.005
        faults.interleavings = 0.2
        return faults
    }
}
