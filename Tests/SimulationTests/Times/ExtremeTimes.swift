import Foundation
import Millrace
import MillraceEngine
import MillraceRuntime
import MillraceTesting
import Synchronization

/// Times and durations at the ends of their ranges, and some in between, from a seed.
///
/// `MILLRACE_TIME_SEEDS` is the number of seeds that each test runs, `MILLRACE_TIME_SEED` the first one. A trap ends the whole
/// process, so each run prints its seed beforehand.
struct ExtremeTimes {
    var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    static func seeds(_ count: UInt64) -> Range<UInt64> {
        let environment = ProcessInfo.processInfo.environment
        let first = environment["MILLRACE_TIME_SEED"].flatMap { UInt64($0) } ?? 0
        let count = environment["MILLRACE_TIME_SEEDS"].flatMap { UInt64($0) } ?? count
        return first..<(first.addingReportingOverflow(count).overflow ? .max : first + count)
    }

    static func announce(_ what: String, seed: UInt64) {
        FileHandle.standardError.write(Data("extreme times: \(what), seed \(seed)\n".utf8))
    }

    private static let ends: [Int64] = [
        .min, .min + 1, -1, 0, 1, 2, 59_999, 60_000, 60_001, .max / 2, .max - 60_000, .max - 1, .max,
    ]

    mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    /// Any number of milliseconds.
    mutating func timeMs() -> Int64 {
        switch number(0..<10) {
        case 0, 1: return Self.ends[number(0..<Self.ends.count)]
        case 2: return (1 as Int64) << number(0..<63)
        case 3: return ((1 as Int64) << number(0..<63)) &- 1
        case 4: return Int64.random(in: .min ... .max, using: &random)
        case 5, 6: return .max - Int64.random(in: 0...200, using: &random)
        default: return Int64.random(in: 0...200, using: &random)
        }
    }

    /// A time that a record can have.
    mutating func recordTimeMs() -> Int64 {
        let timeMs = timeMs()
        return timeMs < 0 ? (timeMs == .min ? .max : -timeMs) : timeMs
    }

    /// A duration, rarely a negative one.
    mutating func duration() -> Duration {
        switch number(0..<32) {
        case 0: return .milliseconds(-1)
        case 1: return .seconds(Int64.min)
        case 2, 3: return .zero
        case 4: return .nanoseconds(1)
        case 5: return .seconds(Int64.max)
        case 6: return Duration(secondsComponent: .max, attosecondsComponent: 999_999_999_999_999_999)
        case 7: return .milliseconds(Int64.max)
        case 8: return .milliseconds(Int64.max - 1)
        case 9...13: return .milliseconds((1 as Int64) << number(0..<63))
        case 14...16: return .milliseconds(Int64.random(in: 0 ... .max, using: &random))
        default: return .milliseconds(Int64.random(in: 0...100, using: &random))
        }
    }
}

/// The storage of a seed's stores: in memory, on a simulated disk, or in RocksDB.
struct SeededStorage {
    let storage: StateStorage
    private var directory: URL?

    init(seed: UInt64) throws {
        switch seed % 8 {
        case 7:
            let directory = FileManager.default.temporaryDirectory.appending(path: "times-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            storage = .rocksDB(in: directory.path())
            self.directory = directory
        case 1, 3, 5: storage = .simulatedDisk
        default: storage = .memory
        }
    }

    /// Removes the files on disk. No store may be open.
    func remove() {
        if let directory { try? FileManager.default.removeItem(at: directory) }
    }
}

/// Collects the errors that a processing handler gets. It continues after each of them.
final class SeenErrors: Sendable {
    private let errors = Mutex<[StreamsError]>([])

    var all: [StreamsError] { errors.withLock { $0 } }

    var handlers: ErrorHandlers {
        ErrorHandlers(
            deserialization: { _ in .fail },
            processing: { context in
                self.errors.withLock { $0.append(context.error) }
                return .continue
            }, production: { _ in .fail })
    }
}

extension Int64 {
    init(clamped wide: Int128) { self.init(clamping: wide) }
}
