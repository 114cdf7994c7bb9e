import TestSupport
import Testing

@testable import MillraceVectors

@Suite("Attributes of an index")
struct AttributeColumnTests {
    private func schema() throws -> AttributeSchema {
        try AttributeSchema([
            .init(name: "n", kind: .number), .init(name: "t", kind: .text), .init(name: "f", kind: .flag),
        ])
    }

    private let numbers: [Double?] = [
        nil, 0, -0.0, 1, -1, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
        9_007_199_254_740_991, 9_007_199_254_740_992, 9_007_199_254_740_994, .greatestFiniteMagnitude,
    ]
    private let texts: [String?] = [
        nil, "", "a", "A", "ab", "é", "e\u{301}", "\u{0}", "日本", "🙂", String(repeating: "x", count: 100_000),
        String(repeating: "x", count: 100_001),
    ]

    /// The filters of every comparison with every value, each with what it says.
    private func filters() -> [(AttributeFilter, ([AttributeValue?]) -> Bool)] {
        var filters: [(AttributeFilter, ([AttributeValue?]) -> Bool)] = []
        for bound in numbers.compactMap({ $0 }) {
            func number(_ row: [AttributeValue?]) -> Double? {
                if case .number(let number) = row[0] { number } else { nil }
            }
            let value = AttributeValue.number(bound)
            filters += [
                (.equals("n", value), { number($0).map { $0 == bound } ?? false }),
                (.notEquals("n", value), { number($0).map { $0 != bound } ?? true }),
                (.lessThan("n", value), { number($0).map { $0 < bound } ?? false }),
                (.atMost("n", value), { number($0).map { $0 <= bound } ?? false }),
                (.moreThan("n", value), { number($0).map { $0 > bound } ?? false }),
                (.atLeast("n", value), { number($0).map { $0 >= bound } ?? false }),
                (
                    .noneOf("n", [value, .number(1)]),
                    { number($0).map { $0 != bound && $0 != 1 } ?? true }
                ),
            ]
        }
        for bound in texts.compactMap({ $0 }) {
            func text(_ row: [AttributeValue?]) -> [UInt8]? {
                if case .text(let text) = row[1] { Array(text.utf8) } else { nil }
            }
            let (value, bytes) = (AttributeValue.text(bound), Array(bound.utf8))
            filters += [
                (.equals("t", value), { text($0) == bytes }), (.notEquals("t", value), { text($0) != bytes }),
                (.lessThan("t", value), { text($0)?.lexicographicallyPrecedes(bytes) ?? false }),
                (.atLeast("t", value), { text($0).map { !$0.lexicographicallyPrecedes(bytes) } ?? false }),
                (.oneOf("t", [value, .text("a")]), { text($0) == bytes || text($0) == Array("a".utf8) }),
                (
                    .any([.equals("t", value), .equals("f", .flag(true))]),
                    { text($0) == bytes || $0[2] == .flag(true) }
                ),
                (
                    .all([.noneOf("t", [value]), .notEquals("f", .flag(true))]),
                    { text($0) != bytes && $0[2] != .flag(true) }
                ),
            ]
        }
        return filters
    }

    private func rows() -> [[AttributeValue?]] {
        (0..<400).map { row in
            [
                numbers[row % numbers.count].map(AttributeValue.number),
                texts[row % texts.count].map(AttributeValue.text),
                row % 3 == 0 ? nil : .flag(row % 5 == 0),
            ]
        }
    }

    @Test("whatever they are, each filter fits what it says, in a tail and in a segment")
    func everyComparison() throws {
        let schema = try schema()
        let rows = rows()
        let tail = TailColumns(schema, capacity: rows.count)
        var new = NewSegmentAttributes(schema)
        for row in rows {
            let stored = row.map { $0.flatMap(StoredAttribute.init) }
            tail.append(stored)
            new.append(stored)
        }
        let region = try self.region(of: new.bytes)
        try withExtendedLifetime(region) {
            let segment = try #require(SegmentAttributes(region.bytes, rowCount: rows.count, schema: schema))
            for (filter, fits) in filters() {
                let resolved = try schema.resolve(filter)
                let expected = rows.indices.filter { fits(rows[$0]) }
                let inTail = rows.indices.filter { row in resolved.fits { tail.value($0, row) } }
                #expect(inTail == expected, "\(String(describing: filter).prefix(100)) in a tail")
                let compiled = SegmentFilter(resolved, columns: segment.columns)
                #expect(rows.indices.filter { compiled.fits($0) } == expected)
                // The candidates are at least these, each once.
                var candidates: [Int] = []
                compiled.candidates?.visit { candidates.append($0) }
                #expect(compiled.candidates == nil || Set(candidates).count == candidates.count)
                #expect(compiled.candidates == nil || Set(candidates).isSuperset(of: expected))
            }
            for row in rows.indices { #expect(segment.row(row) == tail.row(row)) }
        }
    }

    private func region(of bytes: [UInt8]) throws -> FileRegion {
        let memory = try NewMemory(sizeInBytes: bytes.count)
        try bytes.withUnsafeBytes { try memory.append($0) }
        return memory.finish()
    }

    @Test("a section with other bytes is refused or stays within its rows")
    func hostileSections() throws {
        let schema = try schema()
        var new = NewSegmentAttributes(schema)
        for row in 0..<40 {
            new.append([
                row % 3 == 0 ? nil : .ordinal(UInt64(row % 7 + 1)), .text(Array("t\(row % 5)".utf8)), .ordinal(1),
            ])
        }
        let bytes = new.bytes
        var numbers = SeededNumbers(seed: 1)
        var refused = 0
        for trial in 0..<3_000 {
            var damaged = bytes
            if trial % 5 == 4 {
                damaged = Array(damaged.prefix(numbers.below(damaged.count)))
            } else {
                for _ in 0...trial % 3 { damaged[numbers.below(damaged.count)] = UInt8(numbers.below(256)) }
            }
            let region = try region(of: damaged)
            withExtendedLifetime(region) {
                guard let read = SegmentAttributes(region.bytes, rowCount: 40, schema: schema) else {
                    refused += 1
                    return
                }
                for row in 0..<40 { #expect(read.row(row).count == 3) }
            }
        }
        #expect(refused > 1_500)
    }

    @Test(
        "a filter that the schema does not allow is refused with a sentence",
        arguments: [
            .equals("x", .number(1)), .equals("n", .text("1")), .lessThan("f", .flag(true)), .oneOf("x", []),
            .all([.equals("n", .number(1)), .any([.equals("t", .flag(true))])]),
            .noneOf("t", [.text("a"), .number(1)]),
            (0..<40).reduce(.all([])) { filter, _ in .any([filter]) },
        ] as [AttributeFilter])
    func refusals(filter: AttributeFilter) throws {
        do {
            _ = try schema().resolve(filter)
            Issue.record("the filter was taken")
        } catch { #expect((error as? VectorProblem)?.code == .invalidFilter) }
    }

    @Test("a schema with two equal names, an empty one or too many is refused")
    func schemas() {
        func refuses(_ names: [String]) -> Bool {
            (try? AttributeSchema(names.map { .init(name: $0, kind: .text) })) == nil
        }
        #expect(refuses(["a", "a"]) && refuses([""]) && refuses((0..<65).map { "\($0)" }))
        #expect(!refuses([]) && !refuses(["a", "b"]))
    }

    @Test("a change of an attribute alone is a change, and entries of another schema are refused")
    func changes() throws {
        let format = try IndexFormat(dimensions: 2, metric: .cosine, element: .float32, attributes: schema())
        let index = try IndexCore(format)
        let key = Array("a".utf8)
        try index.set(key, to: [1, 0], attributes: [.number(1), nil, nil])
        var snapshot = try index.commit(at: "1")
        #expect(try snapshot.search(near: [1, 0], count: 1, matching: .equals("n", .number(1))).count == 1)
        try index.set(key, to: [1, 0], attributes: [.number(2), nil, nil])
        snapshot = try index.commit(at: "2")
        #expect(try snapshot.search(near: [1, 0], count: 1, matching: .equals("n", .number(1))).isEmpty)
        #expect(try snapshot.search(near: [1, 0], count: 1, matching: .equals("n", .number(2))).count == 1)
        #expect(throws: VectorProblem.self) { try index.set(key, to: [1, 0], attributes: [.number(2)]) }
        #expect(throws: VectorProblem.self) { try index.set(key, to: [1, 0], attributes: [.text("2"), nil, nil]) }
    }

    @Test("an expensive question is asked about few entries, the nearest ones", arguments: [2, 10, 500])
    func questions(oneOf: Int) throws {
        let format = try IndexFormat(dimensions: 8, metric: .euclidean, element: .float32)
        var settings = IndexSettings(for: format)
        settings.tailCount = 1_000
        let index = try IndexCore(format, settings: settings)
        var numbers = SeededNumbers(seed: 3)
        var model = IndexModel()
        for number in 0..<4_500 {
            let vector = (0..<8).map { _ in Float.random(in: -1...1, using: &numbers) }
            try index.set(Array("\(number)".utf8), to: vector)
            model.set("\(number)", to: vector)
        }
        let snapshot = try index.commit(at: "1")
        let query = [Float](repeating: 0, count: 8)
        var asked: [String] = []
        let passes = { (key: String) in (Int(key) ?? 0) % oneOf == 0 }
        let found = try snapshot.keys(near: query, count: 5, effort: 64) { key in
            asked.append(key)
            return passes(key)
        }
        #expect(model.isNearest(found, to: query, count: 5, metric: .euclidean, where: passes))
        #expect(Set(asked).count == asked.count)
        #expect(oneOf == 500 || asked.count < 5 * oneOf * 6)
    }
}
