import Foundation

/// Something that was built over a set of vectors and is searched.
package protocol SearchSubject: AnyObject {
    var name: String { get }
    /// The CPU seconds of building it, on one thread; `nil` if it was not built from the vectors directly.
    var buildCPUSeconds: Double? { get }
    /// The memory of its index.
    var sizeInBytes: Int { get }
    /// Searches for all queries of the set, several times over.
    func search(effort: Int, count: Int, repetitions: Int) throws -> SearchRun
}

/// What searching for all queries has cost.
package struct SearchRun: Sendable {
    package var queries: Int
    package var seconds: Double
    /// Of what searches: the thread, or the server.
    package var cpuSeconds: Double
    /// Of the client of a server.
    package var clientCPUSeconds: Double
    /// The rows that were found, `count` for each query; −1 where there are fewer.
    package var found: [Int32]
}

/// CPU time and the time on the wall since it was made, of this thread.
struct ThreadMeter {
    private let cpu = seconds(CLOCK_THREAD_CPUTIME_ID)
    private let wall = seconds(CLOCK_MONOTONIC)

    var cpuSeconds: Double { Self.seconds(CLOCK_THREAD_CPUTIME_ID) - cpu }
    var seconds: Double { Self.seconds(CLOCK_MONOTONIC) - wall }

    static func seconds(_ clock: clockid_t) -> Double {
        var now = timespec()
        clock_gettime(clock, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}

/// The true nearest rows of a set's queries.
package struct Truth: Sendable {
    let count: Int
    let rows: [Set<Int32>]

    /// The share of the true nearest rows among those that a run has found.
    package func recall(of found: [Int32]) -> Double {
        var hits = 0
        for (query, expected) in rows.enumerated() {
            hits += expected.intersection(found[query * count..<(query + 1) * count]).count
        }
        return Double(hits) / Double(rows.reduce(0) { $0 + $1.count })
    }
}
