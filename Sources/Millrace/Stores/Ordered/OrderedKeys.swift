/// How the keys of an ordered store lie: where in a key its time is, when entries expire, and what they are found by.
///
/// Entries are kept in segments of time, so that those that have expired go as a whole. What is stored under is
///
///     segment (8 bytes, big endian) + space (1 byte) + the key
///
/// where space 0 holds the values under their own keys and space 1, if there is an index by time, an empty value under the
/// key's times, 8 bytes each, and the key. Space 2 holds the latest version of each key of a versioned store, under the user's
/// key alone, by which they lie in its order. All of a segment lies together, and so do all of a key's entries in it.
package struct OrderedKeys: Hashable, Sendable {
    /// Where a key has its time.
    package enum Time: Hashable, Sendable {
        /// Nowhere.
        case none
        /// Key + start (8 bytes) + sequence number (4 bytes). Kafka: `WindowKeySchema`.
        case window
        /// Key + end (8 bytes) + start (8 bytes). Kafka: `SessionKeySchema`.
        case session
        /// Key + end of a version's validity (8 bytes); the latest version lies elsewhere. Kafka: `RocksDBVersionedStore`.
        case version
    }

    /// When entries expire. Kafka: `AbstractSegments`.
    package struct Expiry: Hashable, Sendable {
        /// How long behind the store's stream time an entry is kept.
        package var retentionMs: Int64
        /// How much time a segment holds.
        package var segmentMs: Int64
        package var visibility: Visibility

        package init(retentionMs: Int64, visibility: Visibility) {
            self.retentionMs = retentionMs
            self.visibility = visibility
            segmentMs = max(retentionMs / 2, 60_000)
        }

        /// From when on an expired entry cannot be seen any more.
        ///
        /// What is open is never hidden by `untilDropped`, and what is closed whoever reads has to know. In Kafka Streams an entry that is in the cache is seen however old it is, and others are not. It shows in the
        /// results, so the kinds of store keep to it: windows and sessions that are handed on with every change are cached,
        /// those that are handed on when they close are not, nor are those of joins.
        package enum Visibility: Hashable, Sendable {
            /// When its segment has expired, and that is so only when the entry is older than the retention by more than some
            /// time, in milliseconds.
            case untilDropped(slackMs: Int64 = 0)
            /// When its segment has expired; below a cache already when it is as old as the retention.
            case withSegment
            /// When it is as old as the retention, in milliseconds less one for a store of windows by time. Kafka:
            /// `AbstractDualSchemaRocksDBSegmentedBytesStore.getActualFrom`.
            case whenExpired(slackMs: Int64 = 0)
        }

        /// How long behind the store's stream time segments are kept at least.
        package var keptMs: Int64 {
            guard case .untilDropped(let slackMs) = visibility else { return retentionMs }
            return (TimeSpan(ms: retentionMs) + TimeSpan(ms: slackMs)).ms
        }

        /// When a segment begins.
        package func startMs(ofSegment segment: Int64) -> Int64 {
            (.epoch + TimeSpan(ms: segmentMs) * segment).ms
        }

        /// Whether an entry that waits in the cache is not seen in the store below it.
        package func hidesBelowCache(_ timeMs: Int64, at streamTimeMs: Int64) -> Bool {
            if case .untilDropped = visibility { return false }
            return timeMs < oldestUnexpiredMs(at: streamTimeMs)
        }

        /// The oldest time that has not expired at a stream time.
        package func oldestUnexpiredMs(at streamTimeMs: Int64) -> Int64 {
            streamTimeMs >= retentionMs ? (Moment(ms: streamTimeMs) - TimeSpan(ms: retentionMs)).next.ms : 0
        }
    }

    package var time: Time
    /// `nil` for a store that keeps everything.
    package var expiry: Expiry?
    package var isTimeIndexed = false

    package init(time: Time, expiry: Expiry?, isTimeIndexed: Bool = false) {
        self.time = time
        self.expiry = expiry
        self.isTimeIndexed = isTimeIndexed
    }
}

extension OrderedKeys {
    /// The bytes behind the user's key.
    package var suffixCount: Int {
        switch time {
        case .none: 0
        case .window: 12
        case .session: 16
        case .version: 8
        }
    }

    /// The time of a key; 0 where it has none.
    package func timeMs(of key: UnsafeRawBufferPointer) -> Int64 {
        guard time != .none, key.count >= suffixCount else { return 0 }
        return Int64(
            bigEndian: key.loadUnaligned(fromByteOffset: key.count - suffixCount, as: Int64.self))
    }

    package func segment(at timeMs: Int64) -> Int64 {
        guard let expiry else { return 0 }
        return max(0, timeMs) / expiry.segmentMs
    }

    /// The oldest time that can be seen, given a stream time and the oldest segment that is kept.
    package func oldestVisibleMs(at streamTimeMs: Int64, oldestSegment: Int64) -> Int64 {
        guard let expiry else { return 0 }
        let startMs = expiry.startMs(ofSegment: oldestSegment)
        guard case .whenExpired(let slackMs) = expiry.visibility else { return startMs }
        let unexpired = Moment(ms: expiry.oldestUnexpiredMs(at: streamTimeMs))
        return max(startMs, (unexpired - TimeSpan(ms: slackMs)).ms)
    }

    /// The oldest segment that is kept at a stream time.
    package func oldestLiveSegment(at streamTimeMs: Int64) -> Int64 {
        guard let expiry, streamTimeMs >= expiry.keptMs else { return 0 }
        return segment(at: (Moment(ms: streamTimeMs) - TimeSpan(ms: expiry.keptMs)).ms)
    }

    package static let values: UInt8 = 0
    package static let timeIndex: UInt8 = 1
    package static let latestVersions: UInt8 = 2
    /// The bytes of segment and space.
    package static let prefixCount = 9

    /// Appends the key that a value is stored under.
    package func appendStoredKey(
        _ key: UnsafeRawBufferPointer, segment: Int64, space: UInt8 = OrderedKeys.values, to buffer: inout [UInt8]
    ) {
        Self.appendPrefix(segment: segment, space: space, to: &buffer)
        buffer.append(contentsOf: key)
    }

    /// Appends the key of a value's entry in the index by time.
    package func appendIndexKey(_ key: UnsafeRawBufferPointer, segment: Int64, to buffer: inout [UInt8]) {
        Self.appendPrefix(segment: segment, space: Self.timeIndex, to: &buffer)
        let times = time == .session ? 16 : 8
        let start = max(0, key.count - suffixCount)
        buffer.append(contentsOf: UnsafeRawBufferPointer(rebasing: key[start..<min(key.count, start + times)]))
        buffer.append(contentsOf: key)
    }

    /// The key in an index entry's stored key.
    package func key(ofIndexEntry stored: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: stored.dropFirst(Self.prefixCount + (time == .session ? 16 : 8)))
    }

    package static func appendPrefix(segment: Int64, space: UInt8, to buffer: inout [UInt8]) {
        withUnsafeBytes(of: segment.bigEndian) { buffer.append(contentsOf: $0) }
        buffer.append(space)
    }

    /// Where the store's stream time lies, and the last sequence number, in 8 and 4 bytes: behind all segments.
    package static var progressKey: [UInt8] { lowerBound(ofSegment: .max) }

    /// Everything stored in older segments lies below.
    package static func lowerBound(ofSegment segment: Int64) -> [UInt8] {
        withUnsafeBytes(of: segment.bigEndian) { Array($0) }
    }
}
