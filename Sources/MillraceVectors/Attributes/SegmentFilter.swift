/// A filter of a segment's rows: its tests as ranges of codes.
// The steps and the columns' memory do not change. A search keeps the segment while it uses its filter.
final class SegmentFilter: @unchecked Sendable {
    /// A part of the filter. Those that it consists of follow it.
    private struct Step {
        enum Kind { case test, all, any }

        var kind: Kind
        /// The first step behind this one and its parts.
        var end = 0
        var column = 0
        /// The places of the test's ranges.
        var ranges = 0..<0
        // The only range of a test, which most have.
        var low: UInt32 = 0
        var length: UInt32 = 0
    }

    private let columns: [AttributeColumn]
    private let steps: UnsafeMutableBufferPointer<Step>
    private let codes: UnsafeMutableBufferPointer<UnsafePointer<UInt32>>
    private let ranges: UnsafeMutableBufferPointer<Range<UInt32>>

    init(_ filter: ResolvedFilter, columns: [AttributeColumn]) {
        self.columns = columns
        var (steps, ranges): ([Step], [Range<UInt32>]) = ([], [])
        Self.append(filter, columns, &steps, &ranges)
        self.steps = .allocate(capacity: steps.count)
        _ = self.steps.initialize(from: steps)
        self.ranges = .allocate(capacity: ranges.count)
        _ = self.ranges.initialize(from: ranges)
        codes = .allocate(capacity: columns.count)
        _ = codes.initialize(from: columns.map(\.codes))
    }

    deinit {
        steps.deallocate()
        ranges.deallocate()
        codes.deallocate()
    }

    private static func append(
        _ filter: ResolvedFilter, _ columns: [AttributeColumn], _ steps: inout [Step], _ ranges: inout [Range<UInt32>]
    ) {
        let index = steps.count
        switch filter {
        case .test(let test):
            let found = columns[test.column].codes(fitting: test)
            steps.append(Step(kind: .test, column: test.column, ranges: ranges.count..<ranges.count + found.count))
            if found.count == 1 {
                steps[index].low = found[0].lowerBound
                steps[index].length = UInt32(found[0].count)
            }
            ranges += found
        case .all(let filters):
            steps.append(Step(kind: .all))
            for filter in filters { append(filter, columns, &steps, &ranges) }
        case .any(let filters):
            steps.append(Step(kind: .any))
            for filter in filters { append(filter, columns, &steps, &ranges) }
        }
        steps[index].end = steps.count
    }

    /// Whether a row of the segment fits.
    @inline(__always)
    func fits(_ row: Int) -> Bool {
        let first = steps[0]
        return first.kind == .test ? fits(row, first) : fits(row, step: 0)
    }

    private func fits(_ row: Int, step index: Int) -> Bool {
        let step = steps[index]
        if step.kind == .test { return fits(row, step) }
        var next = index + 1
        while next < step.end {
            if fits(row, step: next) == (step.kind == .any) { return step.kind == .any }
            next = steps[next].end
        }
        return step.kind == .all
    }

    @inline(__always)
    private func fits(_ row: Int, _ test: Step) -> Bool {
        let code = codes[test.column][row]
        if test.ranges.count == 1 { return code &- test.low < test.length }
        var (low, high) = (test.ranges.lowerBound, test.ranges.upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            if ranges[middle].upperBound > code { high = middle } else { low = middle + 1 }
        }
        return low < test.ranges.upperBound && ranges[low].lowerBound <= code
    }

    // MARK: Candidates

    /// The rows of the tests that at least one has to fit; `nil` for all rows of the segment.
    var candidates: RowCandidates? {
        guard let tests = narrowest(0)?.tests else { return nil }
        var parts: [RowCandidates.Part] = []
        for (number, test) in tests.enumerated() {
            let column = columns[steps[test].column]
            for index in steps[test].ranges {
                let (start, end) = (
                    Int(column.starts[Int(ranges[index].lowerBound)]), Int(column.starts[Int(ranges[index].upperBound)])
                )
                guard start < end else { continue }
                parts.append(
                    .init(rows: UnsafeBufferPointer(start: column.rows + start, count: end - start), tag: number))
            }
        }
        if tests.count < 2 { return RowCandidates(parts) }
        // A row that fits several tests is a candidate of the first one only.
        return RowCandidates(parts) { [self] row, tag in
            tests[..<tag].contains { fits(row, steps[$0]) }
        }
    }

    /// Returns tests of which each row that fits a step fits one, and how many rows fit them at most; `nil` for all rows.
    private func narrowest(_ index: Int) -> (tests: [Int], count: Int)? {
        let step = steps[index]
        switch step.kind {
        case .test:
            let column = columns[step.column]
            let count = step.ranges.reduce(0) { count, range in
                let range = ranges[range]
                return count + Int(column.starts[Int(range.upperBound)] - column.starts[Int(range.lowerBound)])
            }
            return ([index], count)
        case .all:
            return parts(of: step, at: index).compactMap(narrowest).min { $0.count < $1.count }
        case .any:
            var all: (tests: [Int], count: Int) = ([], 0)
            for part in parts(of: step, at: index) {
                guard let found = narrowest(part) else { return nil }
                all = (all.tests + found.tests, all.count + found.count)
            }
            // Each candidate is compared with the tests before its own.
            return all.tests.count > 16 ? nil : all
        }
    }

    private func parts(of step: Step, at index: Int) -> [Int] {
        var (parts, next): ([Int], Int) = ([], index + 1)
        while next < step.end {
            parts.append(next)
            next = steps[next].end
        }
        return parts
    }
}
