import Foundation
import Millrace
import Testing

@testable import MillraceEngine

/// The rows of the table of transitions in docs/membership.md.
private struct Transition: CustomTestStringConvertible {
    let state: String
    let event: String
    let next: String
    let actions: [String]

    var testDescription: String { "\(state), \(event)" }

    static func all() throws -> [Transition] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let page = try String(contentsOf: root.appending(path: "docs/membership.md"), encoding: .utf8)
        let lines = page.components(separatedBy: "## Transitions").last?.split(separator: "\n") ?? []
        let rows = lines.drop { !$0.hasPrefix("| ---") }.dropFirst().prefix { $0.hasPrefix("|") }
        return rows.map { row in
            let cells = row.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            return Transition(
                state: cells[0], event: cells[1], next: cells[2],
                actions: cells[3].isEmpty ? [] : cells[3].components(separatedBy: ", "))
        }
    }
}

@Suite("A worker's way through its group")
struct MembershipTests {
    private static let partitions = [TopicPartition(topic: "in", partition: 0)]
    private static let (a, b, c) = (
        TaskID(subtopology: 0, partition: 0), TaskID(subtopology: 0, partition: 1), TaskID(subtopology: 0, partition: 2)
    )
    private static let distribution = Membership.Distribution(tasks: [a, b], standbys: [c], kept: [a])

    private static let events: [String: Membership.Event] = [
        "subscribed": .subscribed, "assigned": .assigned(partitions), "revoked": .revoked(isLost: false),
        "lost": .revoked(isLost: true), "superseded": .superseded, "distributed": .distributed(distribution),
        "joined": .joined(memberID: "me"), "processingFailed": .processingFailed, "fenced": .fenced,
        "offsetsOutOfRange": .offsetsOutOfRange, "topicsRecreated": .topicsRecreated, "topicsMissing": .topicsMissing,
        "topicsFound": .topicsFound,
    ]

    /// A state machine that has reached a state.
    private func machine(in state: String) throws -> Membership {
        let way: [Membership.Event] =
            switch state {
            case "unsubscribed": []
            case "unsubscribed, assigned before": [.assigned(Self.partitions)]
            case "unassigned": [.subscribed]
            case "joining": [.subscribed, .assigned(Self.partitions)]
            case "active": [.subscribed, .assigned(Self.partitions), .joined(memberID: "me")]
            case "awaitingTopics": [.topicsMissing]
            default: try #require(nil, "no state \(state)")
            }
        var machine = Membership()
        for event in way { _ = machine.handle(event) }
        #expect(machine.state.rawValue == state.components(separatedBy: ",")[0])
        return machine
    }

    private func names(_ ids: some Sequence<TaskID>) -> String {
        ids.map { ["a", "b", "c"][Int($0.partition)] }.sorted().joined(separator: " ")
    }

    /// An action as the table writes it.
    private func text(_ action: Membership.Action) -> String {
        func but(_ kept: Set<TaskID>) -> String { kept.isEmpty ? "all" : "but \(names(kept))" }
        return switch action {
        case .commitOrDrop: "commitOrDrop"
        case .drop: "drop"
        case .closeTasks(let kept): "closeTasks(\(but(kept)))"
        case .closeRestoringTasks: "closeRestoringTasks"
        case .closeStandbys(let kept): "closeStandbys(\(but(kept)))"
        case .stopReading: "stopReading"
        case .leave: "leave"
        case .openTasks(let ids): "openTasks(\(names(ids)))"
        case .openStandbys(let ids): "openStandbys(\(names(ids)))"
        case .read(let ids): "read(\(names(ids)))"
        }
    }

    @Test("it acts as the table says", arguments: try Transition.all())
    private func transition(_ row: Transition) throws {
        var machine = try machine(in: row.state)
        let actions = machine.handle(try #require(Self.events[row.event], "no event \(row.event)"))
        #expect(machine.state.rawValue == row.next)
        #expect(actions.map(text) == row.actions)
    }

    @Test("the table has each event in each state once")
    func complete() throws {
        let rows = try Transition.all().filter { !$0.state.contains(",") }.map { "\($0.state) \($0.event)" }
        let all = Membership.State.allCases.flatMap { state in Self.events.keys.map { "\(state.rawValue) \($0)" } }
        #expect(rows.sorted() == all.sorted())
    }

    @Test("the coordinator's partitions are known from the announcement until the end of the generation")
    func partitions() {
        var machine = Membership()
        _ = machine.handle(.subscribed)
        #expect(machine.partitions == nil)
        _ = machine.handle(.assigned(Self.partitions))
        _ = machine.handle(.joined(memberID: "me"))
        _ = machine.handle(.processingFailed)
        #expect(machine.partitions == Self.partitions)
        _ = machine.handle(.revoked(isLost: false))
        #expect(machine.partitions == nil)
    }

    @Test("a member is new until it has joined under its id, and new again under another id")
    func newMember() {
        var machine = Membership()
        #expect(machine.isNew("me"))
        _ = machine.handle(.subscribed)
        _ = machine.handle(.assigned(Self.partitions))
        #expect(machine.isNew("me"))
        _ = machine.handle(.joined(memberID: "me"))
        #expect(!machine.isNew("me"))
        _ = machine.handle(.fenced)
        #expect(!machine.isNew("me"))
        #expect(machine.isNew("another"))
    }
}
