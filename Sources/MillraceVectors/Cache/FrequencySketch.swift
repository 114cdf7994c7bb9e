/// An estimate of how often keys were read lately: a count-min sketch whose counts are halved again and again.
///
/// Each hash has one byte in each of four rows; the smallest of them is the estimate. It is never too low by anything but the
/// halving, which comes after ten reads for each place of a row, so that what was read often long ago is forgotten.
struct FrequencySketch {
    private var counts: [UInt8]
    private var width: Int
    private var additions = 0

    private static let rowCount = 4
    /// A count that is reached tells nothing more.
    static let largestCount: UInt8 = 15
    private static let largestWidth = 1 << 20
    private static let readsPerPlace = 10

    init(width: Int = 1_024) {
        self.width = width
        counts = Array(repeating: 0, count: width * Self.rowCount)
    }

    /// Makes the rows wider if there are more keys than places. That forgets all counts.
    mutating func reserve(_ keyCount: Int) {
        guard keyCount > width, width < Self.largestWidth else { return }
        self = FrequencySketch(width: width * 2)
    }

    mutating func record(_ hash: UInt64) {
        for row in 0..<Self.rowCount {
            let place = place(of: hash, row)
            if counts[place] < Self.largestCount { counts[place] &+= 1 }
        }
        additions += 1
        if additions >= width * Self.readsPerPlace { age() }
    }

    func estimate(_ hash: UInt64) -> Int {
        var smallest = Self.largestCount
        for row in 0..<Self.rowCount { smallest = min(smallest, counts[place(of: hash, row)]) }
        return Int(smallest)
    }

    private mutating func age() {
        for place in counts.indices { counts[place] >>= 1 }
        additions /= 2
    }

    private func place(of hash: UInt64, _ row: Int) -> Int {
        // Two halves of the hash give each row another place: keys that meet in one row seldom meet in another.
        let mixed = (hash ^ hash >> 31) &* 0xbf58_476d_1ce4_e5b9
        let place = (mixed & 0xffff_ffff) &+ UInt64(row) &* (mixed >> 32 | 1)
        return row &* width &+ Int(place & UInt64(width &- 1))
    }
}
