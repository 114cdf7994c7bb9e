package import KafkaClient
import Millrace

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A place in partitions, as a person writes it.
package enum LogLocation: Sendable, Hashable {
    /// The first record that is still there.
    case beginning
    /// Behind the last record that there is now.
    case end
    /// The same offset in every partition.
    case offset(Int64)
    /// The first record at or after a time, in milliseconds since 1970.
    case time(Int64)

    /// Reads `beginning`, `end`, an offset such as `120`, a time such as `2026-11-29T12:00:00Z` or `2026-11-29`, or a time before
    /// now such as `-90s`, `-10m`, `-2h`, `-1d`.
    package init?(_ text: String, nowMs: Int64) {
        if text == "beginning" {
            self = .beginning
        } else if text == "end" || text == "now" {
            self = .end
        } else if text.hasPrefix("-") {
            let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
            guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropFirst().dropLast()),
                count >= 0
            else { return nil }
            let (span, overflows) = count.multipliedReportingOverflow(by: unit)
            guard !overflows, span <= nowMs else { return nil }
            self = .time((Moment(ms: nowMs) - TimeSpan(ms: span)).ms)
        } else if let offset = Int64(text) {
            guard offset >= 0 else { return nil }
            self = .offset(offset)
        } else {
            let formats = [text, "\(text)Z", "\(text)T00:00:00Z"]
            let dates = formats.lazy.compactMap { text in
                (try? Date.ISO8601FormatStyle().parse(text))
                    ?? (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text))
            }
            guard let date = dates.first else { return nil }
            self = .time(Int64((date.timeIntervalSince1970 * 1_000).rounded()))
        }
    }

    /// The syntax in words, for help and errors.
    package static let syntax =
        "beginning, end, an offset, a time (2026-11-29T12:00:00Z) or a time before now (-90s, -10m, -2h, -1d)"
}

extension ClusterConnection {
    /// Returns the offsets that places stand for, within what there is.
    package func offsets(
        of place: LogLocation, in marks: [TopicPartition: Watermarks]
    ) throws(OperationError) -> [TopicPartition: Int64] {
        switch place {
        case .beginning: return marks.mapValues(\.low)
        case .end: return marks.mapValues(\.high)
        case .offset(let offset): return marks.mapValues { min(max(offset, $0.low), max($0.low, $0.high)) }
        case .time(let ms):
            let found = try offsets(at: marks.mapValues { _ in ms })
            var offsets: [TopicPartition: Int64] = [:]
            for (partition, marks) in marks { offsets[partition] = found[partition] ?? marks.high }
            return offsets
        }
    }
}

/// A time as people and programs read it: ISO 8601 in UTC, to the millisecond.
package func timeText(ms: Int64) -> String {
    guard ms >= 0, ms < 253_402_300_800_000 else { return "\(ms) ms" }
    // Foundation cuts off what a Double is short of.
    let second = Date(timeIntervalSince1970: Double(ms / 1_000)).formatted(Date.ISO8601FormatStyle())
    let fraction = "\(ms % 1_000 + 1_000)".dropFirst()
    return "\(second.dropLast()).\(fraction)Z"
}

/// The time now, in milliseconds since 1970.
package func currentMs() -> Int64 { Int64(Date.now.timeIntervalSince1970 * 1_000) }
