/// A store to which a processor is to be connected, given by its name or by a builder that makes it.
///
/// ```swift
/// payments.process(stores: ["limits", lastPayments]) { (context: ProcessorContext<String, Double>) in … }
/// ```
///
/// A name stands for the store of a table or of another processor.
public protocol ConnectableStore: Sendable {
    /// The description of the store for the topology.
    var connection: StoreConnection { get }
}

extension String: ConnectableStore {
    public var connection: StoreConnection { StoreConnection(name: self, plan: nil) }
}

/// The name of a store to which a processor is connected, and how to make it if the processor adds it.
public struct StoreConnection: Sendable {
    /// The store's name.
    public let name: String
    package let plan: StorePlan?

    @usableFromInline
    package init(name: String, plan: StorePlan?) {
        self.name = name
        self.plan = plan
    }
}
