import ClusterCore
import Logging
import Millrace
import MillraceEngine

/// The members of the application's group that are no instances of it: a plain consumer, and an instance of another topology
/// under the same application id.
///
/// Neither may take a task from the application's instances. The consumer reads and never commits. The other topology has a
/// separate, empty input. If its instance is the first in the group, the application's instances have to wait until it has
/// left, and lose nothing.
final class ForeignMembers {
    private let world: SimulatedWorld
    private let groupID: String
    private let inputs: [String]
    private let other: SimulatedInstance
    private var consumer: SimulatedConsumer?
    /// The times at which the two leave the group.
    private var (consumerLeaves, otherLeaves): (Moment, Moment) = (.epoch, .epoch)

    static let otherInput = "of-another-topology"

    /// - Parameter inputs: the topics that the consumer reads: those of the application.
    init(world: SimulatedWorld, inputs: [String], setting: SimulatedInstance.Setting) throws {
        self.world = world
        self.inputs = inputs
        groupID = setting.applicationID
        let builder = StreamsBuilder()
        builder.stream(Self.otherInput, key: .string, value: .string).to(Self.otherInput + "-results")
        var setting = setting
        setting.topology = try builder.build()
        other = SimulatedInstance(name: "stranger", world: world, setting: setting)
    }

    func createTopics() throws {
        for topic in [Self.otherInput, Self.otherInput + "-results"] {
            _ = try world.cluster.createTopic(
                ClusterCore.NewTopic(topic, partitionCount: 1), nowMs: world.clock.nowMs)
        }
    }

    /// Joins, continues or leaves.
    func step() {
        stepConsumer()
        if other.isAlive {
            other.step()
            if world.clock.monotonic >= otherLeaves { other.close() }
        } else if world.random.chance(world.faults.otherTopologies) {
            otherLeaves = world.clock.monotonic + stay()
            other.start()
        }
    }

    private func stay() -> TimeSpan { TimeSpan(ms: 1_000 + Int64(world.random.below(9_000))) }

    private func stepConsumer() {
        guard let consumer else {
            if world.random.chance(world.faults.foreignMembers) { join() }
            return
        }
        // Once the faults have ended it stays: the application has to finish with it in the group.
        let stays = world.faults.foreignMembers == 0 || world.clock.monotonic < consumerLeaves
        guard stays, !consumer.process.isDead else {
            consumer.close()
            self.consumer = nil
            return
        }
        do {
            _ = try consumer.poll(maxRecords: 10, timeoutMs: 10)
            for event in consumer.takeMembershipEvents() {
                switch event {
                case .assigned: try consumer.assign(inputs.flatMap(partitions).enumerated().map(reading))
                case .revoked, .lost: try consumer.assign([])
                }
            }
        } catch {
            world.log("\(consumer.process.name): \(error)")
        }
    }

    private func join() {
        consumerLeaves = world.clock.monotonic + stay()
        let process = SimulatedProcess(name: "plain consumer")
        world.log("\(process.name): starts")
        let consumer = SimulatedConsumer(
            world: world, process: process,
            settings: SimulatedConsumer.Settings(groupID: groupID, clientID: "rdkafka", readsCommitted: true))
        do { try consumer.subscribe(to: inputs) } catch { world.log("\(process.name): \(error)") }
        self.consumer = consumer
    }

    private func partitions(of topic: String) -> [Millrace.TopicPartition] {
        let count = (try? world.cluster.describeTopic(topic))?.partitionCount ?? 0
        return (0..<count).map { Millrace.TopicPartition(topic: topic, partition: $0) }
    }

    private func reading(_ slot: Int, _ partition: Millrace.TopicPartition) -> PartitionAssignment {
        PartitionAssignment(partition: partition, slot: slot, offset: nil)
    }

    /// Starts an instance of the other topology, which tries to join the group in which all of the application's instances run.
    /// The group has to refuse it, with an error that says why.
    ///
    /// - Returns: what is wrong.
    func problemsOfAnotherTopology() -> [String] {
        if other.isAlive { other.close() }
        other.start()
        for _ in 0..<50 where other.isAlive { other.step() }
        if other.isAlive {
            other.close()
            return ["an instance of another topology was let into the group"]
        }
        if (other.lastError as? StreamsError)?.code == .otherTopology { return [] }
        return ["an instance of another topology ended with \(other.lastError.map { "\($0)" } ?? "nothing")"]
    }
}
