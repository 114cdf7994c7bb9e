import Foundation
import RocksDB
import Testing

/// Tests with files that cannot grow. The process's limit on file sizes stands in for a full disk everywhere; if the tests may
/// mount, they also fill a file system of one megabyte.
@Suite("A full disk")
struct FullDiskTests {
    let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    @Test("the flush fails, and so do writes after it; earlier flushed writes are there after reopening")
    func fileSizeLimit() async throws {
        let path = directory("db")
        await #expect(processExitsWith: .success) { [path = path as String] in
            signal(SIGXFSZ, SIG_IGN)
            try fill(path) {
                let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
                var limit = rlimit()
                #expect(getrlimit(resource, &limit) == 0)
                limit.rlim_cur = 100_000
                #expect(setrlimit(resource, &limit) == 0)
            }
        }
        try expectIntact(path)
    }

    @Test("the same on a file system without space", .enabled(if: MountedDisk.isAllowed, "needs the right to mount"))
    func fileSystem() async throws {
        let disk = try #require(MountedDisk(at: directory("disk"), sizeInBytes: 1 << 20))
        let path = disk.path + "/db"
        await #expect(processExitsWith: .success) { [path = path as String] in
            try fill(path) {}
        }
        try expectIntact(path)
    }

    /// Checks that after the failure, without the limit or with room again, the database opens, has its contents, and takes more.
    private func expectIntact(_ path: String) throws {
        let database = try Database(path: path)
        #expect(try database.keys() == ["before"])
        try database.put("2", "after")
        try database.flush()
        #expect(try database.keys() == ["after", "before"])
    }
}

/// Writes some entries, sets the limit, and writes 2 MB more.
private func fill(_ path: String, limit: () -> Void) throws {
    let database = try Database(path: path)
    try database.put("1", "before")
    try database.flush()
    limit()
    for index in 0..<20 { try database.put(String(repeating: "x", count: 100_000), "large-\(index)") }
    let error = try #require(failure { try database.flush() })
    #expect(error.code == .noSpace, "\(error)")
    #expect(error.operation == "flush")
    let later = try #require(failure { try database.put("3", "later") })
    #expect(later.code == .noSpace, "\(later)")
    #expect(try database.get("before") == "1")
    let last = try #require(failure { try database.close() })
    #expect(last.code == .noSpace, "\(last)")
}

/// A small file system in memory, unmounted when released.
private final class MountedDisk {
    let path: String

    static let isAllowed: Bool = {
        guard let directory = try? TestDirectory() else { return false }
        return MountedDisk(at: directory("disk"), sizeInBytes: 1 << 20) != nil
    }()

    init?(at path: String, sizeInBytes: Int) {
        self.path = path
        guard (try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)) != nil,
            mount("none", path, "tmpfs", 0, "size=\(sizeInBytes)") == 0
        else { return nil }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }
}
