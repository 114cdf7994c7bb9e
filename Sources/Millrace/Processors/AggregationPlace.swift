/// Where an operator that aggregates stands: its name, its store, and how its keys and aggregates are written.
@usableFromInline
struct AggregationPlace<Key, Aggregate>: Sendable {
    @usableFromInline let name: String
    /// The store's name; it is the operator's own or one that the operator is connected to.
    @usableFromInline let storeName: String
    /// The store, where this operator brings it along.
    @usableFromInline let store: StorePlan?
    @usableFromInline let key: Serde<Key>
    @usableFromInline let aggregate: Serde<Aggregate>
    /// What is wrong with the operator, reported when the topology is built.
    @usableFromInline let problem: String?
    @usableFromInline let compatibility: Compatibility
    /// The name of the stream time by which windows close. The operators of a cogroup share it.
    @usableFromInline let timeName: String

    @usableFromInline
    init(
        name: String, storeName: String, store: StorePlan?, key: Serde<Key>?, aggregate: Serde<Aggregate>?,
        problem: String?, compatibility: Compatibility = .none, timeName: String? = nil
    ) {
        self.compatibility = compatibility
        self.timeName = timeName ?? "\(name)-stream-time"
        self.name = name
        self.storeName = storeName
        self.store = store
        self.key = key ?? .missing
        self.aggregate = aggregate ?? .missing
        self.problem = problem
    }

    /// The names of the times that a windowed operator keeps: its stream time, and with final results how far it has handed
    /// them on, under the store's name as in Kafka Streams.
    @usableFromInline
    func keptTimes(_ emit: EmitStrategy) -> [String] { emit == .onWindowClose ? [timeName, storeName] : [timeName] }
}

extension WindowProgress {
    @usableFromInline
    init(
        of node: NodeInstance, at place: AggregationPlace<some Any, some Any>, emit: EmitStrategy,
        closing: WindowClosing
    ) {
        self.init(of: node, timeName: place.timeName, storeName: place.storeName, emit: emit, closing: closing)
    }
}

extension ProcessorElement {
    @inlinable
    init<Key, Aggregate>(
        at place: AggregationPlace<Key, Aggregate>, keeping keptTimes: [String] = [],
        make: @escaping @Sendable (NodeInstance) throws -> Receiver
    ) {
        self.init(name: place.name, store: place.store, keeping: keptTimes, problem: place.problem, make: make)
    }
}
