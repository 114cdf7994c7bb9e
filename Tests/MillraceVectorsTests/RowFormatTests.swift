import MillraceVectors
import TestSupport
import Testing

@Suite("Formats of rows")
struct RowFormatTests {
    static let all = VectorElement.allCases.flatMap { element in VectorMetric.allCases.map { (element, $0) } }

    private func code(_ body: () throws -> Void) -> VectorProblem.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? VectorProblem)?.code
        }
    }

    /// The distance of one vector's row to the other vector.
    private func distance(_ one: [Float], _ other: [Float], _ format: RowFormat) throws -> Float {
        let rows = GrowingRows(format: format)
        try rows.append(one)
        return try #require(
            try ExactScan.nearest(PreparedQuery(other, format: format), rows: rows.rows, count: 1).first
        ).distance
    }

    @Test("a stride is a multiple of 8, and of whole cache lines where that costs little")
    func strides() throws {
        let expected: [(VectorElement, Int, Int, Int)] = [
            (.float32, 128, 512, 512), (.float32, 1_536, 6_144, 6_144), (.float32, 3, 12, 16),
            (.float32, 100, 400, 448),
            (.float16, 128, 256, 256), (.int8, 128, 136, 136), (.int8, 1_536, 1_544, 1_600), (.binary, 1_536, 192, 192),
            (.binary, 1, 1, 8),
        ]
        for (element, dimensions, size, stride) in expected {
            let format = try RowFormat(dimensions: dimensions, metric: .cosine, element: element)
            #expect(format.sizeInBytes == size)
            #expect(format.strideInBytes == stride, "\(element) \(dimensions)")
        }
    }

    @Test(
        "distances and scores are those of the table, within what the element loses", arguments: all,
        KernelLevel.available)
    func distances(_ kind: (VectorElement, VectorMetric), level: KernelLevel) throws {
        let (element, metric) = kind
        guard element != .binary else { return }
        var random = SeededNumbers(seed: 7)
        for dimensions in [1, 2, 3, 16, 33, 100, 384] {
            let format = try RowFormat(dimensions: dimensions, metric: metric, element: element, level: level)
            let one = (0..<dimensions).map { _ in Float.random(in: 0.5...2, using: &random) }
            let other = (0..<dimensions).map { _ in Float.random(in: -2...2, using: &random) }
            let dot = zip(one, other).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            let lengths = [one, other].map { $0.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() }
            let difference = zip(one, other).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
            let (expected, score): (Double, Double) =
                switch metric {
                case .cosine: (1 - dot / lengths[0] / lengths[1], dot / lengths[0] / lengths[1])
                case .dotProduct: (-dot, dot)
                case .euclidean: (difference, difference.squareRoot())
                }
            let unit = metric == .cosine ? 1 : lengths[0] * lengths[1] + difference
            let tolerance = (element == .int8 ? 0.02 : element == .float16 ? 2e-3 : 1e-5) * unit
            let found = try distance(one, other, format)
            #expect((Double(found) - expected).magnitude <= tolerance, "\(dimensions)")
            #expect(
                (Double(format.score(ofDistance: found)) - score).magnitude <= max(tolerance, tolerance.squareRoot()))
            // A vector is at its own row, up to rounding; the query is not rounded to halves.
            let rounding = element == .float16 ? 1e-3 : 2e-6
            if metric != .dotProduct { #expect(Double(try distance(one, one, format).magnitude) <= rounding * unit) }
        }
    }

    @Test("bits are signs, and their distance is the number of different ones", arguments: VectorMetric.allCases)
    func bits(metric: VectorMetric) throws {
        let format = try RowFormat(dimensions: 10, metric: metric, element: .binary)
        let vector: [Float] = [1, -1, 0, 3, -2, 5, -1, 2, 9, 0.5]
        #expect(try format.row(of: vector).prefix(2) == [0b1010_1001, 0b11])
        #expect(try distance(vector, vector.map { -$0 }, format) == 9)
        #expect(format.score(ofDistance: 10) == -1 && format.score(ofDistance: 0) == 1)
        let decoded = try format.row(of: vector).withUnsafeBytes { try format.vector(of: $0) }
        #expect(decoded == [1, -1, -1, 1, -1, 1, -1, 1, 1, 1])
    }

    @Test("a row becomes the vector again, within what the element loses", arguments: all)
    func decodes(element: VectorElement, metric: VectorMetric) throws {
        guard element != .binary else { return }
        let vector: [Float] = [3, -4, 0, 12, -0.0]
        let format = try RowFormat(dimensions: 5, metric: metric, element: element)
        let decoded = try format.row(of: vector).withUnsafeBytes { try format.vector(of: $0) }
        let length: Float = metric == .cosine ? 13 : 1
        for (found, component) in zip(decoded, vector) {
            #expect((found - component / length).magnitude <= (element == .int8 ? 0.05 : 0.001) * 12 / length)
        }
        #expect(decoded[4].sign == .plus)
        if element == .float32, metric != .cosine { #expect(decoded == vector) }
        #expect(throws: VectorProblem.self) {
            try [UInt8](repeating: 0, count: format.sizeInBytes - 1).withUnsafeBytes { try format.vector(of: $0) }
        }
    }

    @Test("what cannot be compared is refused, by code", arguments: all)
    func problems(element: VectorElement, metric: VectorMetric) throws {
        let format = try RowFormat(dimensions: 3, metric: metric, element: element)
        let rows = GrowingRows(format: format)
        try rows.append([1, 2, 3])
        let refused: [([Float], VectorProblem.Code)] = [
            ([], .wrongDimensions), ([1, 2], .wrongDimensions), ([1, 2, 3, 4], .wrongDimensions),
            ([.nan, 1, 1], .notFinite), ([1, .infinity, 1], .notFinite), ([1, 1, -.infinity], .notFinite),
        ]
        for (vector, expected) in refused {
            #expect(code { try rows.append(vector) } == expected)
            #expect(code { _ = try PreparedQuery(vector, format: format) } == expected)
        }
        let isCosine = metric == .cosine
        #expect(code { try rows.append([0, -0, 0]) } == (isCosine ? .zeroVector : nil))
        #expect(code { try rows.append([.greatestFiniteMagnitude, 1, 1]) } == (isCosine ? nil : .tooLarge))
        #expect(code { try rows.append([.leastNonzeroMagnitude, 0, 0]) } == nil)
        #expect(code { try rows.append([65_520, 1, 1]) } == (element == .float16 && !isCosine ? .tooLarge : nil))
        #expect(code { try rows.append([65_519, 1, 1]) } == nil)
        // The refused ones have left no trace.
        let all = try ExactScan.nearest(PreparedQuery([1, 2, 3], format: format), rows: rows.rows, count: 100)
        #expect(all.count == rows.count && all.allSatisfy { $0.distance.isFinite })
    }

    @Test("the longest vectors that are possible have finite distances", arguments: [VectorElement.float32, .int8])
    func longest(element: VectorElement) throws {
        for metric in VectorMetric.allCases {
            let format = try RowFormat(dimensions: 4, metric: metric, element: element)
            let largest = Float(RowFormat.largestLength / 2) * 0.999
            let one = [Float](repeating: largest, count: 4)
            #expect(try distance(one, one, format).isFinite)
            #expect(try distance(one, one.map { -$0 }, format).isFinite)
            #expect(try distance(one, [largest, 1e-30, 0, 0], format).isFinite)
        }
    }

    @Test("dimensions are checked")
    func dimensions() {
        for dimensions in [Int.min, -1, 0, 65_537, .max] {
            #expect(code { _ = try RowFormat(dimensions: dimensions, metric: .cosine) } == .invalidFormat)
        }
        #expect(code { _ = try RowFormat(dimensions: 65_536, metric: .cosine) } == nil)
    }
}
