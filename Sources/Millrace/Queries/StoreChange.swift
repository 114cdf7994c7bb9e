/// A committed change of a store, as bytes.
public struct StoreChange: Sendable, Hashable {
    /// The partition of the store's changelog that has the change.
    public var changelog: TopicPartition
    /// The offset of the change in the changelog.
    public var offset: Int64
    /// The key, without its window.
    public var key: [UInt8]
    /// The window or session of the value; `nil` in stores without windows. A window store does not know the window's end, so its
    /// start is given for it.
    public var window: Window?
    /// The new value, without a timestamp; `nil` if the entry was deleted.
    public var value: [UInt8]?
    /// The change's timestamp in milliseconds since the epoch. A version is valid from this moment on.
    public var timestampMs: Int64

    /// The position of a reader that has seen this change, in the changelog's partition.
    public var position: Position { Position(after: changelog, offset: offset) }

    /// Reads a changelog's record.
    ///
    /// - Returns: `nil` for a record that is no change of an entry that readers see.
    package init?(
        of store: StorePlan, changelog: TopicPartition, offset: Int64, timestampMs: Int64,
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?
    ) {
        self.changelog = changelog
        self.offset = offset
        self.timestampMs = timestampMs
        self.value = value.map { Array($0) }
        guard case .ordered(let keys) = store.kind.access, keys.time != .none else {
            self.key = Array(key)
            return
        }
        guard key.count >= keys.suffixCount else { return nil }
        self.key = Array(key.dropLast(keys.suffixCount))
        if keys.time == .session {
            window = SessionKey.session(of: key)
        } else {
            if WindowKey.isRemembered(key) { return nil }
            let startMs = WindowKey.startMs(of: key)
            window = Window(startMs: startMs, endMs: startMs)
        }
    }
}

/// The place at which a stream of a store's changes begins.
public enum StoreChangesStart: Sendable, Hashable {
    /// The oldest change that the changelog still has. Older changes of a key may have been removed by compaction; its latest one
    /// is always there.
    case earliest
    /// The end of the changelog: only changes that are committed from now on.
    case latest
    /// Right after what a reader has seen, by the merged positions of the changes. A partition that is missing counts as unread.
    case after(Position)
}

extension QueryableBytesStore {
    /// Returns a change as a JSON object: `key`, `value`, which is null for a deletion, `timestampMs`, and if it has one `window`
    /// with `startMs` and `endMs`.
    public func json(of change: StoreChange) -> String {
        json(key: change.key, window: change.window, value: change.value, timestampMs: change.timestampMs)
    }
}
