import HTTPTypes
import Millrace

/// A read of one key: which of its entries are asked for.
struct KeyRead: Sendable {
    /// The result of the read.
    enum Found: Sendable {
        /// The entry of a store that has one for each key.
        case entry(StoreEntry?)
        /// The windows, sessions or versions, and where the next ones begin if there are more.
        case entries([StoreEntry], nextFromMs: Int64?)
    }

    var key: [UInt8]
    var windows: ClosedRange<Int64>
    var asOfMs: Int64?
    var wantsVersions: Bool
    var limit: Int

    static let parameters: [Parameter] = [
        .query(
            "window-from", .integer(0...Int64.max),
            "The earliest start of a window, end of a session or moment of a version, in milliseconds."),
        .query(
            "window-to", .integer(0...Int64.max),
            "The latest start of a window or a session, or moment of a version, in milliseconds."),
        .query("as-of", .integer(0...Int64.max), "The moment, in milliseconds, at which a version has to be valid."),
        .query("versions", .flag, "Whether all versions of the key are listed, the oldest first."),
    ]

    init(key: [UInt8], _ parameters: Parameters, limit: Int) throws(Failure) {
        self.key = key
        windows = try parameters.range("window-from", "window-to")
        asOfMs = parameters.integer("as-of")
        wantsVersions = parameters.flag("versions")
        self.limit = limit
    }

    /// Whether at most one entry is asked for.
    func isOfOneEntry(in store: QueryableBytesStore) -> Bool {
        switch store.kind {
        case .window, .timestampedWindow, .session: false
        default: !wantsVersions && asOfMs == nil
        }
    }

    /// Reads the entries in the partitions that a handle has.
    func run(_ store: QueryableBytesStore) throws -> Found {
        switch store.kind {
        case .window, .timestampedWindow:
            return cut(try store.windows(of: key, starting: windows, limit: limit + 1)) { $0.window?.startMs }
        case .session:
            let found = try store.sessions(
                of: key, endingAtOrAfter: windows.lowerBound, startingAtOrBefore: windows.upperBound, limit: limit + 1)
            return cut(found) { $0.window?.endMs }
        default:
            if wantsVersions { return cut(try store.versions(of: key, validWithin: windows)) { $0.timestampMs } }
            if let asOfMs { return .entry(try store.get(key, asOfMs: asOfMs)) }
            return .entry(try store.get(key))
        }
    }

    /// Leaves out what is more than the limit. No two entries of a key are of the same moment.
    private func cut(_ entries: [StoreEntry], _ moment: (StoreEntry) -> Int64?) -> Found {
        guard entries.count > limit else { return .entries(entries, nextFromMs: nil) }
        return .entries(Array(entries.prefix(limit)), nextFromMs: moment(entries[limit]))
    }
}

extension Parameters {
    /// The range of two parameters.
    func range(_ from: String, _ to: String) throws(Failure) -> ClosedRange<Int64> {
        let (lower, upper) = (integer(from) ?? 0, integer(to) ?? .max)
        guard lower <= upper else { throw .badRequest("\(from) is after \(to)", code: "parameter_invalid") }
        return lower...upper
    }
}
