public import Millrace
package import MillraceEngine

/// A process of a worker of connectors, as the group of all of them knows it.
public struct WorkerProcess: Sendable, Hashable {
    /// The worker's name with eight random hexadecimal digits, such as `bank-1f3a09c2`.
    public var name: String
    /// The address at which the process answers questions; `nil` if it has no server that the others can reach.
    public var address: InstanceAddress?
    /// The connectors that it says it has; `nil` if it says nothing.
    package var connectors: AnnouncedConnectors?

    package init(name: String, address: InstanceAddress?) {
        self.name = name
        self.address = address
    }

    /// - Parameter member: a member of the group of the worker's processes.
    package init(_ member: GroupMember) {
        let end = member.name.firstIndex(of: ";") ?? member.name.endIndex
        self.init(name: String(member.name[..<end]), address: member.address)
        connectors = AnnouncedConnectors(member.name[end...])
    }

    /// Returns the client id that a process has in that group.
    package static func clientID(
        name: String, address: InstanceAddress?, connectors: AnnouncedConnectors
    ) -> String {
        GroupMember.clientID(name: name + connectors.text, address: address)
    }
}
