package import Millrace

/// The members of a generation, told apart by their client ids: this application's workers, those of them that run another
/// topology, and members that are not workers of this application.
///
/// Kafka lets every consumer that knows the group's id join, because all consumers offer the usual assignors. A foreign member gets
/// no tasks. Every worker sees the same description of the group and so computes the same assignment.
package struct GroupMembers {
    /// The workers that share the tasks.
    package let workers: [GroupMember]
    /// The client ids of members that are not workers of this application.
    package let foreign: [String]
    /// The worker that this one has to give way to, with how its topology differs; `nil` where this one may stay.
    package let conflict: TopologyConflict?

    /// - Parameter local: the identity of the worker that looks; `nil` to take every member for a worker.
    package init(_ members: [GroupMember], applicationID: String, local: WorkerIdentity?) {
        guard let local else {
            (workers, foreign, conflict) = (members, [], nil)
            return
        }
        let (ours, others) = members.reduce(into: ([GroupMember](), [GroupMember]())) { parts, member in
            if member.isWorker(of: applicationID) { parts.0.append(member) } else { parts.1.append(member) }
        }
        foreign = others.map(\.clientID).sorted()
        let marks = ours.map(\.mark)
        // Workers of versions without a mark count every member and hash the whole client id. While there is one, all workers do
        // so.
        guard !marks.contains(where: { $0 == nil }) else {
            workers = members
            conflict = nil
            return
        }
        // The worker that was started first determines the group's topology. A worker does not give way to its own earlier run.
        var first = (mark: local.mark, name: local.name)
        for member in ours where member.instance != local.instance {
            guard let mark = member.mark else { continue }
            let name = String(member.plainName)
            if (mark.startedMs, name) < (first.mark.startedMs, first.name) { first = (mark, name) }
        }
        let fingerprint = first.mark.fingerprint
        workers = ours.filter { member in
            member.mark?.fingerprint.differences(from: fingerprint).isEmpty ?? true
        }.map(\.withoutMark)
        let differences = local.mark.fingerprint.differences(from: fingerprint)
        conflict = differences.isEmpty ? nil : TopologyConflict(member: first.name, differences: differences)
    }

    /// Returns the worker to which a worker that is about to join would have to give way: any member with another topology is there
    /// already.
    package static func conflict(
        before local: WorkerIdentity, in members: [GroupMember], applicationID: String
    ) -> TopologyConflict? {
        for member in members.sorted(by: { $0.clientID < $1.clientID })
        where member.isWorker(of: applicationID) && member.instance != local.instance {
            let differences = member.mark.map { local.mark.fingerprint.differences(from: $0.fingerprint) } ?? []
            if !differences.isEmpty {
                return TopologyConflict(member: String(member.plainName), differences: differences)
            }
        }
        return nil
    }
}

/// The information about itself that a worker gives to the other members of its group, in its client id.
package struct WorkerIdentity: Sendable {
    /// The worker's name, which stays the same across restarts.
    package let name: String
    package let mark: WorkerMark

    package init(name: String, topology: Topology, startedMs: Int64) {
        self.name = name
        mark = WorkerMark(startedMs: startedMs, fingerprint: TopologyFingerprint(topology))
    }

    /// Returns the worker's client id.
    package func clientID(address: InstanceAddress?) -> String {
        GroupMember.clientID(name: name + mark.text, address: address)
    }

    var instance: Substring { GroupMember(memberID: "", clientID: name).instance }
}

/// The start time and the topology of a worker's instance: `.1.<start>.<fingerprint>` after the worker's number.
package struct WorkerMark: Hashable, Sendable {
    /// Milliseconds since the epoch.
    let startedMs: Int64
    let fingerprint: TopologyFingerprint

    init(startedMs: Int64, fingerprint: TopologyFingerprint) {
        self.startedMs = max(0, startedMs)
        self.fingerprint = fingerprint
    }

    /// - Parameter text: the part after the worker's number.
    init?(_ text: Substring) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].isEmpty, parts[1] == "1", let startedMs = Int64(parts[2], radix: 36),
            let fingerprint = TopologyFingerprint(parts[3])
        else { return nil }
        self.init(startedMs: startedMs, fingerprint: fingerprint)
    }

    var text: String { ".1.\(String(startedMs, radix: 36)).\(fingerprint.text)" }
}

/// A conflict between two topologies in one group.
package struct TopologyConflict: Hashable, Sendable {
    /// The worker that runs the other topology.
    package let member: String
    package let differences: [TopologyFingerprint.Difference]
}

extension GroupMember {
    /// Whether the client id has the form of this application's workers.
    func isWorker(of applicationID: String) -> Bool {
        guard clientID.hasPrefix("\(applicationID)-"), instance != name,
            instance.utf8.count > applicationID.utf8.count + 1
        else { return false }
        let number = tail.prefix { $0 != "." }
        return !number.isEmpty && number.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// The worker's mark; `nil` if there is none that this version understands.
    var mark: WorkerMark? { tail.firstIndex(of: ".").flatMap { WorkerMark(tail[$0...]) } }

    /// The name without the mark.
    var plainName: Substring {
        mark == nil ? name : name[..<(tail.firstIndex(of: ".") ?? name.endIndex)]
    }

    /// The member as the assignment uses it: an upgrade that changes the mark moves no tasks.
    var withoutMark: GroupMember {
        GroupMember(memberID: memberID, clientID: Self.clientID(name: String(plainName), address: address))
    }

    /// The part after the last hyphen of the name.
    private var tail: Substring { name.lastIndex(of: "-").map { name[name.index(after: $0)...] } ?? "" }
}
