import Millrace
import RiskScore

/// The records that a loop reads, in one block of memory.
package final class LoopInput {
    package struct Entry {
        var key: Range<Int>
        var value: Range<Int>
        package var timestampMs: Int64
    }

    private let memory: UnsafeMutableRawBufferPointer
    package let entries: [Entry]

    package init(_ loop: Loop, count: Int) throws {
        var bytes: [UInt8] = []
        var entries: [Entry] = []
        var random = LoopNumbers(state: 42)
        for index in 0..<count {
            let number = Int(random.next() % UInt64(loop.accounts))
            let digits = String(number)
            let account = "acct-" + String(repeating: "0", count: 6 - digits.count) + digits
            let score = Double(random.next() % 10_000_000_000_000_000) / 1e16
            let timestampMs = 1_700_000_000_000 + Int64(index)
            let keyStart = bytes.count
            try Serde.string.serialize(account, into: &bytes)
            let valueStart = bytes.count
            switch loop {
            case .stateless: try Serde.int64.serialize(Int64(index), into: &bytes)
            case .stateful: try Serde.double.serialize(score, into: &bytes)
            case .risk:
                let text = "{\"account\":\"\(account)\",\"score\":\(score),\"timestampMs\":\(timestampMs)}"
                bytes.append(contentsOf: text.utf8)
            }
            entries.append(
                Entry(key: keyStart..<valueStart, value: valueStart..<bytes.count, timestampMs: timestampMs))
        }
        memory = .allocate(byteCount: bytes.count, alignment: 8)
        memory.copyBytes(from: bytes)
        self.entries = entries
    }

    deinit { memory.deallocate() }

    package func key(_ entry: Entry) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[entry.key])
    }

    package func value(_ entry: Entry) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[entry.value])
    }
}

/// SplitMix64.
package struct LoopNumbers {
    var state: UInt64

    package init(state: UInt64) { self.state = state }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
