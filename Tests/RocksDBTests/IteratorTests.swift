import RocksDB
import Testing

@Suite("Iterators")
struct IteratorTests {
    let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    /// The keys a, c, e, g: half of them in a file, half in memory.
    private func filled() throws -> Database {
        let database = try Database(path: directory("db"))
        for key in ["e", "a"] { try database.put("v", key) }
        try database.flush()
        for key in ["g", "c"] { try database.put("v", key) }
        return database
    }

    @Test(
        "bounds hold in both directions, the lower one included, the upper one not",
        arguments: [
            (nil, nil, "aceg"), ("c", nil, "ceg"), (nil, "e", "ac"), ("b", "f", "ce"), ("c", "e", "c"),
            ("d", "e", ""), ("e", "c", ""), ("h", nil, ""), ("", nil, "aceg"), (nil, "", ""),
        ] as [(String?, String?, String)])
    func bounds(lower: String?, upper: String?, expected: String) throws {
        let database = try filled()
        var iterator = try database.iterator(from: lower, to: upper)
        #expect(try iterator.forward().joined() == expected)
        #expect(try iterator.backward().joined() == String(expected.reversed()))
    }

    @Test(
        "a seek finds the key or the next one, a backward seek the key or the one before",
        arguments: [
            ("", "a", nil), ("a", "a", "a"), ("b", "c", "a"), ("g", "g", "g"), ("h", nil, "g"),
        ] as [(String, String?, String?)])
    func seeks(key: String, next: String?, previous: String?) throws {
        let database = try filled()
        var iterator = try database.iterator()
        #expect(try iterator.seek(key) == next)
        #expect(try iterator.seekForPrev(key) == previous)
    }

    @Test("an iterator can change direction, and can be used again after its end")
    func turns() throws {
        let database = try filled()
        var iterator = try database.iterator()
        #expect(try iterator.seek("c") == "c")
        try iterator.next()
        #expect(iterator.key == "e")
        try iterator.prev()
        try iterator.prev()
        #expect(iterator.key == "a")
        let found = try iterator.prev()
        #expect(!found)
        let isValid = iterator.isValid
        #expect(!isValid)
        #expect(try iterator.forward() == ["a", "c", "e", "g"])
    }

    @Test("an iterator returns key and value together, an empty value as empty")
    func entries() throws {
        let database = try Database(path: directory("db"))
        try database.put("", "k")
        var iterator = try database.iterator()
        try iterator.seekToFirst()
        let entry = iterator.withEntry { key, value in (Array(key), Array(value)) }
        #expect(entry.0 == bytes("k"))
        #expect(entry.1 == [])
    }

    @Test("an iterator sees the database as it was when it was made")
    func isolation() throws {
        let database = try filled()
        var iterator = try database.iterator()
        try database.put("v", "b")
        try database.delete("c")
        try database.flush()
        #expect(try iterator.forward() == ["a", "c", "e", "g"])
    }

    @Test("an iterator outlives the closing and the release of its database, and then lets it be opened again")
    func outlives() throws {
        var database: Database? = try filled()
        do {
            var iterator = try #require(database).iterator(from: "b", to: "f")
            #expect(try iterator.seek("b") == "c")
            try database?.close()
            database = nil
            #expect(failure { _ = try Database(path: directory("db")) }?.code == .locked)
            try iterator.next()
            #expect(iterator.key == "e")
            let found = try iterator.next()
            #expect(!found)
        }
        #expect(try Database(path: directory("db")).keys() == ["a", "c", "e", "g"])
    }

    @Test("deleted keys are skipped")
    func deleted() throws {
        let database = try filled()
        try database.delete("a")
        try database.delete("g")
        #expect(try database.keys() == ["c", "e"])
    }
}
