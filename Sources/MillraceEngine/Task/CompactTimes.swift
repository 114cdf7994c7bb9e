/// The times of a task's operators in few bytes, for tasks with so many operators that their names do not fit beside an offset.
///
/// The block is a byte for its form, the earliest time in 8 bytes, a byte for the size of what follows for each time, and:
/// - form 1: for each time 4 bytes of its name's hash, and how much later it is. It outlives changes of the topology.
/// - form 2: 8 bytes of the hash of all names together; a bit for each name that says whether it has a time; and for each time
///   how much later it is. It is a third shorter at worst, but is good for the same names only.
struct CompactTimes {
    /// The names of all times that the task may keep, in order.
    let names: [String]

    private enum Form: UInt8 {
        case byName = 1
        case byPosition = 2
    }

    /// Appends the times, by name if `maxSize` allows it.
    func append(_ times: [String: Int64], to bytes: inout [UInt8], maxSize: Int) {
        let earliest = times.values.min() ?? 0
        // Times may differ by as much as 64 bits allow.
        let widest = times.values.map { UInt64(bitPattern: $0 &- earliest) }.max() ?? 0
        let width = (UInt64.bitWidth - widest.leadingZeroBitCount + 7) / 8
        let hashes = names.map(Self.shortHash)
        let fits = bytes.count + 10 + times.count * (4 + width) <= maxSize && Set(hashes).count == hashes.count
        bytes.append((fits ? Form.byName : .byPosition).rawValue)
        bytes.append(bigEndian: earliest)
        bytes.append(UInt8(truncatingIfNeeded: width))
        if !fits {
            bytes.append(bigEndian: fingerprint)
            bytes += bitmap(of: times)
        }
        for (name, hash) in zip(names, hashes) {
            guard let timeMs = times[name] else { continue }
            if fits { bytes.append(bigEndian: hash) }
            bytes += UInt64(bitPattern: timeMs &- earliest).bigEndianBytes.suffix(width)
        }
    }

    /// Returns the times in a block for the known names; none if there is no block.
    func times(in bytes: ArraySlice<UInt8>) -> [String: Int64] {
        var rest = bytes
        guard let byte: UInt8 = rest.takeBigEndian(), let form = Form(rawValue: byte),
            let earliest: Int64 = rest.takeBigEndian(), let width: UInt8 = rest.takeBigEndian(), width <= 8
        else { return [:] }
        let laterTimes =
            switch form {
            case .byName: timesByName(in: rest, width: Int(width))
            case .byPosition: timesByPosition(in: rest, width: Int(width))
            }
        return laterTimes.mapValues { earliest &+ Int64(bitPattern: $0) }
    }

    private func timesByName(in bytes: ArraySlice<UInt8>, width: Int) -> [String: UInt64] {
        let byHash = Dictionary(names.map { (Self.shortHash($0), $0) }) { first, _ in first }
        var rest = bytes
        var times: [String: UInt64] = [:]
        while let hash: UInt32 = rest.takeBigEndian(), let later: UInt64 = rest.takeBigEndian(size: width) {
            if let name = byHash[hash] { times[name] = later }
        }
        return times
    }

    private func timesByPosition(in bytes: ArraySlice<UInt8>, width: Int) -> [String: UInt64] {
        var rest = bytes
        guard let stored: UInt64 = rest.takeBigEndian(), stored == fingerprint else { return [:] }
        let bits = Array(rest.prefix((names.count + 7) / 8))
        rest = rest.dropFirst(bits.count)
        var times: [String: UInt64] = [:]
        for (position, name) in names.enumerated() where position / 8 < bits.count {
            guard bits[position / 8] & 1 << (position % 8) != 0 else { continue }
            guard let later: UInt64 = rest.takeBigEndian(size: width) else { break }
            times[name] = later
        }
        return times
    }

    private func bitmap(of times: [String: Int64]) -> [UInt8] {
        var bits = [UInt8](repeating: 0, count: (names.count + 7) / 8)
        for (position, name) in names.enumerated() where times[name] != nil {
            bits[position / 8] |= 1 << (position % 8)
        }
        return bits
    }

    private var fingerprint: UInt64 { Self.hash(names.joined(separator: "\0")) }

    private static func shortHash(_ name: String) -> UInt32 {
        let long = hash(name)
        return UInt32(truncatingIfNeeded: long ^ long >> 32)
    }

    /// FNV-1a.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
