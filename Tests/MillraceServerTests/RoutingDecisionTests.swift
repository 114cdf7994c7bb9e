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
}
