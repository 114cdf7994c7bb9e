/// A store that a processor is to be connected to: by its name, or by the builder that it is then made with.
///
/// ```swift
/// payments.process(stores: ["limits", lastPayments]) { (context: ProcessorContext<String, Double>) in … }
/// ```
///
/// A name stands for the store of a table or of another processor.
public protocol ConnectableStore: Sendable {
    /// What the topology needs to know of the store.
    var connection: StoreConnection { get }
}

extension String: ConnectableStore {
    public var connection: StoreConnection { StoreConnection(name: self, plan: nil) }
}

/// The name of a store that a processor is connected to, and how to make it if it is the processor that brings it along.
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
