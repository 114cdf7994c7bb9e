public import Millrace

/// A test of a topology under faults, in one thread and with simulated time. A seed determines the run, byte for byte.
///
/// Several instances run the production worker against a simulated broker with Kafka's transactions and groups. A seeded
/// scheduler decides which part moves and what fails (`SimulatedFaults`). In the end the results have to be those that
/// `TopologyTestDriver` gives for the same records: the same values of each key in the same order, none lost and none twice
/// (with at-least-once: the same last value). The stores have to have the same contents. Committed offsets must never have gone
/// back, and no store may ever have been ahead of its changelog. In every other run stores are also queried during the run, on
/// their instances and through other instances: a read has to find the contents of the test driver's store at exactly the read's
/// position.
///
/// The test driver's topics have the same partition counts, because each partition has its own stream time. The order of
/// records of different partitions is not fixed. If a key's results depend on it, compare less (`comparison`), add checks that
/// hold in any order (`rules`), or let records wait for those before them (`SimulatedRecord.waits`).
///
/// ```swift
/// let simulation = Simulation(
///     "counts", topics: ["orders": 3, "counts": 3], outputs: ["counts"],
///     define: { builder in … },
///     inputs: { random in … })
/// for seed in 0..<50 {
///     let result = try simulation.run(seed: UInt64(seed))
///     #expect(result.passed, "seed \(seed): \(result.problems)")
/// }
/// ```
public struct Simulation: Sendable {
    /// The scenario's name in reports.
    public var name: String
    /// The user's topics with their partition counts.
    public var topics: [String: Int32]
    /// The topics that are created only with their first record, for sources by pattern. None by default.
    public var lateTopics: Set<String> = []
    /// The changes of topics while the instances run. None by default.
    public var topicChanges: [SimulatedTopicChange] = []
    /// The topics whose contents have to be those of the test driver.
    public var outputs: [String]
    /// The number of instances. 2 by default.
    public var instances = 2
    /// The processing guarantee of the instances.
    public var guarantee: ProcessingGuarantee = .exactlyOnce
    /// The number of standbys of each store. By default one in every other run, depending on the seed, and none in the others.
    /// In the end the standbys have to have the contents of the active tasks' stores.
    public var standbyReplicas: Int?
    /// The comparison of the results with the test driver's. All values by default.
    public var comparison = Comparison.allValues
    /// Whether stores have to have the contents of the test driver's. Leave it off where the contents depend on the partitions.
    public var comparesStores = true
    /// The faults that may happen; all by default.
    public var faults: SimulatedFaults = .all
    /// The number of turns after which a run counts as stuck. 20,000 by default.
    public var maxTurns = 20_000
    /// A fault planted on purpose. None by default.
    package var plantedFault: PlantedFault?
    /// An additional check of reads of an instance's stores, at any moment of those runs in which stores are queried; returns what is
    /// wrong.
    package var checkReads: (@Sendable (SimulatedStoreViews) -> String?)?

    /// Additional checks of the results; returns what is wrong.
    public var rules: (@Sendable (SimulatedResults) -> [String])?
    /// The optimisations that the topology is built with. None by default.
    public var optimization: TopologyOptimization = .none
    /// The results to give where Kafka Streams' are wrong. By default the right ones.
    public var compatibility: Compatibility = .none

    /// The ways to compare results with the test driver's. With at-least-once only the last values count in any case.
    public enum Comparison: Sendable {
        /// Each key has the same values at the same times in the same order.
        case allValues
        /// Each key has the same values, in any order: for joins that give each pair once, whichever side comes first.
        case anyOrder
        /// Each key has some of the same values in the same order, the last one among them: for tables with a cache, which
        /// forwards no value that is overwritten or deleted again before a commit.
        case updates
        /// Each key has the same last value: for operators whose results depend on the order of two inputs.
        case lastValues
        /// No comparison; only `rules` check the results.
        case none
    }

    let define: @Sendable (StreamsBuilder) throws -> Void
    let inputs: @Sendable (inout SeededRandom) -> [SimulatedRecord]

    /// Makes a simulation.
    ///
    /// - Parameters:
    ///   - name: the scenario's name in reports.
    ///   - topics: the user's topics with their partition counts.
    ///   - outputs: the topics whose contents are compared.
    ///   - define: adds the operators.
    ///   - inputs: makes the records of a seed, in the order in which they are written.
    public init(
        _ name: String, topics: [String: Int32], outputs: [String],
        define: @escaping @Sendable (StreamsBuilder) throws -> Void,
        inputs: @escaping @Sendable (inout SeededRandom) -> [SimulatedRecord]
    ) {
        self.name = name
        self.topics = topics
        self.outputs = outputs
        self.define = define
        self.inputs = inputs
    }

    /// Runs the simulation once.
    ///
    /// - Throws: the `StreamsError` of building the topology, and the test driver's errors for bad records.
    public func run(seed: UInt64) throws -> SimulationResult {
        let topology = try topology()
        var random = SeededRandom(seed: seed)
        let records = try records(&random)
        let expectation = try SimulationExpectation(topology, records: records, of: self)
        let run = try SimulationRun(self, topology: topology, records: records, seed: random.next())
        return SimulatedIndexes.$current.withValue(run.indexes) { run.run(seed: seed, expecting: expectation) }
    }

    /// The topology.
    package func topology() throws -> Topology {
        let builder = StreamsBuilder(compatibility: compatibility)
        try define(builder)
        return try builder.build(optimization: optimization)
    }

    /// The records of a seed, each with its partition.
    func records(_ random: inout SeededRandom) throws -> [SimulatedRecord] {
        var records = inputs(&random)
        for index in records.indices where records[index].partition == nil {
            guard let count = topics[records[index].topic] else {
                throw SimulationError(description: "the simulation has no topic \(records[index].topic)")
            }
            records[index].partition =
                records[index].key.map { key in
                    key.withUnsafeBytes { KafkaPartitioner.partition(for: $0, count: count) }
                } ?? Int32(random.below(Int(count)))
        }
        return records
    }
}

/// The outcome of a run of a simulation.
public struct SimulationResult: Sendable {
    /// The seed of the run.
    public var seed: UInt64
    /// Everything that is wrong; empty for a run that passed.
    public var problems: [String]
    /// The events of the run, step by step.
    public var trace: [String]
    /// Whether nothing went wrong: `problems` is empty.
    public var passed: Bool { problems.isEmpty }
}
