import Glibc
import Millrace

/// The number of files that this process may have open at once, and the number that it has open.
///
/// An empty database keeps 6 files open while it is open: its log, its manifest, its lock, its information log and directories.
/// Flushed data adds more.
package enum OpenFileLimit {
    /// The least number of files of an open database.
    package static let filesPerStore = 6
    /// A reserve for files that are open for a short time: connections, files that are being written or deleted.
    static let reserve = 32

    /// Raises the soft limit to the hard one, as far as the system allows it. Returns the limit that is in force then.
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

    /// The number of files that this process has open; 0 if the system does not tell.
    package static var openFiles: Int { max(0, StateFiles.names(in: "/proc/self/fd").count - 1) }

    /// Compares the files that some stores need with the limit.
    ///
    /// - Parameters:
    ///   - stores: the number of databases that are to be open together.
    ///   - otherFiles: the number of other files that this process has open.
    ///   - limit: the number of files that it may have open.
    /// - Throws: `.stateStore` with the numbers if they do not fit.
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
