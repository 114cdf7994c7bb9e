import Millrace
import Synchronization
import Testing

@testable import MillraceEngine

/// A partition that counts how often it is measured.
private final class MeasuredReader: StoreReader {
    let measurements = Mutex(0)
    let sizeInBytes = Mutex(100)

    var approximateSize: StoreSize? {
        measurements.withLock { $0 += 1 }
        return StoreSize(entryCount: 1, sizeInBytes: sizeInBytes.withLock { $0 })
    }

    func position() throws -> Position { Position(after: TopicPartition(topic: "in", partition: 0), offset: 6) }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try body(nil)
    }

    func snapshot() throws -> any KeyValueBytesStore { throw StreamsError(.storeUnavailable, "only measured") }
    func pin() throws -> (reader: any StoreReader, position: Position) { (self, try position()) }
    func customView() throws -> any Sendable { throw StreamsError(.storeMismatch, "no custom store") }
}

@Suite("The sizes in the catalogue of stores")
struct CatalogueSizeTests {
    private final class Time: Sendable {
        private let now = Mutex(ContinuousClock.now)
        var instant: ContinuousClock.Instant { now.withLock { $0 } }
        func advance(by duration: Duration) { now.withLock { $0 = $0.advanced(by: duration) } }
    }

    private let time = Time()
    private let stores: LocalStores
    private let store: LocalStore

    init() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).groupByKey().count(into: .store("counts"))
        stores = LocalStores(try builder.build(), now: { [time] in time.instant })
        stores.begin([
            TaskID(subtopology: 0, partition: 0): [TopicPartition(topic: "in", partition: 0)],
            TaskID(subtopology: 0, partition: 1): [TopicPartition(topic: "in", partition: 1)],
        ])
        store = try stores.store(named: "counts")
    }

    private var sizes: [Int?] { stores.descriptions.flatMap { $0.partitions.map(\.approximateSizeInBytes) } }

    @Test("a partition is measured once a second, however often it is shown; its position is always the newest")
    func lifetime() {
        let reader = MeasuredReader()
        store.setReader(reader, of: 0)
        for _ in 0..<100 { #expect(sizes == [100, nil]) }
        reader.sizeInBytes.withLock { $0 = 200 }
        time.advance(by: .milliseconds(999))
        #expect(sizes == [100, nil] && reader.measurements.withLock { $0 } == 1)
        #expect(stores.position(of: "counts") == (try? reader.position()))
        time.advance(by: .milliseconds(1))
        #expect(sizes == [200, nil] && reader.measurements.withLock { $0 } == 2)
    }

    @Test("a partition that has moved is measured anew, and the size of one that is gone is forgotten")
    func moves() {
        let (first, second) = (MeasuredReader(), MeasuredReader())
        second.sizeInBytes.withLock { $0 = 5 }
        store.setReader(first, of: 0)
        #expect(sizes == [100, nil])
        store.setReader(second, of: 0)
        #expect(sizes == [5, nil])
        store.setOpen(0, false)
        #expect(sizes == [nil, nil] && stores.position(of: nil).isEmpty)
        store.setReader(first, of: 0)
        #expect(sizes == [100, nil] && first.measurements.withLock { $0 } == 2)
    }

    @Test("there is at most one size for each partition")
    func bound() {
        var measured = MeasuredSizes()
        let now = ContinuousClock.now
        for number in 0..<1_000 {
            let later = now.advanced(by: .milliseconds(number))
            _ = measured.size(of: number % 3, MeasuredReader(), at: later)
        }
        #expect(measured.count == 3)
        for partition in 0..<3 { #expect(measured.size(of: partition, nil, at: now) == nil) }
        #expect(measured.count == 0)
    }
}
