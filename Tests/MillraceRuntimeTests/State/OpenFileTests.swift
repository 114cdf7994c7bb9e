import Glibc
import Millrace
import MillraceEngine
import MillraceRuntime
import Testing

@Suite("Open files")
struct OpenFileTests {
    private static func setLimit(soft: UInt, hard: UInt) {
        var limit = rlimit(rlim_cur: soft, rlim_max: hard)
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    }

    @Test("the soft limit is raised to the hard one; stores that do not fit below it are refused before any is opened")
    func limits() async throws {
        let root = try TestDirectory()
        let path = root.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            try OpenFileTests.openWithinLimits(path)
        }
        withExtendedLifetime(root) {}
    }

    /// Runs in a separate process, whose limit is lowered permanently.
    private static func openWithinLimits(_ path: String) throws {
        // This process may have inherited files.
        let limit = OpenFileLimit.openFiles + 280
        setLimit(soft: UInt(limit - 200), hard: UInt(limit))
        #expect(OpenFileLimit.raise() == limit)
        let directory = try StateDirectory(path, applicationID: "app", logger: quiet)
        let tasks = (0..<165).map { TaskID(subtopology: 0, partition: $0) }
        func prepare(_ tasks: [TaskID]) throws {
            try directory.prepareToOpen(
                Dictionary(uniqueKeysWithValues: tasks.map { ($0, [plan()]) }), for: ObjectIdentifier(directory))
        }
        let error = try #require(throws: StreamsError.self) { try prepare(tasks) }
        #expect(error.code == .stateStore)
        #expect(error.message.hasPrefix("165 stores need \(OpenFileLimit.filesPerStore) open files each"))
        #expect(error.message.contains("but this process may open \(limit); raise its hard limit (ulimit -Hn"))
        #expect(directory.storedTasks() == [])

        let before = OpenFileLimit.openFiles
        try prepare(Array(tasks.prefix(20)))
        // The limit has to leave room for another worker beside the one that is about to open its stores.
        #expect(throws: StreamsError.self) {
            try directory.prepareToOpen(
                [tasks[20]: Array(repeating: plan(), count: 30)], for: ObjectIdentifier(Self.self))
        }
        var stores: [PersistentStore] = []
        for task in tasks.prefix(20) {
            try directory.lock(task)
            stores.append(try directory.openStore(plan(), of: task))
        }
        #expect(OpenFileLimit.openFiles - before == 20 * OpenFileLimit.filesPerStore)
        for store in stores { store.close() }
    }
}
