/// A run of bytes with consecutive batches, and an index to find them. It describes a segment file without the file itself.
///
/// The index has an entry for each block, which is some kilobytes of whole batches. An entry takes 40 bytes, in memory
/// and in snapshots.
package struct LogSegment: Hashable, Sendable {
    private struct Block: Hashable, Sendable {
        var firstOffset: Int64
        var lastOffset: Int64
        var position: Int
        /// Of the batches' largest timestamps.
        var leastTimestampMs: Int64
        var greatestTimestampMs: Int64
    }

    /// A block ends with the batch that makes it this large.
    package static let blockSizeInBytes = 32 << 10

    /// No two segments of a storage ever have the same.
    package let number: UInt64
    private var blocks: [Block] = []
    /// The end of the last batch.
    package private(set) var end = 0
    /// The first offset of the last batch.
    package private(set) var lastBaseOffset: Int64 = -1

    package init(number: UInt64) {
        self.number = number
    }

    package var isEmpty: Bool { blocks.isEmpty }
    package var firstOffset: Int64 { blocks.first?.firstOffset ?? -1 }
    package var lastOffset: Int64 { blocks.last?.lastOffset ?? -1 }
    /// The position of the first batch that has not been removed, or of a removed one in the same block.
    package var start: Int { blocks.first?.position ?? end }
    package var sizeInBytes: Int { end - start }
    package var blockCount: Int { blocks.count }

    /// Notes a batch that is at the end.
    package mutating func append(_ header: RecordBatchHeader) {
        let time = header.maxTimestampMs
        let lastOffset = header.baseOffset + Int64(header.lastOffsetDelta)
        if let last = blocks.indices.last, end - blocks[last].position < Self.blockSizeInBytes {
            blocks[last].lastOffset = lastOffset
            blocks[last].leastTimestampMs = min(blocks[last].leastTimestampMs, time)
            blocks[last].greatestTimestampMs = max(blocks[last].greatestTimestampMs, time)
        } else {
            blocks.append(
                Block(
                    firstOffset: header.baseOffset, lastOffset: lastOffset, position: end, leastTimestampMs: time,
                    greatestTimestampMs: time))
        }
        end += header.sizeInBytes
        lastBaseOffset = header.baseOffset
    }

    /// Forgets the blocks that end before the offset.
    package mutating func removeBlocks(endingBefore offset: Int64) {
        blocks.removeFirst(firstBlock { $0.lastOffset >= offset })
    }

    /// The position of the first block that ends at the offset or later; the segment's end if there is none.
    package func position(reaching offset: Int64) -> Int {
        let index = firstBlock { $0.lastOffset >= offset }
        return index < blocks.count ? blocks[index].position : end
    }

    /// The summary of the block at this index, and the position of its bytes.
    package func block(_ index: Int) -> (run: BatchRun, bytes: Range<Int>) {
        let block = blocks[index]
        let blockEnd = index + 1 < blocks.count ? blocks[index + 1].position : end
        let run = BatchRun(
            firstOffset: block.firstOffset, lastOffset: block.lastOffset, sizeInBytes: blockEnd - block.position,
            leastTimestampMs: block.leastTimestampMs, greatestTimestampMs: block.greatestTimestampMs)
        return (run, block.position..<blockEnd)
    }

    /// The index of the first block for which this is true, as it is for all later ones; the block count if there is none.
    private func firstBlock(where isReached: (Block) -> Bool) -> Int {
        var low = 0
        var high = blocks.count
        while low < high {
            let middle = (low + high) / 2
            if isReached(blocks[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension LogSegment {
    func write(to writer: inout BinaryWriter) {
        writer.number(number)
        writer.number(Int64(end))
        writer.number(lastBaseOffset)
        writer.list(blocks) {
            $0.number($1.firstOffset)
            $0.number($1.lastOffset)
            $0.number(Int64($1.position))
            $0.number($1.leastTimestampMs)
            $0.number($1.greatestTimestampMs)
        }
    }

    init(from reader: inout BinaryReader) throws(ChangeFormatError) {
        number = try reader.number()
        end = try reader.size()
        lastBaseOffset = try reader.number()
        blocks = try reader.list { reader throws(ChangeFormatError) in
            Block(
                firstOffset: try reader.number(), lastOffset: try reader.number(), position: try reader.size(),
                leastTimestampMs: try reader.number(), greatestTimestampMs: try reader.number())
        }
        var position = -1
        for block in blocks {
            guard block.position > position, block.position < end, block.firstOffset <= block.lastOffset else {
                throw ChangeFormatError()
            }
            position = block.position
        }
    }
}
