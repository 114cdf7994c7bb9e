/// The context that a processor gets when its task starts: its outputs, its stores, time and punctuations.
///
/// ```swift
/// amounts.process(named: "route") { (context: ProcessorContext<String, Double>) in
///     let alarms: ProcessorChild<String, Double> = try context.child(named: "alarms")
///     return { record in
///         try context.forward(record, to: "archive")
///         if record.value ?? 0 > 1_000 { try alarms.forward(record) }
///     }
/// }
/// ```
///
/// Kafka: `org.apache.kafka.streams.processor.api.ProcessorContext`. `Key` and `Value` are the types of the records that the
/// processor forwards.
public struct ProcessorContext<Key, Value>: ProcessingContext {
    public let node: ProcessorNode
    @usableFromInline let forwardToAll: Forward<Key, Value>

    @usableFromInline
    init(_ node: ProcessorNode) throws {
        self.node = node
        forwardToAll = try node.all(Record<Key, Value>.self)
    }

    /// Hands a record to everything directly downstream of the processor.
    ///
    /// - Throws: `StreamsError` of an operator downstream. Pass it on: the record is not committed.
    @inlinable
    public func forward(_ record: Record<Key, Value>) throws { try node.forward(record, to: forwardToAll) }

    /// Hands a record to one operator directly downstream of the processor.
    ///
    /// - Parameters:
    ///   - record: the record.
    ///   - child: the operator's name.
    /// - Throws: `StreamsError` with code `.invalidTopology` if there is no operator of this name directly downstream.
    public func forward(_ record: Record<Key, Value>, to child: String) throws {
        try node.forward(record, to: node.child(named: child, Record<Key, Value>.self))
    }

    /// Returns one operator directly downstream of the processor, so that it need not be looked up for each record. It may
    /// take other types than the processor's other outputs.
    ///
    /// - Parameters:
    ///   - child: the operator's name.
    ///   - type: the type of the records that the operator takes.
    /// - Throws: `StreamsError` with code `.invalidTopology` if there is no operator of this name directly downstream, or if
    ///   it takes other types.
    public func child<ChildKey, ChildValue>(
        named child: String, of type: Record<ChildKey, ChildValue>.Type = Record<ChildKey, ChildValue>.self
    ) throws -> ProcessorChild<ChildKey, ChildValue> {
        ProcessorChild(node: node, target: try node.child(named: child, type))
    }
}

/// One operator directly downstream of a processor.
public struct ProcessorChild<Key, Value> {
    @usableFromInline let node: ProcessorNode
    @usableFromInline let target: Forward<Key, Value>

    /// Hands a record to the operator.
    ///
    /// - Throws: `StreamsError` of an operator downstream. Pass it on: the record is not committed.
    @inlinable
    public func forward(_ record: Record<Key, Value>) throws { try node.forward(record, to: target) }
}

/// A processor that is a type, for when a closure would get too long. It is made when a task starts.
///
/// ```swift
/// struct Sum: Processor {
///     let context: ProcessorContext<String, Double>
///     var sum = 0.0
///
///     mutating func process(_ record: Record<String, Double>) throws {
///         sum += record.value ?? 0
///         try context.forward(record.with(value: sum))
///     }
/// }
/// amounts.process { context in Sum(context: context) }
/// ```
///
/// Kafka: `org.apache.kafka.streams.processor.api.Processor`.
public protocol Processor<Key, Value>: SendableMetatype {
    /// The keys of the records that it gets.
    associatedtype Key
    /// The values of the records that it gets.
    associatedtype Value

    /// Processes a record; the processor may forward any records through its context.
    ///
    /// - Throws: anything; it goes to the processing handler as a `StreamsError` with code `.processing`.
    mutating func process(_ record: Record<Key, Value>) throws

    /// Releases the processor's resources; called once when the task ends. Does nothing by default.
    ///
    /// - Throws: anything; it ends the task as a `StreamsError`.
    mutating func close() throws
}

extension Processor {
    public mutating func close() throws {}
}
