public import Millrace

/// A process of a worker of connectors, as the group of all of them knows it.
public struct WorkerProcess: Sendable, Hashable {
    /// The worker's name with eight random hexadecimal digits, such as `bank-1f3a09c2`.
    public var name: String
    /// The address at which the process answers questions; `nil` if it has no server that the others can reach.
    public var address: InstanceAddress?

    package init(name: String, address: InstanceAddress?) {
        self.name = name
        self.address = address
    }
}
