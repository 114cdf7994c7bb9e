import MillraceConnect
import Testing

@Suite("The decision whether a source may be read")
struct LagGateTests {
    /// A lag, and whether the source may be read after it.
    typealias Step = (lag: Int64?, isOpen: Bool)

    @Test(
        "reading stops above the threshold and goes on at half of it",
        arguments: [
            [(0, true), (100, true), (101, false), (100, false), (51, false), (50, true), (100, true), (101, false)],
            [(nil, true), (101, false), (nil, false), (10, true), (nil, true)],
            [(.max, false), (0, true)],
            [(50, true), (99, true), (51, true)],
        ] as [[Step]])
    func steps(_ steps: [Step]) {
        var gate = LagGate(threshold: 100)
        var known: Int64?
        for (index, step) in steps.enumerated() {
            gate.observe(step.lag)
            known = step.lag ?? known
            #expect(gate.isOpen == step.isOpen, "step \(index)")
            #expect(gate.lag == known)
        }
    }

    @Test("a threshold of one record goes on only when nothing is left")
    func smallest() {
        var gate = LagGate(threshold: 1)
        gate.observe(2)
        #expect(!gate.isOpen)
        gate.observe(1)
        #expect(!gate.isOpen)
        gate.observe(0)
        #expect(gate.isOpen)
    }

    @Test("the time between attempts grows to 30 s, and a success makes it short again")
    func delays() {
        var delay = RetryDelay()
        #expect((0..<9).map { _ in delay.next() } == [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
        delay.reset()
        #expect(delay.next() == 250)
    }
}
