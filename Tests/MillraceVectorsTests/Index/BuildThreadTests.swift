import Dispatch
import Synchronization
import Testing

@testable import MillraceVectors

@Suite("The threads that make segments")
struct BuildThreadTests {
    /// Which work has ended, in its order.
    private final class Order: Sendable {
        private let names = Mutex<[String]>([])
        private let ended = DispatchSemaphore(value: 0)

        func end(_ name: String) {
            names.withLock { $0.append(name) }
            ended.signal()
        }

        func await(_ count: Int) -> [String] {
            for _ in 0..<count { ended.wait() }
            return names.withLock { $0 }
        }
    }

    @Test("small work does not wait for large work, which waits for it")
    func sizes() {
        let threads = BuildThreads(largeCount: 1)
        let (order, hasBegun, mayGoOn) = (Order(), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let smallMayEnd = DispatchSemaphore(value: 0)
        threads.run(.large) {
            hasBegun.signal()
            mayGoOn.wait()
            threads.letSmallWorkGoFirst()
            order.end("large")
        }
        threads.run(.large) { order.end("next large") }
        hasBegun.wait()
        threads.run(.small) { order.end("small") }
        #expect(order.await(1) == ["small"])
        threads.run(.small) {
            smallMayEnd.wait()
            order.end("second")
        }
        threads.run(.small) { order.end("third") }
        mayGoOn.signal()
        smallMayEnd.signal()
        #expect(order.await(4) == ["small", "second", "third", "large", "next large"])
    }

    @Test("no more works at a time than there are threads", arguments: [1, 3])
    func bound(count: Int) {
        let threads = BuildThreads(largeCount: count)
        let order = Order()
        let running = Mutex((now: 0, most: 0))
        for number in 0..<200 {
            threads.run(number % 3 == 0 ? .small : .large) {
                running.withLock { ($0.now, $0.most) = ($0.now + 1, max($0.most, $0.now + 1)) }
                running.withLock { $0.now -= 1 }
                order.end("\(number)")
            }
        }
        #expect(Set(order.await(200)).count == 200)
        #expect(running.withLock { $0.most } <= count + 1)
    }
}
