/// The ends of a list of slots, the newest first, and what is in it. The links are in the slots.
struct EntryList {
    var newest = -1
    var oldest = -1
    var bytes = 0
    var count = 0
}

/// The lists of one namespace in a shard.
///
/// Under least recently used everything is in the window. Under W-TinyLFU new entries come into the window, a hundredth of the
/// bytes; the oldest of it go on probation, and those that are read there are protected, up to four fifths.
struct EntryLists {
    enum Kind: Int { case window, probation, protected }

    var name: String
    var lists: InlineArray<3, EntryList> = .init(repeating: EntryList())

    subscript(_ kind: Kind) -> EntryList {
        get { lists[kind.rawValue] }
        set { lists[kind.rawValue] = newValue }
    }

    var count: Int { lists[0].count + lists[1].count + lists[2].count }
    var bytes: Int { lists[0].bytes + lists[1].bytes + lists[2].bytes }
}

/// An entry in a shard.
struct CacheSlot {
    var key: EmbeddingKey
    var hash: UInt64
    /// `nil` for a remembered absence.
    var embedding: Embedding?
    var bytes: Int
    /// The end of its time; `.max` for none.
    var expiresAtMs: Int64
    /// A number that no other entry of the cache has or had.
    var stamp: UInt64
    /// When it was read last: the time, and the number of the read.
    var usedAtMs: Int64
    var usedAt: UInt64
    var list = EntryLists.Kind.window
    /// The lists of its namespace.
    var space: Int
    var newer = -1
    var older = -1
    var isFree = false
}
