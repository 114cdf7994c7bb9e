/// The context of an operator that aggregates: its name, its store, and the serdes of its keys and aggregates.
@usableFromInline
struct AggregationPlace<Key, Aggregate>: Sendable {
    @usableFromInline let name: String
    /// The store's name; the store is the operator's own or one to which the operator is connected.
    @usableFromInline let storeName: String
    /// The store, if this operator adds it.
    @usableFromInline let store: StorePlan?
    @usableFromInline let key: Serde<Key>
    @usableFromInline let aggregate: Serde<Aggregate>
    /// The problem with the operator, reported when the topology is built.
    @usableFromInline let problem: String?
    @usableFromInline let compatibility: Compatibility
    /// The name of the stream time by which windows close. All operators of a cogroup share it.
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

    /// The names of the times that a windowed operator keeps: its stream time and, with final results, how far it has forwarded
    /// them. The latter has the store's name, as in Kafka Streams.
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
