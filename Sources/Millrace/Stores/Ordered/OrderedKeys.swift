/// The layout of the keys of an ordered store: where a key has its time, when entries expire, and how entries are found.
///
/// Entries are kept in segments of time, so that expired ones are dropped as a whole. Each is stored under
///
///     segment (8 bytes, big endian) + space (1 byte) + the key
///
/// where space 0 holds the values under their own keys. Space 1, if there is an index by time, holds an empty value under
/// the key's times, 8 bytes each, and the key. Space 2 holds the latest version of each key of a versioned store, under the
/// user's key alone, and so in the order of these keys. All entries of a segment are adjacent, and so are all entries of a
/// key in it.
package struct OrderedKeys: Hashable, Sendable {
    /// The position of the time in a key.
    package enum Time: Hashable, Sendable {
        /// The key has no time.
        case none
        /// Key + start (8 bytes) + sequence number (4 bytes). Kafka: `WindowKeySchema`.
        case window
        /// Key + end (8 bytes) + start (8 bytes). Kafka: `SessionKeySchema`.
        case session
        /// Key + end of a version's validity (8 bytes); the latest version is stored elsewhere. Kafka:
        /// `RocksDBVersionedStore`.
        case version
    }

    /// The rule by which entries expire. Kafka: `AbstractSegments`.
    package struct Expiry: Hashable, Sendable {
        /// The greatest distance to the store's stream time at which an entry is kept.
        package var retentionMs: Int64
        /// The span of time that a segment holds.
        package var segmentMs: Int64
        package var visibility: Visibility

        package init(retentionMs: Int64, visibility: Visibility) {
            self.retentionMs = retentionMs
            self.visibility = visibility
            segmentMs = max(retentionMs / 2, 60_000)
        }

        /// The rule for when an expired entry becomes invisible.
        ///
        /// `untilDropped` never hides an open entry; a reader has to know for itself which entries are closed. In Kafka
        /// Streams an entry in the cache is visible however old it is, and other entries are not. This affects the results,
        /// so the kinds of store do the same: windows and sessions that are forwarded with every change are cached, while
        /// those that are forwarded when they close and those of joins are not.
        package enum Visibility: Hashable, Sendable {
            /// Invisible once its segment has expired. That happens only if the entry is older than the retention by more
            /// than some time, in milliseconds.
            case untilDropped(slackMs: Int64 = 0)
            /// Invisible once its segment has expired; below a cache, already when it is as old as the retention.
            case withSegment
            /// Invisible once it is as old as the retention, in milliseconds, less one for a store of windows by time.
            /// Kafka: `AbstractDualSchemaRocksDBSegmentedBytesStore.getActualFrom`.
            case whenExpired(slackMs: Int64 = 0)
        }

        /// The shortest distance to the store's stream time within which segments are kept.
        package var keptMs: Int64 {
            guard case .untilDropped(let slackMs) = visibility else { return retentionMs }
            return (TimeSpan(ms: retentionMs) + TimeSpan(ms: slackMs)).ms
        }

        /// The start of a segment.
        package func startMs(ofSegment segment: Int64) -> Int64 {
            (.epoch + TimeSpan(ms: segmentMs) * segment).ms
        }

        /// Whether an entry that waits in the cache is invisible in the store below it.
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
    /// The rule by which entries expire; `nil` for a store that keeps everything.
    package var expiry: Expiry?
    package var isTimeIndexed = false

    package init(time: Time, expiry: Expiry?, isTimeIndexed: Bool = false) {
        self.time = time
        self.expiry = expiry
        self.isTimeIndexed = isTimeIndexed
    }
}

extension OrderedKeys {
    /// The number of bytes after the user's key.
    package var suffixCount: Int {
        switch time {
        case .none: 0
        case .window: 12
        case .session: 16
        case .version: 8
        }
    }

    /// The time of a key; 0 if it has none.
    package func timeMs(of key: UnsafeRawBufferPointer) -> Int64 {
        guard time != .none, key.count >= suffixCount else { return 0 }
        return Int64(
            bigEndian: key.loadUnaligned(fromByteOffset: key.count - suffixCount, as: Int64.self))
    }

    package func segment(at timeMs: Int64) -> Int64 {
        guard let expiry else { return 0 }
        return max(0, timeMs) / expiry.segmentMs
    }

    /// The oldest time that is visible, given a stream time and the oldest segment that is kept.
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
    /// The number of bytes of segment and space.
    package static let prefixCount = 9

    /// Appends the key under which a value is stored.
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

    /// The key of the store's stream time and last sequence number, in 8 and 4 bytes. It is above all segments.
    package static var progressKey: [UInt8] { lowerBound(ofSegment: .max) }

    /// Returns the bound below which everything in older segments is stored.
    package static func lowerBound(ofSegment segment: Int64) -> [UInt8] {
        withUnsafeBytes(of: segment.bigEndian) { Array($0) }
    }
}
