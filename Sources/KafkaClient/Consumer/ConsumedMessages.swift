import CRdkafka

/// The records of one poll in librdkafka's memory; only the caller copies them.
///
/// Owns the messages and gives them back when it is released; it keeps the client alive until then.
package final class ConsumedMessages: RandomAccessCollection {
    struct Entry {
        let message: UnsafeMutablePointer<rd_kafka_message_t>
        let slot: Int32
        let topicIndex: Int32
    }

    package let startIndex = 0
    package let endIndex: Int
    private let entries: UnsafeMutablePointer<Entry>
    let table: AssignmentTable
    private let client: ClientHandle

    /// Takes ownership of the `count` first entries and of their messages.
    init(_ entries: UnsafeMutablePointer<Entry>, count: Int, table: AssignmentTable, client: ClientHandle) {
        self.entries = entries
        self.endIndex = count
        self.table = table
        self.client = client
    }

    deinit {
        for index in 0..<endIndex { rd_kafka_message_destroy(entries[index].message) }
        entries.deallocate()
    }

    /// One record. Copy its key and value before you release both it and this object.
    package subscript(index: Int) -> ConsumedMessage {
        precondition(index >= 0 && index < endIndex, "message index out of range")
        return ConsumedMessage(entries[index], of: self)
    }
}
