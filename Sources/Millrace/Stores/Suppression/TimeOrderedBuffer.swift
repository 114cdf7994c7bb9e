/// A buffer of a table's changes as an operator sees it: the newest change of each key, in the order of the times that the
/// keys were put in with. Kafka: `TimeOrderedKeyValueBuffer`.
@usableFromInline
package protocol TimeOrderedBuffer: AnyObject {
    /// How many keys it holds.
    var count: Int { get }
    /// What they take, as Kafka counts it.
    var sizeInBytes: Int { get }
    /// The lowest time of any key; `nil` for an empty buffer.
    var lowestTimeMs: Int64? { get }

    /// Puts a change in. A key that is there already keeps its time and the value that it had before it was put in.
    func put(key: [UInt8], timeMs: Int64, _ change: BufferedChange)

    /// The change with the lowest time and, of several, the lowest key.
    func first() throws -> (key: [UInt8], change: BufferedChange)?

    /// Takes that change out.
    func removeFirst() throws

    /// The change of a key, if it is in the buffer.
    func change(forKey key: [UInt8]) throws -> BufferedChange?
}
