/// The newest rows of an index, over which there is no graph yet: a search compares all of them.
///
/// One thread adds rows. A view of the rows so far can be read on any thread meanwhile.
final class Tail {
    let rows: GrowingRows
    /// Codes of the rows, which a search reads first; `nil` if they would not be much smaller.
    private var codes: GrowingRows?
    let deaths: DeathTimes
    /// The number of the first log that has the tail's changes.
    var firstLog: Int
    private let keys: KeyList
    let attributes: TailColumns
    private var rowsByKey: [[UInt8]: Int] = [:]

    /// - Parameter capacity: the most rows.
    init(format: IndexFormat, capacity: Int, firstLog: Int) {
        rows = GrowingRows(format: format.exact, expectedCount: capacity)
        codes = format.exact.codes.map { GrowingRows(format: $0, expectedCount: capacity) }
        deaths = DeathTimes(capacity: capacity)
        keys = KeyList(capacity: capacity)
        attributes = TailColumns(format.attributes, capacity: capacity)
        self.firstLog = firstLog
    }

    var count: Int { rows.count }
    var aliveCount: Int { rows.count - deaths.count }
    var isFull: Bool { rows.count >= keys.capacity }

    /// Returns the row of a key that is alive; `nil` if there is none.
    func row(of key: [UInt8]) -> Int? { rowsByKey[key] }

    /// Adds a row.
    ///
    /// - Throws: `VectorProblem` with code `.outOfMemory` or `.invalidRow`.
    func append(_ key: [UInt8], _ entry: IndexEntry) throws(VectorProblem) {
        if isFull { throw VectorProblem(.invalidRow, "the tail has no room for another row") }
        var problem: VectorProblem?
        let number = rows.count
        entry.row.withUnsafeBytes { row in
            do throws(VectorProblem) { try rows.append(row: row) } catch { problem = error }
        }
        if let problem { throw problem }
        if let codes, (try? codes.append(rows.rows.vector(number))) == nil { self.codes = nil }
        keys.append(key)
        attributes.append(entry.attributes)
        rowsByKey[key] = number
    }

    /// Records that the row of a key dies with a commit.
    func remove(_ key: [UInt8], at commit: UInt32) {
        if let row = rowsByKey.removeValue(forKey: key) { deaths.record(row, at: commit) }
    }

    var view: TailView {
        TailView(rows: rows.rows, codes: codes?.rows, keys: keys, deaths: deaths, attributes: attributes)
    }
}

/// The rows of a tail up to some moment.
struct TailView: Sendable {
    let rows: VectorRows
    /// Codes of the rows; `nil` if there are none.
    let codes: VectorRows?
    let keys: KeyList
    let deaths: DeathTimes
    let attributes: TailColumns
}

/// Keys that are added by one thread, in memory that does not move.
// A reader reads only keys that were added before it got to know their number.
final class KeyList: @unchecked Sendable {
    let capacity: Int
    private var count = 0
    private let keys: UnsafeMutablePointer<[UInt8]>

    init(capacity: Int) {
        self.capacity = max(1, capacity)
        keys = .allocate(capacity: self.capacity)
    }

    deinit {
        keys.deinitialize(count: count)
        keys.deallocate()
    }

    func append(_ key: [UInt8]) {
        guard count < capacity else { return }
        (keys + count).initialize(to: key)
        count += 1
    }

    /// Returns a key that was added.
    subscript(_ index: Int) -> [UInt8] { index >= 0 && index < capacity ? keys[index] : [] }
}
