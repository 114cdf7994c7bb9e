import RocksDB
import Testing

@Suite("Write batches")
struct WriteBatchTests {
    let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    @Test("nothing of a batch is visible before it is written, all of it afterwards")
    func all() throws {
        let database = try Database(path: directory("db"))
        try database.put("old", "a")
        try database.put("old", "b")
        var batch = WriteBatch()
        batch.put("new", "a")
        batch.delete("b")
        batch.put("", "c")
        #expect(try database.get("a") == "old")
        try database.write(batch)
        #expect(try database.get("a") == "new")
        #expect(try database.get("b") == nil)
        #expect(try database.get("c") == "")
    }

    @Test("later writes in a batch win")
    func order() throws {
        let database = try Database(path: directory("db"))
        var batch = WriteBatch()
        batch.put("1", "k")
        batch.delete("k")
        batch.put("2", "k")
        batch.put("1", "l")
        batch.delete("l")
        try database.write(batch)
        #expect(try database.get("k") == "2")
        #expect(try database.get("l") == nil)
    }

    @Test("a range deletion includes the lower bound and excludes the upper; an inverted range deletes nothing")
    func ranges() throws {
        let database = try Database(path: directory("db"))
        for key in ["a", "b", "c", "d"] { try database.put("v", key) }
        try database.flush()
        var batch = WriteBatch()
        batch.deleteRange("b", "d")
        batch.deleteRange("d", "a")
        batch.deleteRange("a", "a")
        let count = batch.count
        #expect(count == 1)
        try database.write(batch)
        #expect(try database.keys() == ["a", "d"])
    }

    @Test("count and size follow the writes, and clearing makes the batch empty again")
    func counting() throws {
        let database = try Database(path: directory("db"))
        var batch = WriteBatch()
        let empty = batch.sizeInBytes
        #expect(empty == 12)
        batch.put("value", "key")
        batch.delete("key")
        var (count, size) = (batch.count, batch.sizeInBytes)
        #expect(count == 2)
        #expect(size > empty + 8)
        batch.clear()
        (count, size) = (batch.count, batch.sizeInBytes)
        #expect(count == 0)
        #expect(size == empty)
        batch.put("v", "other")
        try database.write(batch)
        try database.write(batch)
        #expect(try database.keys() == ["other"])
    }

    @Test("an empty batch may be written")
    func empty() throws {
        let database = try Database(path: directory("db"))
        try database.write(WriteBatch())
        #expect(try database.keys() == [])
    }
}
