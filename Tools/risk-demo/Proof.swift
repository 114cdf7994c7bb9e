import ArgumentParser
import Foundation
import KafkaClient
import RiskScore

/// Recomputes from the input what the application should have written, and compares.
///
/// Exactly-once processing shows in more than the highest score: every valid event emits one update, so an account has as many
/// updates as events, and every malformed record is among the dead letters once.
struct Proof {
    private struct Expectation {
        var highest = 0.0
        var events = 0
    }

    private struct Place: Hashable {
        var partition: Int32
        var offset: Int64
    }

    private(set) var problems: [String] = []
    private(set) var summary: [String] = []

    /// Reads all topics, committed records only.
    init(_ broker: DemoBroker) throws {
        var expected: [String: Expectation] = [:]
        var malformed: Set<Place> = []
        var (tombstones, keyless, valid) = (0, 0, 0)
        try broker.readAll([RiskScoreTopology.events]) { _, message in
            let key = message.key.map { String(decoding: $0, as: UTF8.self) }
            guard let value = message.value else {
                tombstones += 1
                return
            }
            guard let event = try? JSONDecoder().decode(RiskEvent.self, from: Data(value)) else {
                malformed.insert(Place(partition: message.partition, offset: message.offset))
                return
            }
            guard let key else {
                keyless += 1
                return
            }
            valid += 1
            expected[key, default: Expectation()].highest = max(expected[key]?.highest ?? 0, event.score)
            expected[key, default: Expectation()].events += 1
        }
        try compareScores(expected, broker)
        try compareState(expected, broker)
        try compareDeadLetters(malformed, broker)
        summary.insert(
            "\(valid) valid events of \(expected.count) accounts, \(malformed.count) malformed, "
                + "\(tombstones) tombstones, \(keyless) without a key", at: 0)
    }

    private mutating func compareScores(_ expected: [String: Expectation], _ broker: DemoBroker) throws {
        var latest: [String: Double] = [:]
        var updates: [String: Int] = [:]
        try broker.readAll([RiskScoreTopology.scores]) { _, message in
            guard let key = message.key, let score = Self.score(message.value) else { return }
            let account = String(decoding: key, as: UTF8.self)
            latest[account] = score
            updates[account, default: 0] += 1
        }
        var wrong = 0
        for (account, expectation) in expected.sorted(by: { $0.key < $1.key }) {
            let isRight = latest[account] == expectation.highest && updates[account] == expectation.events
            if isRight { continue }
            wrong += 1
            if wrong <= 5 {
                problems.append(
                    "\(account): \(latest[account] ?? -1) after \(updates[account] ?? 0) updates, but the highest of "
                        + "\(expectation.events) events is \(expectation.highest)")
            }
        }
        let unknown = Set(latest.keys).subtracting(expected.keys).count
        if wrong > 5 { problems.append("… and \(wrong - 5) more accounts are wrong") }
        if unknown > 0 { problems.append("\(unknown) accounts have a score but no event") }
        summary.append(
            "\(RiskScoreTopology.scores): \(expected.count - wrong) of \(expected.count) accounts right, "
                + "\(updates.values.reduce(0, +)) updates")
    }

    /// Checks that the changelog gives the same table.
    private mutating func compareState(_ expected: [String: Expectation], _ broker: DemoBroker) throws {
        let changelog = "\(broker.options.applicationID)-\(RiskScoreTopology.store)-changelog"
        var state: [String: Double] = [:]
        try broker.readAll([changelog]) { _, message in
            guard let key = message.key else { return }
            state[String(decoding: key, as: UTF8.self)] = Self.score(message.value)
        }
        if state != expected.mapValues(\.highest) {
            problems.append("the changelog \(changelog) gives another table: \(state.count) accounts")
        }
    }

    private mutating func compareDeadLetters(_ malformed: Set<Place>, _ broker: DemoBroker) throws {
        var found: [Place: Int] = [:]
        try broker.readAll([broker.options.deadLetterTopic]) { _, message in
            var fields: [String: String] = [:]
            for header in message.headers { fields[header.name] = String(decoding: header.value ?? [], as: UTF8.self) }
            guard let partition = fields["__streams.errors.partition"].flatMap(Int32.init),
                let offset = fields["__streams.errors.offset"].flatMap(Int64.init)
            else { return }
            found[Place(partition: partition, offset: offset), default: 0] += 1
        }
        let isExact = Set(found.keys) == malformed && found.values.allSatisfy { $0 == 1 }
        if !isExact {
            problems.append(
                "\(malformed.count) malformed records, but \(found.values.reduce(0, +)) dead letters for "
                    + "\(found.count) records")
        }
        summary.append(
            "\(broker.options.deadLetterTopic): \(found.count) of \(malformed.count) malformed records, once each")
    }

    private static func score(_ bytes: UnsafeRawBufferPointer?) -> Double? {
        guard let bytes, bytes.count == 8 else { return nil }
        return Double(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
    }

    /// Prints the result; returns whether it is right.
    func report() -> Bool {
        for line in summary { print("  \(line)") }
        for problem in problems { print("  WRONG: \(problem)") }
        print(problems.isEmpty ? "PROVEN: every score is exact, and every record took effect once." : "NOT PROVEN.")
        return problems.isEmpty
    }
}

/// Runs only the proof, for tests that run separate instances.
struct Prove: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Compares the results with the input.")

    @OptionGroup var demo: DemoOptions

    @Option(help: "Seconds to wait for an instance to catch up with the input.")
    var patience: Double = 0

    func validate() throws {
        guard (0...86_400).contains(patience) else {
            throw ValidationError("--patience has to be from 0 to 86400 seconds")
        }
    }

    func run() throws {
        let deadline = ContinuousClock.now + .seconds(patience)
        var proof = try Proof(DemoBroker(options: demo))
        while !proof.problems.isEmpty, ContinuousClock.now < deadline {
            Thread.sleep(forTimeInterval: 0.5)
            proof = try Proof(DemoBroker(options: demo))
        }
        if !proof.report() { throw ExitCode(1) }
    }
}
