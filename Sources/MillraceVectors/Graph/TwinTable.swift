/// Finds the node whose row is equal to a given one, byte by byte, among the nodes that were added: a hash table of node numbers.
struct TwinTable {
    private var slots: [UInt32]
    private let rows: VectorRows

    /// Makes a table with room for all rows.
    init(rows: VectorRows) {
        self.rows = rows
        var size = 16
        while size < rows.count * 2 { size *= 2 }
        slots = [UInt32](repeating: noNode, count: size)
    }

    /// Returns the node that was added with a row equal to this node's; adds this node if there is none.
    mutating func firstEqual(to node: UInt32) -> UInt32? {
        let row = bytes(of: node)
        // Swift's hash has a random seed: nobody can send rows that all collide.
        var hasher = Hasher()
        hasher.combine(bytes: row)
        var slot = hasher.finalize() & (slots.count - 1)
        while slots[slot] != noNode {
            let other = bytes(of: slots[slot])
            if row.elementsEqual(other) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = node
        return nil
    }

    private func bytes(of node: UInt32) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: rows.unsafeRow(Int(node)), count: rows.format.sizeInBytes)
    }
}
