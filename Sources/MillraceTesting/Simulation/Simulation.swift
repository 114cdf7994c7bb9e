public import Millrace

/// A topology under everything that can go wrong, in one thread, with simulated time: from one seed one run, to the byte.
///
/// Several instances run the production worker against a simulated broker with Kafka's transactions and groups. A seeded
/// scheduler decides who moves and what fails (`SimulatedFaults`). In the end the results have to be those that
/// `TopologyTestDriver` gives for the same records: per key the same values in the same order, nothing lost, nothing twice
/// (with at-least-once: the same last value); stores have to hold the same; committed offsets must never have gone back, and
/// no store may ever have been ahead of its changelog. In every other run stores are queried in the middle of it: a read has to
/// find what the test driver's store holds at exactly the read's position.
///
/// The test driver has topics with as many partitions, so that times, which are each partition's own, are the same. The order
/// of records in different partitions is not given. Where a key's results depend on it, compare less (`comparison`), say what
/// holds all the same (`rules`), or let records wait for what has to come before them (`SimulatedRecord.waits`).
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
    /// How the scenario is called in reports.
    public var name: String
    /// The user's topics with their partition counts.
    public var topics: [String: Int32]
    /// Those of the topics that are created with their first record only, for sources by pattern. None by default.
    public var lateTopics: Set<String> = []
    /// What happens to topics while the instances run. None by default.
    public var topicChanges: [SimulatedTopicChange] = []
    /// The topics whose contents have to be those of the test driver.
    public var outputs: [String]
    /// How many instances there are. 2 by default.
    public var instances = 2
    /// The processing guarantee of the instances.
    public var guarantee: ProcessingGuarantee = .exactlyOnce
    /// On how many other instances stores are kept up to date. By default one in every other run, as the seed has it, and none in
    /// the others. The copies have to hold what the active tasks' stores do in the end.
    public var standbyReplicas: Int?
    /// What of the results has to be the test driver's. All values by default.
    public var comparison = Comparison.allValues
    /// Whether stores have to hold what the test driver's do. They cannot where what they hold depends on the partitions.
    public var comparesStores = true
    /// The faults that may happen; all by default.
    public var faults: SimulatedFaults = .all
    /// How many turns a run may take before it counts as stuck. 20,000 by default.
    public var maxTurns = 20_000
    /// A fault planted on purpose. None by default.
    package var plantedFault: PlantedFault?

    /// What has to hold of the results beside that: says what is wrong.
    public var rules: (@Sendable (SimulatedResults) -> [String])?
    /// The optimisations that the topology is built with. None by default.
    public var optimization: TopologyOptimization = .none
    /// Whose results the topology gives where Kafka Streams' are wrong. By default the right ones.
    public var compatibility: Compatibility = .none

    /// How results are compared with the test driver's. With at-least-once only the last values count in any case.
    public enum Comparison: Sendable {
        /// Each key has the same values at the same times in the same order.
        case allValues
        /// Each key has the same values, in any order: for joins that give each pair once, whichever side comes first.
        case anyOrder
        /// Each key has some of the same values in the same order, the last one among them: for tables with a cache, which
        /// leaves out what is overwritten or deleted again before a commit.
        case updates
        /// Each key has the same last value: for operators whose results depend on the order of two inputs.
        case lastValues
        /// Not at all, but by `rules`.
        case none
    }

    let define: @Sendable (StreamsBuilder) throws -> Void
    let inputs: @Sendable (inout SeededRandom) -> [SimulatedRecord]

    /// Makes a simulation.
    ///
    /// - Parameters:
    ///   - name: how the scenario is called in reports.
    ///   - topics: the user's topics with their partition counts.
    ///   - outputs: those of them whose contents are compared.
    ///   - define: adds the operators.
    ///   - inputs: gives the records of a seed, in the order in which they are written.
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
    /// - Throws: the `StreamsError` of building the topology, and what the test driver throws for the records: they
    ///   have to be good.
    public func run(seed: UInt64) throws -> SimulationResult {
        let topology = try topology()
        var random = SeededRandom(seed: seed)
        let records = try records(&random)
        let expectation = try SimulationExpectation(topology, records: records, of: self)
        let run = try SimulationRun(
            self, topology: topology, records: records,
            reads: SimulatedReads(topology, records: records, of: self), seed: random.next())
        return run.run(seed: seed, expecting: expectation)
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

/// What a run of a simulation came to.
public struct SimulationResult: Sendable {
    /// The seed of the run.
    public var seed: UInt64
    /// Everything that is wrong; empty for a run that passed.
    public var problems: [String]
    /// What happened, step by step.
    public var account: [String]
    /// Whether nothing went wrong: `problems` is empty.
    public var passed: Bool { problems.isEmpty }
}
