import MillraceVectors
import Testing

@Suite("Cache of embeddings: model")
struct CacheModelTests {
    @Test("keeps its promises, whatever comes in which order", arguments: EmbeddingEvictionPolicy.allCases)
    func promises(_ policy: EmbeddingEvictionPolicy) {
        var (hits, loads) = (0, 0)
        for seed in 0..<150 as Range<UInt64> {
            var model = CacheModel(seed: seed, policy: policy)
            model.run(steps: 300)
            #expect(model.problems.isEmpty, "seed \(seed), \(policy): \(model.problems.first ?? "")")
            hits += model.hits
            loads += model.loadCount
        }
        #expect(hits > 4_000 && loads > 4_000)
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
