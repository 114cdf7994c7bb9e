import AllocationCounter
import Foundation
import Loops

/// Fails if a record allocates more on its way through the engine than it may. It measures no time: the count does not depend on
/// the machine. Build it with -c release.
@main
struct AllocationGuard {
    /// Allocations per record. A risk event allocates the two containers that decode its JSON; one score in twelve has more
    /// digits than the scanner reads itself.
    private static let limits: [(loop: Loop, allocations: Double)] = [(.stateless, 0), (.stateful, 0), (.risk, 2.08)]
    /// An allowance for allocations that belong to no single record: the arrays of a poll, a table that grows.
    private static let margin = 0.05

    static func main() throws {
        var failed = 0
        for (loop, limit) in limits {
            let input = try LoopInput(loop, count: 20_000)
            let engine = try EngineLoop(loop, input: input)
            // A first run warms up: after it every key has been seen.
            _ = try engine.run()
            let before = allocation_count()
            _ = try engine.run()
            let perRecord = Double(allocation_count() - before) / Double(input.places.count)
            let isTooMuch = perRecord > limit + margin
            failed += isTooMuch ? 1 : 0
            let verdict = isTooMuch ? ": TOO MANY" : ""
            print("\(loop): \(perRecord) allocations a record, at most \(limit + margin)\(verdict)")
        }
        if failed > 0 { exit(1) }
    }
}
