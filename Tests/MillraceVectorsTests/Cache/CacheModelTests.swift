import MillraceVectors
import Testing

@Suite("Cache of embeddings: model")
struct CacheModelTests {
    @Test("keeps its promises, whatever comes in which order", arguments: EmbeddingEvictionPolicy.allCases)
    func promises(_ policy: EmbeddingEvictionPolicy) {
        var (hits, loads) = (0, 0)
        for seed in 0..<100 as Range<UInt64> {
            var model = CacheModel(seed: seed, policy: policy)
            model.run(steps: 300)
            #expect(model.problems.isEmpty, "seed \(seed), \(policy): \(model.problems.first ?? "")")
            hits += model.hits
            loads += model.loadCount
        }
        #expect(hits > 3_000 && loads > 3_000)
    }

    @Test("the same seed gives the same trace, whatever the order in dictionaries", arguments: 0..<6 as Range<UInt64>)
    func reproduction(_ seed: UInt64) {
        func trace(_ policy: EmbeddingEvictionPolicy, prefix: String, shardCount: Int?) -> [String] {
            var model = CacheModel(seed: seed, policy: policy, prefix: prefix, shardCount: shardCount)
            model.run(steps: 200)
            return model.trace
        }
        for policy in EmbeddingEvictionPolicy.allCases {
            let first = trace(policy, prefix: "x", shardCount: nil)
            #expect(first.count > 100 && first == trace(policy, prefix: "x", shardCount: nil))
        }
        // Other texts of the same length have another order in dictionaries; without shards and sketches it is all that they change.
        let first = trace(.leastRecentlyUsed, prefix: "x", shardCount: 1)
        for prefix in ["y", "z", "q"] {
            let other = trace(.leastRecentlyUsed, prefix: prefix, shardCount: 1)
            let place = zip(first, other).enumerated().first { $1.0 != $1.1 }
            #expect(
                first == other, "step \(place?.offset ?? -1): \(place?.element.0 ?? "") or \(place?.element.1 ?? "")")
        }
    }

    /// A rule that is broken, by its name.
    struct Fault: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var change: @Sendable (inout CacheRules) -> Void
    }

    static let faults = [
        Fault(testDescription: "a key is loaded twice at once") { $0.joinsLoads = false },
        Fault(testDescription: "an absence outlasts an announcement") { $0.endsAbsences = false },
        Fault(testDescription: "an old version takes the place of a newer one") { $0.keepsNewerVersions = false },
        Fault(testDescription: "a noisy namespace takes another one's share") { $0.keepsShares = false },
        Fault(testDescription: "a bad key takes those of its load with it") { $0.splitsLoads = false },
        Fault(testDescription: "a source that is away gets all loads") { $0.pausesLoads = false },
        Fault(testDescription: "a given-up load forgets what was announced") { $0.remembersVersions = false },
    ]

    @Test("finds a planted fault within 200 seeds", arguments: faults)
    func found(_ fault: Fault) {
        var rules = CacheRules()
        fault.change(&rules)
        for seed in 0..<200 as Range<UInt64> {
            var model = CacheModel(seed: seed, policy: .leastRecentlyUsed, rules: rules)
            model.run(steps: 300)
            if let problem = model.problems.first {
                print("\(fault.testDescription): found by seed \(seed): \(problem)")
                return
            }
        }
        Issue.record("\(fault.testDescription) went unnoticed")
    }
}
