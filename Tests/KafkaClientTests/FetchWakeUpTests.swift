import Testing

@testable import KafkaClient

@Suite("The waking of threads that fetch")
struct FetchWakeUpTests {
    @Test("is due each time that half of the queue's bytes were read")
    func due() {
        var wakeUp = FetchWakeUp(["queued.max.messages.kbytes": "2"])
        #expect(wakeUp.limit == 1_024)
        let sizes = [1_000, 23, 1, 0, 1_023, 5_000, 1_023, 1]
        #expect(sizes.map { wakeUp.isDue(afterReading: $0) } == [false, false, true, false, false, true, false, true])
    }

    @Test(
        "has a limit for every setting",
        arguments: [
            (nil, 32 << 20), ("8192", 4 << 20), ("0", 512), ("-5", 512), ("many", 32 << 20),
            ("9223372036854775807", 2_097_151 * 512),
        ])
    func limits(setting: String?, limit: Int) {
        var settings = ClientSettings()
        settings["queued.max.messages.kbytes"] = setting
        #expect(FetchWakeUp(settings).limit == limit)
    }
}
