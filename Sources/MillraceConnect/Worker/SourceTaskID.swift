/// A part of a source, as one process at a time reads it.
package struct SourceTaskID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The connector's name.
    package var connector: String
    /// The name of the part.
    package var partition: String

    package init(connector: String, partition: String) {
        self.connector = connector
        self.partition = partition
    }

    /// `orders/public.customers`.
    package var description: String { "\(connector)/\(partition)" }

    package static func < (left: SourceTaskID, right: SourceTaskID) -> Bool {
        (left.connector, left.partition) < (right.connector, right.partition)
    }

    /// The key of its positions in the topic of positions.
    var key: [UInt8] { Array(description.utf8) }
}
