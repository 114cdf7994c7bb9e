/// Whether an index can write its files. While it cannot, it goes on in memory, and tries again after ever more commits. A checkpoint counts
/// as many of them, because an idle index has no commits.
struct DiskFailure {
    /// The reason why the files are not written at present; `nil` if they are.
    private(set) var reason: String?
    private var delay = 1
    private var remainingCommits = 0

    private static let largestDelay = 256
    private static let commitsOfCheckpoint = 64

    mutating func record(_ problem: FileProblem) {
        reason = problem.description
        remainingCommits = delay
        delay = min(delay * 2, Self.largestDelay)
    }

    /// Whether it is time to try again without waiting for a commit.
    var isRetryWanted: Bool { reason != nil && remainingCommits <= 0 }

    mutating func countCheckpoint() {
        if reason != nil { remainingCommits = max(0, remainingCommits - Self.commitsOfCheckpoint) }
    }

    /// Counts a commit. Returns whether it is time to try again.
    mutating func isRetryDue() -> Bool {
        remainingCommits -= 1
        return remainingCommits <= 0
    }

    /// The files have everything again.
    mutating func recover() { reason = nil }

    /// A segment was written, so there is room: the next failure is retried soon.
    mutating func recordSegment() { delay = 1 }
}
