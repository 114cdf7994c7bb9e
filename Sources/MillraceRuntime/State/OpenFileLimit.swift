import Glibc
import Millrace

/// How many files this process may have open at once, and how many it has.
///
/// A database that nothing is in yet has 6 files open for as long as it is: its log, its manifest, its lock, its information
/// log and directories. What is flushed to it comes on top.
package enum OpenFileLimit {
    /// The files that an open database has at least.
    package static let filesPerStore = 6
    /// Room for what comes and goes: connections, files that are being written or deleted.
    static let reserve = 32

    /// Raises the soft limit to the hard one, as far as the system lets it. Returns the limit that holds then.
    @discardableResult
    package static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return current }
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        return current
    }

    /// The soft limit.
    static var current: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        return Int(clamping: limit.rlim_cur)
    }

    /// How many files this process has open; 0 where the system does not tell.
    package static var openFiles: Int { max(0, StateFiles.names(in: "/proc/self/fd").count - 1) }

    /// Compares what some stores need with what there is.
    ///
    /// - Parameters:
    ///   - stores: how many databases are to be open together.
    ///   - otherFiles: how many other files this process has open.
    ///   - limit: how many it may have open.
    /// - Throws: `.stateStore` with the numbers where they do not fit.
    static func check(stores: Int, otherFiles: Int, limit: Int) throws(StreamsError) {
        let (files, overflows) = stores.multipliedReportingOverflow(by: filesPerStore)
        let need = overflows ? Int.max : files.addingSaturating(otherFiles).addingSaturating(reserve)
        guard need > limit else { return }
        throw StreamsError(
            .stateStore,
            "\(stores) stores need \(filesPerStore) open files each, which with the \(otherFiles) that are open and \(reserve) "
                + "to spare is \(need), but this process may open \(limit); raise its hard limit (ulimit -Hn, or LimitNOFILE= of "
                + "systemd) to \(need) at least, or share the tasks among more instances")
    }
}

extension Int {
    fileprivate func addingSaturating(_ other: Int) -> Int {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? .max : sum
    }
}
