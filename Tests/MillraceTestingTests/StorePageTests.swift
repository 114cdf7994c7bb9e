import Millrace
import MillraceTesting
import Testing

@Suite("Pages of a store")
struct StorePageTests {
    private static let stores = ["counts", "windows", "sessions", "versions"]

    /// Several keys, one of which begins another and one of which is empty, in several segments of time.
    private func driver(onDisk isOnDisk: Bool) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        let events = builder.stream("in", key: .string, value: .string)
        let grouped = events.groupByKey()
        grouped.count(into: .store("counts"))
        grouped.windowedBy(.tumbling(.seconds(20), grace: .seconds(600))).count(into: .store("windows"))
        grouped.windowedBy(.session(gap: .seconds(5), grace: .seconds(600))).count(into: .store("sessions"))
        _ = events.toTable(into: .versioned("versions", historyRetention: .seconds(600)))
        return try TopologyTestDriver(builder.build(), storage: isOnDisk ? .simulatedDisk : .memory)
    }

    private func key(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("pages of any size have together what one page has, in its order, of every range", arguments: [false, true])
    func whole(onDisk: Bool) throws {
        let driver = try driver(onDisk: onDisk)
        let handles = try Self.stores.map { try driver.store(.bytes($0)) }
        let input = driver.inputTopic("in", key: .string, value: .string)
        for step in 0..<30 {
            for name in ["", "a", "ab", "abc", "b", "\u{7f}"] {
                try input.pipe(key: name, value: "v\(step)", timestampMs: Int64(step) * 17_000)
            }
        }
        var ranges = [StoreRange(), StoreRange(from: key("a")), StoreRange(from: key("ab"), through: key("b"))]
        ranges.append(StoreRange(through: key("abc")))
        ranges.append(StoreRange(from: key("b"), through: key("a")))
        for prefix in ["a", "ab", "c"] {
            var range = StoreRange(from: prefix == "ab" ? key("abc") : nil)
            range.prefix = key(prefix)
            ranges.append(range)
        }
        for index in ranges.indices {
            var range = ranges[index]
            range.times = 60_000...220_000
            ranges.append(range)
        }
        for (name, store) in zip(Self.stores, handles) {
            for range in ranges {
                let whole = try store.page(range, limit: 10_000)
                #expect(whole.next == nil)
                #expect(whole.entries.map(\.description) == (try expected(range, of: store)), "\(name) \(range)")
                for limit in [1, 2, 3, 7] {
                    var entries: [StoreEntry] = []
                    var page = try store.page(range, limit: limit)
                    entries += page.entries
                    while let place = page.next {
                        #expect(page.entries.count == limit)
                        page = try store.page(range, after: place, limit: limit)
                        #expect(!page.entries.isEmpty)
                        entries += page.entries
                    }
                    #expect(entries == whole.entries, "\(name) \(range) by \(limit)")
                }
                let small = try store.page(range, limit: 10_000, maxSizeInBytes: 1)
                #expect(small.entries.count == min(1, whole.entries.count))
            }
        }
    }

    /// What the store's own reads have of a range.
    private func expected(_ range: StoreRange, of store: QueryableBytesStore) throws -> [String] {
        let all: [StoreEntry] =
            switch store.kind {
            case .timestampedWindow, .window:
                try store.windows(from: range.lower, through: range.upper, starting: range.times)
            case .session: try store.sessions(from: range.lower, through: range.upper, ending: range.times)
            default: try store.entries(from: range.lower, through: range.upper)
            }
        return all.filter { $0.key.starts(with: range.prefix) }.map(\.description)
    }

    @Test("a place that no page has named gives a page too, and never an entry outside of the range")
    func anyPlace() throws {
        let driver = try driver(onDisk: false)
        let handles = try Self.stores.map { try driver.store(.bytes($0)) }
        let input = driver.inputTopic("in", key: .string, value: .string)
        for step in 0..<20 { try input.pipe(key: "k\(step % 3)", value: "v", timestampMs: Int64(step) * 30_000) }
        for place in [[], [0], [255], Array(repeating: 255, count: 30), Array(repeating: 0, count: 11), key("k1")] {
            for store in handles {
                let page = try store.page(StoreRange(from: key("k1"), through: key("k1")), after: place, limit: 100)
                #expect(page.entries.allSatisfy { $0.key == key("k1") })
            }
        }
    }
}

extension StoreEntry {
    fileprivate var description: String { "\(key) \(String(describing: window)) \(value)" }
}
