/// A column of a segment's attributes: its distinct values in their order, the value of each row, and the rows of each value.
///
/// A row has a code: 0 if the attribute is missing, or the number of its value and one. Every test of the column is a few ranges of codes,
/// and the rows of a range of codes lie together. So the rows that fit are found, and counted, without looking at the others.
///
/// - `values`: for ordinals the values, UInt64. For texts UInt64 offsets, one more than there are values, and the bytes.
/// - `starts`: for each code the place of its first row in `rows`, and the end of the last one: UInt32.
/// - `codes`: the code of each row: UInt32.
/// - `rows`: the rows in the order of their codes, and of their numbers where the codes are equal: UInt32.
// The pointers lead to bytes that do not change while the segment lives, which keeps them.
struct AttributeColumn: @unchecked Sendable {
    let isText: Bool
    let rowCount: Int
    let valueCount: Int
    private let values: UnsafePointer<UInt64>
    private let texts: UnsafeRawBufferPointer
    let starts: UnsafePointer<UInt32>
    let codes: UnsafePointer<UInt32>
    let rows: UnsafePointer<UInt32>

    /// The sizes of a column's parts, each at a multiple of 8 bytes; `nil` if they overflow.
    struct Layout {
        let values: Int
        let texts: Int
        let starts: Int
        let codes: Int

        init?(isText: Bool, rowCount: Int, valueCount: Int, textSize: Int) {
            guard (0...VectorRows.largestCount).contains(rowCount), (0...rowCount).contains(valueCount), textSize >= 0,
                textSize <= Int.max / 2
            else { return nil }
            values = (valueCount + (isText ? 1 : 0)) * 8
            texts = isText ? Self.padded(textSize) : 0
            starts = Self.padded((valueCount + 2) * 4)
            codes = Self.padded(rowCount * 4)
        }

        var totalSizeInBytes: Int { values + texts + starts + 2 * codes }

        static func padded(_ size: Int) -> Int { (size + 7) / 8 * 8 }
    }

    /// Takes a column's bytes, at a multiple of 8, and checks everything in them; `nil` if anything contradicts.
    init?(_ bytes: UnsafeRawBufferPointer, isText: Bool, rowCount: Int, valueCount: Int, textSize: Int) {
        guard
            let layout = Layout(isText: isText, rowCount: rowCount, valueCount: valueCount, textSize: textSize),
            layout.totalSizeInBytes == bytes.count, let base = bytes.baseAddress, Int(bitPattern: base) % 8 == 0
        else { return nil }
        self.isText = isText
        self.rowCount = rowCount
        self.valueCount = valueCount
        values = base.assumingMemoryBound(to: UInt64.self)
        texts = UnsafeRawBufferPointer(start: base + layout.values, count: isText ? textSize : 0)
        let numbers = base + layout.values + layout.texts
        starts = numbers.assumingMemoryBound(to: UInt32.self)
        codes = (numbers + layout.starts).assumingMemoryBound(to: UInt32.self)
        rows = (numbers + layout.starts + layout.codes).assumingMemoryBound(to: UInt32.self)
        guard areValuesValid, areRowsValid else { return nil }
    }

    private var areValuesValid: Bool {
        if isText {
            guard values[0] == 0, values[valueCount] == UInt64(texts.count) else { return false }
            for index in 0..<valueCount where values[index] > values[index + 1] { return false }
        }
        for index in 1..<max(1, valueCount) where !(value(index - 1) < value(index)) { return false }
        return true
    }

    /// Whether the rows of each code are rows with this code, each once.
    private var areRowsValid: Bool {
        guard starts[0] == 0, Int(starts[valueCount + 1]) == rowCount else { return false }
        for code in 0...valueCount {
            guard starts[code] <= starts[code + 1], Int(starts[code + 1]) <= rowCount else { return false }
            var last = -1
            for place in Int(starts[code])..<Int(starts[code + 1]) {
                let row = Int(rows[place])
                guard row > last, row < rowCount, Int(codes[row]) == code else { return false }
                last = row
            }
        }
        return true
    }

    /// Returns one of the values.
    func value(_ index: Int) -> StoredAttribute {
        guard isText else { return .ordinal(values[index]) }
        return .text(Array(UnsafeRawBufferPointer(rebasing: texts[Int(values[index])..<Int(values[index + 1])])))
    }

    /// Returns the value of a row; `nil` if it is missing.
    func value(ofRow row: Int) -> StoredAttribute? {
        guard row >= 0, row < rowCount, codes[row] > 0 else { return nil }
        return value(Int(codes[row]) - 1)
    }

    /// Returns the codes whose rows fit a test, as ranges in their order.
    func codes(fitting test: AttributeTest) -> [Range<UInt32>] {
        let found: [Range<Int>]
        switch test.condition {
        case .oneOf(let wanted):
            found = wanted.compactMap { wanted in
                let index = firstIndex { $0 >= wanted }
                return index < valueCount && value(index) == wanted ? index..<index + 1 : nil
            }
        case .below(let bound, let included): found = [0..<firstIndex { $0 > bound || !included && $0 == bound }]
        case .above(let bound, let included):
            found = [firstIndex { $0 > bound || included && $0 == bound }..<valueCount]
        }
        var ranges: [Range<UInt32>] = []
        for range in found where !range.isEmpty {
            let codes = UInt32(range.lowerBound + 1)..<UInt32(range.upperBound + 1)
            if let last = ranges.last, last.upperBound == codes.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<codes.upperBound
            } else {
                ranges.append(codes)
            }
        }
        return test.isNegated ? complement(of: ranges) : ranges
    }

    private func complement(of ranges: [Range<UInt32>]) -> [Range<UInt32>] {
        var (rest, next): ([Range<UInt32>], UInt32) = ([], 0)
        for range in ranges {
            if next < range.lowerBound { rest.append(next..<range.lowerBound) }
            next = range.upperBound
        }
        let end = UInt32(valueCount + 1)
        if next < end { rest.append(next..<end) }
        return rest
    }

    private func firstIndex(where fits: (StoredAttribute) -> Bool) -> Int {
        (0..<valueCount).partitioningIndex { fits(value($0)) }
    }
}
