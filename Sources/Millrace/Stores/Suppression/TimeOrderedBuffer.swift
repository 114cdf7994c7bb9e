/// A buffer of a table's changes as an operator sees it: the newest change of each key, in the order of the times with which
/// the keys were put in. Kafka: `TimeOrderedKeyValueBuffer`.
@usableFromInline
package protocol TimeOrderedBuffer: AnyObject {
    /// The number of keys that it holds.
    var count: Int { get }
    /// The bytes that they take, as Kafka counts them.
    var sizeInBytes: Int { get }
    /// The lowest time of any key; `nil` for an empty buffer.
    var lowestTimeMs: Int64? { get }

    /// Puts a change in. A key that is already there keeps its time and the value that it had before it was put in.
    func put(key: [UInt8], timeMs: Int64, _ change: BufferedChange)

    /// The change with the lowest time, and the lowest key if several have it.
    func first() throws -> (key: [UInt8], change: BufferedChange)?

    /// Removes that change.
    func removeFirst() throws

    /// The change of a key, if it is in the buffer.
    func change(forKey key: [UInt8]) throws -> BufferedChange?
}
