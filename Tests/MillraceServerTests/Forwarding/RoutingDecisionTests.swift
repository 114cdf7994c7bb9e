import Millrace
import MillraceRouting
import Testing

/// The decisions about who answers a read, without a server.
@Suite("Decisions about who answers a read")
struct RoutingDecisionTests {
    private struct Refusal: RoutingFailure {
        var course: FailureCourse

        init(_ course: FailureCourse) { self.course = course }
        init(unavailable code: String, _ message: String) { self.init(.temporary) }
    }

    private static let (owner, standby) = (
        InstanceAddress(host: "owner", port: 1), InstanceAddress(host: "standby", port: 1)
    )

    private static func metadata(_ partition: Int32, isHere: Bool = false, at address: InstanceAddress? = owner)
        -> KeyMetadata
    {
        KeyMetadata(partition: partition, isHere: isHere, address: address, standbyAddresses: [standby])
    }

    @Test("the keys of a partition are asked for together, even if it moves while their owners are looked up")
    func oneCommit() {
        var read = BatchRead<String, Refusal>(count: 3, isForwarded: false, acceptsStale: false)
        _ = read.begin()
        let action = read.located(
            [.success(Self.metadata(0)), .success(Self.metadata(1)), .success(Self.metadata(0, isHere: true))],
            rest: .seconds(1))
        guard case .read(let groups) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(groups.map(\.keys) == [[0, 1, 2]] && groups.map(\.place) == [.instance(Self.owner)])
    }

    @Test("a standby that has not reached the position leaves the answer to the owner")
    func standbyBehind() {
        var read = PartitionRead<String, Refusal>(isForwarded: false, acceptsStale: true)
        guard case .readHere(true, false) = read.located(.success(Self.metadata(0)), rest: .seconds(1)),
            case .ask(Self.owner) = read.answered(.failure(Refusal(.late)), rest: .seconds(1))
        else {
            Issue.record("the owner is not asked")
            return
        }
    }

    @Test("without stale answers no standby is asked, and a forwarded read is not forwarded again")
    func onlyTheOwner() {
        var read = PartitionRead<String, Refusal>(isForwarded: false, acceptsStale: false)
        guard case .ask(Self.owner) = read.located(.success(Self.metadata(0)), rest: .seconds(1)),
            case .wait = read.answered(.failure(Refusal(.temporary)), rest: .seconds(1)), case .locate = read.waited(),
            case .wait = read.located(.success(Self.metadata(0, at: nil)), rest: .seconds(1)),
            case .finish(.failure) = read.located(.success(Self.metadata(0, at: nil)), rest: .zero)
        else {
            Issue.record("somebody else than the owner is asked")
            return
        }
        var forwarded = PartitionRead<String, Refusal>(isForwarded: true, acceptsStale: false)
        guard case .readHere(false, true) = forwarded.located(.success(Self.metadata(0)), rest: .seconds(1)),
            case .finish(.failure) = forwarded.answered(.failure(Refusal(.temporary)), rest: .seconds(1))
        else {
            Issue.record("it is forwarded again")
            return
        }
    }

    @Test("only a read that asks for nothing but the owner's present state is forwarded at once")
    func atOnce() throws {
        func action(
            _ owner: KeyMetadata, isForwarded: Bool = false, stale: Bool = false, atLeast: Position = Position(),
            rest: Duration = .seconds(5)
        ) -> ImmediateRead.Action {
            ImmediateRead.action(
                of: owner, isForwarded: isForwarded, acceptsStale: stale, atLeast: atLeast, rest: rest)
        }
        let elsewhere = Self.metadata(0)
        #expect(action(elsewhere) == .ask(Self.owner) && action(Self.metadata(0, isHere: true)) == .readHere)
        #expect(action(elsewhere, isForwarded: true) == .readHere)
        let position = try #require(Position("t-0@1"))
        #expect(action(elsewhere, atLeast: position) == .fallBack && action(elsewhere, stale: true) == .fallBack)
        #expect(action(Self.metadata(0, isHere: true), atLeast: position) == .fallBack)
        #expect(action(Self.metadata(0, at: nil)) == .fallBack)
        #expect(action(elsewhere, rest: ImmediateRead.patience) == .ask(Self.owner))
        #expect(action(elsewhere, rest: ImmediateRead.patience - .milliseconds(1)) == .fallBack)
        for status in [200, 404, 400, 401, 410, 429, 500, 503, 504] {
            #expect(ImmediateRead.isAnswer(status: status, saysKeyUnknown: false) == (status == 200))
            #expect(ImmediateRead.isAnswer(status: status, saysKeyUnknown: true) == [200, 404].contains(status))
        }
    }

    @Test("an answer belongs to the oldest request in flight", arguments: [1, 3, 100, 1_000])
    func inFlight(_ window: Int) {
        var (requests, sent, answered) = (RequestsInFlight<Int>(), 0, 0)
        for _ in 0..<50 {
            for _ in 0..<window {
                requests.append(sent)
                sent += 1
            }
            // An answer that comes before its request has been sent is nobody's.
            if answered == sent - window { #expect(requests.removeOldest() == nil) }
            requests.send()
            #expect(requests.oldest == answered && requests.count == sent - answered)
            for _ in 0..<(window - window / 3) {
                #expect(requests.removeOldest() == answered)
                answered += 1
            }
        }
        #expect(Array(requests.removeAll()) == Array(answered..<sent))
        #expect(requests.removeOldest() == nil && requests.count == 0)
    }
}
