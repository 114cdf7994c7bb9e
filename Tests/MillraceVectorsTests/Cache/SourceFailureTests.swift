import MillraceVectors
import TestSupport
import Testing

@Suite("Cache of embeddings: a source that fails")
struct SourceFailureTests {
    private static let keys = (0..<100).map { "\($0)" }

    @Test(
        "a bad key fails alone, at the deadline of its caller, and the others are loaded soon", arguments: [0, 37, 99])
    func badKey(_ bad: Int) {
        var driver = SourceDriver { key, _ in key.key == "\(bad)" }
        for key in Self.keys { driver.get([key], withinMs: 2_000) }
        driver.run(forMs: 1_999)
        let found = driver.answers.filter(\.isFound)
        #expect(found.count == 99)
        // A hundred keys are halved seven times; pauses begin after some failures in a row only.
        #expect(found.map(\.ms).max() ?? .max <= 1_000 + 200)
        #expect(driver.begun.count <= 40)
        driver.run(forMs: 1)
        #expect(driver.answers.count == 100)
        guard case .failure(let error)? = driver.answers.last?.result else {
            Issue.record("the bad key has an answer")
            return
        }
        #expect(error.code == .sourceFailed && error.cause is SourceDriver.Failure && error.key?.key == "\(bad)")
        let measures = driver.core.measures
        #expect(measures.failedKeys == 1 && measures.foundKeys == 99 && measures.failedLoads >= 4)
        // Nobody waits for it any more.
        driver.run(forMs: 60_000)
        #expect(measures.failedLoads == driver.core.measures.failedLoads && driver.core.nextDeadlineMs == nil)
    }

    @Test("without splitting, a bad key takes all others with it")
    func unsplit() {
        var rules = CacheRules()
        rules.splitsLoads = false
        var driver = SourceDriver(rules: rules) { key, _ in key.key == "37" }
        driver.get(["first"])
        for key in Self.keys { driver.get([key], withinMs: 2_000) }
        driver.run(forMs: 3_000)
        #expect(driver.answers.filter(\.isFound).count < 10)
    }

    @Test("each caller gets the source's error at the deadline that it has named")
    func deadlines() {
        var driver = SourceDriver { _, _ in true }
        driver.get(["a"], withinMs: 300)
        driver.get(["a"], withinMs: 700)
        driver.run(forMs: 299)
        #expect(driver.answers.isEmpty)
        driver.run(forMs: 700)
        #expect(driver.answers.map(\.ms) == [1_300, 1_700])
        for answer in driver.answers {
            guard case .failure(let error) = answer.result else {
                Issue.record("there was an answer")
                continue
            }
            #expect(error.code == .sourceFailed)
        }
    }

    @Test(
        "a source that is away gets few loads, whatever is asked, and all at once when it is back", arguments: [1, 100])
    func outage(_ maxBatchCount: Int) {
        let (start, end) = (Int64(2_000), Int64(62_000))
        var driver = SourceDriver(maxBatchCount: maxBatchCount, fails: { (start..<end).contains($1) })
        driver.get(["before"])
        driver.run(forMs: start - 1_000)
        var number = 0
        while driver.nowMs < end - 10 {
            for _ in 0..<5 {
                number += 1
                driver.get(["asked-\(number)"], withinMs: 120_000)
            }
            driver.announce(["announced-\(number)"])
            driver.run(forMs: 10)
        }
        let loads = driver.begun.count { $0.ms >= start }
        // Some at first, then one in half a second to a second.
        #expect(loads < 20 + 120, "\(loads) loads in a minute without an answer")
        #expect(driver.core.measures.failuresInARow > 4)
        // The next load comes within a second, and with its answer all others.
        let waiting = driver.core.measures.waitingKeys
        driver.run(forMs: end + 1_400 - driver.nowMs)
        #expect(waiting >= 900 && driver.core.measures.waitingKeys == 0)
        #expect(driver.answers.count(where: \.isFound) >= 900)
        #expect(driver.core.measures.failuresInARow == 0)
    }

    @Test("a source without pauses gets a storm")
    func storm() {
        var rules = CacheRules()
        rules.pausesLoads = false
        var driver = SourceDriver(maxBatchCount: 1, rules: rules) { _, _ in true }
        for number in 0..<1_000 {
            driver.get(["\(number)"], withinMs: 4_000)
            driver.run(forMs: 10)
        }
        #expect(driver.begun.count > 2_000)
    }

    @Test("bad keys among many do not hold up the others")
    func manyBadKeys() {
        var driver = SourceDriver(maxBatchCount: 1, fails: { key, _ in key.key.hasSuffix("7") })
        for number in 0..<2_000 {
            driver.get(["\(number)"], withinMs: 1_000)
            driver.run(forMs: 1)
        }
        driver.run(forMs: 1_000)
        let found = driver.answers.filter(\.isFound)
        #expect(found.count == 1_800)
        // Each key was asked for in the millisecond of its number.
        let late = found.filter { $0.ms > 1_000 + (Int64($0.key.key) ?? 0) + 50 }
        #expect(late.count < 20, "\(late.count) waited for more than 50 ms")
    }

    @Test("an announced key that cannot be loaded is given up after some failures")
    func announced() {
        var driver = SourceDriver { _, _ in true }
        driver.announce(["a", "b"])
        driver.run(forMs: 60_000)
        #expect(driver.core.nextDeadlineMs == nil && driver.core.measures.failedKeys == 2)
        #expect(driver.begun.count <= 16)
    }

    @Test("an announced version is known until a load has brought it, whatever fails and whoever gives up")
    func remembered() {
        var driver = SourceDriver(fails: { $1 < 100_000 })
        driver.announce(["a"], version: 4)
        driver.run(forMs: 60_000)
        #expect(driver.core.nextDeadlineMs == nil && driver.core.measures.failedKeys == 1)
        // Somebody who asks and goes away again.
        driver.get(["a"], withinMs: 10)
        driver.run(forMs: 20)
        driver.get(["a"], withinMs: 100_000)
        driver.run(forMs: 100_000 - driver.nowMs + 2_000)
        #expect(driver.begun.count > 10 && driver.begun.allSatisfy { $0.versions == [EmbeddingKey("a"): 4] })
        // The source has version 1 only, which is nobody's news.
        #expect(driver.core.lookup(EmbeddingKey("a"), nowMs: driver.nowMs) == .missing)
        driver.version = 4
        driver.get(["a"])
        driver.run(forMs: 10)
        #expect(driver.begun.last?.versions == [EmbeddingKey("a"): 4])
        #expect(driver.core.lookup(EmbeddingKey("a"), nowMs: driver.nowMs) == .found(Embedding([1, 2], version: 4)))
        #expect(driver.core.measures.forgottenAnnouncements == 0)
    }

    @Test("beyond the bound the oldest versions are forgotten, and counted")
    func forgotten() {
        var driver = SourceDriver({ $0.maxOwedVersions = 10 }, fails: { $1 < 1_000_000 })
        for number in 0..<30 {
            driver.announce(["\(number)"], version: 1)
            driver.run(forMs: 100)
        }
        driver.run(forMs: 1_000_000 - driver.nowMs)
        #expect(driver.core.nextDeadlineMs == nil && driver.core.measures.forgottenAnnouncements == 20)
        let first = driver.begun.count
        for number in 0..<30 { driver.get(["\(number)"]) }
        driver.run(forMs: 1_000)
        let known = Set(driver.begun[first...].flatMap(\.versions.keys))
        #expect(known.count == 10)
        #expect(driver.answers.count(where: \.isFound) == 30)
    }

    @Test("without loads of announced keys their versions are known to the load that somebody asks for")
    func unloaded() {
        var driver = SourceDriver({ $0.loadsAnnouncedKeys = false }, fails: { _, _ in false })
        driver.announce(["a"], version: 1)
        #expect(driver.begun.isEmpty)
        driver.get(["a"])
        driver.run(forMs: 10)
        driver.get(["a"])
        #expect(driver.begun.map(\.versions) == [[EmbeddingKey("a"): 1]])
    }

    @Test("the times before repetitions double up to a bound, with half of them by chance")
    func delays() {
        func times(_ seed: UInt64) -> [Int64] {
            var driver = SourceDriver(seed: seed) { _, _ in true }
            driver.get(["a"], withinMs: 20_000)
            driver.run(forMs: 20_000)
            return zip(driver.begun.dropFirst(), driver.begun).map { $0.ms - $1.ms - 1 }
        }
        for seed in 1..<20 as Range<UInt64> {
            let delays = times(seed)
            #expect(delays.count > 20)
            for (number, delay) in delays.enumerated() {
                let longest = Int64(min(1_000, 50 << min(number, 10)))
                #expect(delay >= longest / 2 && delay <= longest, "seed \(seed), repetition \(number): \(delay) ms")
            }
        }
        #expect(times(1) == times(1) && times(1) != times(2))
    }
}
