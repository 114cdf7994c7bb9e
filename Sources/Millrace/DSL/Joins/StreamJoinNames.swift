/// The names of the pieces of a join of two streams, in the order in which Kafka Streams numbers them. Kafka:
/// `KStreamImplJoin`.
@usableFromInline
struct StreamJoinNames {
    @usableFromInline var thisWindow: String
    @usableFromInline var otherWindow: String
    @usableFromInline var thisJoin: String
    @usableFromInline var otherJoin: String
    @usableFromInline var merge: String
    @usableFromInline var thisStore: String
    @usableFromInline var otherStore: String
    /// The store of records without a match, for joins that have results for them.
    @usableFromInline var unmatchedStore: String?
}

extension StreamsBuilder {
    /// New names for a join of streams.
    ///
    /// - Parameters:
    ///   - store: the prefix that the user has chosen for the stores' names.
    ///   - keepsLeft: whether left records without a match have results, and `keepsRight` the same for right ones.
    @usableFromInline
    func newStreamJoinNames(_ name: String?, store: String?, keepsLeft: Bool, keepsRight: Bool) -> StreamJoinNames {
        let thisSuffix = keepsRight ? "-outer-this-join" : "-this-join"
        let otherSuffix = keepsLeft ? "-outer-other-join" : "-other-join"
        let thisPrefix = keepsRight ? "KSTREAM-OUTERTHIS-" : "KSTREAM-JOINTHIS-"
        let thisWindow = newName("KSTREAM-WINDOWED-", unless: name, suffix: "-this-windowed")
        let otherWindow = newName("KSTREAM-WINDOWED-", unless: name, suffix: "-other-windowed")
        let thisGenerated = newName(thisPrefix)
        let otherGenerated = newName(keepsLeft ? "KSTREAM-OUTEROTHER-" : "KSTREAM-JOINOTHER-")
        let unmatched =
            store.map { $0 + (keepsRight ? "-outer-shared-join" : "-left-shared-join") }
            ?? "KSTREAM-OUTERSHARED-" + thisGenerated.dropFirst(thisPrefix.count)
        return StreamJoinNames(
            thisWindow: thisWindow, otherWindow: otherWindow, thisJoin: name.map { $0 + thisSuffix } ?? thisGenerated,
            otherJoin: name.map { $0 + otherSuffix } ?? otherGenerated,
            merge: newName("KSTREAM-MERGE-", unless: name, suffix: "-merge"),
            thisStore: (store.map { $0 + thisSuffix } ?? thisGenerated) + "-store",
            otherStore: (store.map { $0 + otherSuffix } ?? otherGenerated) + "-store",
            unmatchedStore: keepsLeft ? unmatched + "-store" : nil)
    }

    /// Adds the element that puts a stream's records into their window.
    @usableFromInline
    func addJoinWindow(_ element: ProcessorElement, of stream: Int) -> Int {
        add([.processor(element)], named: element.name, to: [stream], values: .none, isMaterialized: true)
    }

    /// Adds a join of two streams downstream of their windows.
    ///
    /// - Parameters:
    ///   - selfJoin: replaces all pieces if both streams turn out to be the same; `nil` if their types differ.
    @usableFromInline
    func addStreamJoin(
        _ elements: [ProcessorElement], named name: String, of streams: [Int], otherWindow: Int,
        selfJoin: ProcessorElement?, acceptsNullKeys: Bool
    ) -> Int {
        let node = add(
            elements.map(PlanElement.processor), named: name, to: streams, values: .none, isMaterialized: false)
        plan[node].isCopartitioned = true
        plan[node].acceptsNullKeys = acceptsNullKeys
        if let selfJoin { plan[node].role = .streamJoin(.init(otherWindow: otherWindow, selfJoin: selfJoin)) }
        return node
    }
}
