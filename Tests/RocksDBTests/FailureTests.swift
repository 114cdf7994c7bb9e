import Foundation
import RocksDB
import Testing

@Suite("Failures")
struct FailureTests {
    let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    @Test(
        "RocksDB's messages become codes",
        arguments: [
            ("IO error: While lock file: /d/LOCK: Resource temporarily unavailable", .locked),
            ("IO error: lock hold by current process, acquire time 1: /d/LOCK: No locks available", .locked),
            ("IO error: No space left on device: While appending to file: /d/7.sst: ENOSPC", .noSpace),
            ("IO error: While mkdir if missing: /d: No space left on device", .noSpace),
            ("IO error: While appending to file: /d/7.sst: Disk quota exceeded", .noSpace),
            ("IO error: While appending to file: /d/7.sst: File too large", .noSpace),
            ("IO error: Space limit reached: max allowed space was reached", .noSpace),
            ("IO error: No such file or directory: While opening a file: /d/7.sst", .ioError),
            ("Corruption: block checksum mismatch", .corruption),
            ("Invalid argument: /d: does not exist (create_if_missing is false)", .invalidArgument),
            ("NotFound: ", .notFound), ("Not implemented: ", .notSupported), ("Resource busy: ", .busy),
            ("Operation failed. Try again.: ", .busy), ("Operation aborted: ", .aborted),
            ("Operation timed out: ", .timedOut), ("Shutdown in progress: ", .shutdownInProgress),
            ("Something new: x", .other), ("", .other),
        ] as [(String, RocksDBError.Code)])
    func codes(text: String, code: RocksDBError.Code) {
        let error = RocksDBError(statusText: text, operation: "open", path: "/d")
        #expect(error.code == code)
        #expect(error.message == text)
    }

    @Test("an error names the operation and the database")
    func context() throws {
        let path = directory("missing/parent")
        let error = try #require(failure { _ = try Database(path: path) })
        #expect(error.code == .ioError)
        #expect(error.operation == "open")
        #expect(error.path == path)
        #expect(error.description.contains(path))
    }

    @Test("a database that this process has open is locked")
    func locked() throws {
        let first = try Database(path: directory("db"))
        #expect(failure { _ = try Database(path: directory("db")) }?.code == .locked)
        try first.put("v", "k")
        try first.close()
        #expect(try Database(path: directory("db")).get("k") == "v")
    }

    @Test("a database that another process has open is locked")
    func lockedByProcess() async throws {
        let database = try Database(path: directory("db"))
        let path = directory("db")
        await #expect(processExitsWith: .exitCode(73)) { [path = path as String] in
            exit(failure { _ = try Database(path: path) }?.code == .locked ? 73 : 1)
        }
        try database.put("v", "k")
    }

    @Test("a missing database is not created if it should not be")
    func missing() throws {
        var options = DatabaseOptions()
        options.createIfMissing = false
        #expect(failure { _ = try Database(path: directory("db"), options: options) }?.code == .invalidArgument)
    }

    @Test("a path that C would truncate is refused", arguments: ["", "/tmp/a\0b"])
    func paths(path: String) {
        #expect(failure { _ = try Database(path: path) }?.code == .invalidArgument)
        #expect(failure { try Database.destroy(path: path) }?.code == .invalidArgument)
    }

    /// A closed database with one file of about 1,000 entries.
    private func written() throws {
        let database = try Database(path: directory("db"))
        for index in 1_000..<2_000 { try database.put("value \(index)", "\(index)") }
        try database.close()
    }

    @Test("a damaged block is corruption, for a get and for an iterator, and other blocks stay readable")
    func damagedTable() throws {
        try written()
        let table = try #require(try directory.files(of: "db", suffix: ".sst").first)
        try damage(table, from: 100, count: 20)
        let database = try Database(path: directory("db"))
        #expect(failure { _ = try database.get("1000") }?.code == .corruption)
        #expect(try database.get("1999") == "value 1999")
        let error = try #require(failure { _ = try database.keys() })
        #expect(error.code == .corruption)
        #expect(error.operation == "seekToFirst")
    }

    @Test("a damaged manifest is corruption when opening")
    func damagedManifest() throws {
        try written()
        let manifest = try #require(try directory.files(of: "db", prefix: "MANIFEST").first)
        try damage(manifest, from: 0, count: 1_000)
        let error = try #require(failure { _ = try Database(path: directory("db")) })
        #expect(error.code == .corruption)
    }

    @Test("a missing file is an error when opening")
    func lostTable() throws {
        try written()
        let table = try #require(try directory.files(of: "db", suffix: ".sst").first)
        try FileManager.default.removeItem(atPath: table)
        #expect(failure { _ = try Database(path: directory("db")) } != nil)
    }
}
