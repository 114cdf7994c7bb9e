/// The rows of embeddings that are compared one by one with the kernels of the index, in blocks of some hundreds.
///
/// A block of which more than half is dead is dissolved, so that the rows take at most about twice their size.
struct SearchRows {
    private struct Block {
        let rows: GrowingRows
        var keys: [EmbeddingKey] = []
        var stamps: [UInt64] = []
        var isAlive: [Bool] = []
        var aliveCount = 0
    }

    /// The rows as of some moment.
    struct View: Sendable {
        struct Block: Sendable {
            var rows: VectorRows
            var keys: [EmbeddingKey]
            var stamps: [UInt64]
            var isAlive: [Bool]
        }
        var blocks: [Block] = []
    }

    let format: RowFormat
    private var blocks: [Int: Block] = [:]
    private var nextBlock = 0
    private var places: [UInt64: (block: Int, row: Int)] = [:]

    static let blockCount = 1_024

    init(format: RowFormat) { self.format = format }

    var count: Int { places.count }

    /// Adds a row that is encoded already.
    ///
    /// - Throws: `VectorProblem` with code `.outOfMemory`.
    mutating func append(_ key: EmbeddingKey, stamp: UInt64, row: [UInt8]) throws(VectorProblem) {
        var block = blocks.removeValue(forKey: nextBlock) ?? newBlock()
        if block.rows.count >= Self.blockCount {
            let full = block
            nextBlock += 1
            block = newBlock()
            if full.aliveCount > Self.blockCount / 2 {
                blocks[nextBlock - 1] = full
            } else {
                dissolve(full)
                block = blocks.removeValue(forKey: nextBlock) ?? block
            }
        }
        defer { blocks[nextBlock] = block }
        var problem: VectorProblem?
        row.withUnsafeBytes { bytes in
            do throws(VectorProblem) { try block.rows.append(row: bytes) } catch { problem = error }
        }
        if let problem { throw problem }
        places[stamp] = (nextBlock, block.keys.count)
        block.keys.append(key)
        block.stamps.append(stamp)
        block.isAlive.append(true)
        block.aliveCount += 1
    }

    private func newBlock() -> Block {
        Block(rows: GrowingRows(format: format, expectedCount: Self.blockCount))
    }

    /// Removes a row. Returns whether it was there.
    @discardableResult
    mutating func remove(stamp: UInt64) -> Bool {
        guard let place = places.removeValue(forKey: stamp), var block = blocks.removeValue(forKey: place.block) else {
            return false
        }
        block.isAlive[place.row] = false
        block.aliveCount -= 1
        let isCurrent = place.block == nextBlock
        if isCurrent || block.aliveCount > Self.blockCount / 2 {
            blocks[place.block] = block
        } else {
            dissolve(block)
        }
        return true
    }

    /// The rows that are there, in the order in which they came.
    var entries: [(key: EmbeddingKey, stamp: UInt64)] {
        blocks.sorted { $0.key < $1.key }.flatMap { _, block in
            block.keys.indices.filter { block.isAlive[$0] }.map { (block.keys[$0], block.stamps[$0]) }
        }
    }

    /// Puts the living rows of a block that is not the current one into the current one.
    private mutating func dissolve(_ block: Block) {
        let rows = block.rows.rows
        for row in block.keys.indices where block.isAlive[row] {
            guard let bytes = try? rows.withRow(row, { Array($0) }) else { continue }
            // Without memory the row is not found any more; the entry itself stays.
            do { try append(block.keys[row], stamp: block.stamps[row], row: bytes) } catch {
                places[block.stamps[row]] = nil
            }
        }
    }

    var view: View {
        View(
            blocks: blocks.sorted { $0.key < $1.key }.map {
                View.Block(rows: $1.rows.rows, keys: $1.keys, stamps: $1.stamps, isAlive: $1.isAlive)
            })
    }
}
