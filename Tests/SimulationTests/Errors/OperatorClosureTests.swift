import Foundation
import Millrace
import MillraceTesting
import Testing

/// Errors that user code throws for a record go to the handler for its kind, whatever the operator.
@Suite("Errors of user code")
struct OperatorClosureTests {
    private static let reasons: [DropReason] = [.deserialization, .processing, .production]

    @Test(
        "`fail` ends the task with an error that names node, stores, topic, partition and offset",
        arguments: FallibleClosure.all.map(\.name))
    func fails(name: String) throws {
        var run = try ClosureRun(name, answering: .fail)
        let error = try #require(throws: StreamsError.self) { try run.run(refusing: Set(run.refusable)) }
        #expect(error.code.rawValue == run.closure.reason.rawValue)
        #expect(error.underlying is Refusal)
        let node = try #require(run.topology.nodes.first { $0.name == error.node })
        #expect(Set(error.stores).isSuperset(of: node.storeNames))
        let record = try #require(error.record)
        #expect(["left", "right"].contains(record.topic) || record.topic.hasPrefix("app-"))
        #expect(record.partition == 0)
        #expect(record.offset >= 0)
        #expect(run.refused.count == 1)
        for text in [node.name, record.topic, "offset \(record.offset)"] + error.stores {
            #expect(error.description.contains(text))
        }
        if FallibleClosure.stores.contains(where: { $0.name == name }) { #expect(!error.stores.isEmpty) }
    }

    @Test(
        "`continue` drops the record and counts it, and all other results are as without it",
        arguments: FallibleClosure.all.map(\.name))
    func continues(name: String) throws {
        var all = try ClosureRun(name, answering: .fail)
        try all.run()
        var refusals = 0
        for index in all.refusable {
            var run = try ClosureRun(name, answering: .continue)
            try run.run(refusing: [index])
            let counts = run.driver.droppedRecords.filter { Self.reasons.contains($0.key) }
            refusals += run.refused.count
            guard !run.refused.isEmpty else {
                #expect(counts.isEmpty)
                #expect(run.results == all.results)
                continue
            }
            #expect(counts == [run.closure.reason: run.refused.count])
            for (node, contexts) in Dictionary(grouping: run.refused, by: { $0.error.node ?? "" }) {
                #expect(run.driver.droppedRecordsByOperator[node]?[run.closure.reason] == contexts.count)
            }
            // A waiting record is refused when it is due.
            let place = try #require(run.refused.first?.error.record)
            var without = try ClosureRun(name, answering: .fail)
            try without.run(without: run.step(at: place)?.index ?? index)
            let found = run.results.joined()
            let isAsWithoutIt = found.elementsEqual(without.results.joined())
            let isButForHeaders = found.map(Self.bare) == without.results.joined().map(Self.bare)
            var expected = all.results
            expected[index] = run.results[index]
            let lacksItsResult =
                run.results == expected && run.results[index].isSubsequence(of: all.results[index])
            let isAsExpected =
                switch run.closure.rest {
                case .asWithoutTheRecord: isAsWithoutIt
                case .asWithoutAllButItsTime: isButForHeaders
                case .asWithoutItsResult: lacksItsResult
                case .asWithoutEither: isButForHeaders || lacksItsResult
                case .otherwise: true
                }
            #expect(
                isAsExpected,
                "step \(index); as without it: \(isAsWithoutIt), but for headers: \(isButForHeaders), lacks its result: \(lacksItsResult)"
            )
        }
        #expect(refusals > 0)
    }

    private static func bare(_ record: Record<[UInt8], [UInt8]>) -> Record<[UInt8], [UInt8]> {
        Record(key: record.key, value: record.value, timestampMs: record.timestampMs)
    }

    @Test(
        "a dead letter is the unchanged record, with headers for place and error",
        arguments: FallibleClosure.all.map(\.name))
    func deadLetters(name: String) throws {
        var run = try ClosureRun(name, answering: .deadLetter(topic: "dead"))
        try run.run(refusing: Set(run.refusable))
        let letters = try run.driver.outputTopic("dead", key: .bytes, value: .bytes).readRecords()
        #expect(letters.count == run.driver.droppedRecords[run.closure.reason])
        #expect(!letters.isEmpty)
        #expect(letters.map(\.key) == run.refused.map(\.key))
        #expect(letters.map(\.value) == run.refused.map(\.value))
        for (letter, context) in zip(letters, run.refused) {
            func header(_ name: String) -> String? {
                letter.headers.last(named: name)?.value.map { String(decoding: $0, as: UTF8.self) }
            }
            let place = try #require(context.error.record)
            #expect(header("__streams.errors.topic") == place.topic)
            #expect(header("__streams.errors.partition") == "0")
            #expect(header("__streams.errors.offset") == "\(place.offset)")
            #expect(header("__streams.errors.exception")?.hasSuffix("Refusal") == true)
            #expect(header("__streams.errors.message") == context.error.description)
            #expect(header("__streams.errors.stacktrace") != nil)
            // Only the place of a waiting record is known.
            guard let key = context.key, let (index, step) = run.step(at: place) else { continue }
            #expect(key == Array(step.key.utf8))
            #expect(letter.value == Array(step.value.utf8))
            #expect(letter.timestampMs == step.atMs)
            #expect(header("trace") == "\(index)")
        }
    }

    // MARK: Completeness

    /// Closures that are not called for a record, with the tests that cover them.
    private static let otherwise: [String: String] = [
        "ProcessingContext.schedule.action(Int64)": "PunctuationTests",
        "StoreBuilder.wrapped.wrap(Store)": "StartErrorTests",
        "Serde.rendered.json(Value)": "SerdeTextTests",
        "Serde.rendered.parse(String)": "SerdeTextTests",
        "Stores.custom.make(StateStoreContext)": "StartErrorTests",
    ]

    @Test("every closure that the sources declare is in the list")
    func complete() throws {
        let covered = Set(FallibleClosure.all.map(\.declaration))
        let declared = try DeclaredClosures.all()
        #expect(declared.count > 60)
        #expect(declared.subtracting(covered).subtracting(Self.otherwise.keys).sorted() == [], "not in the list")
        #expect(covered.union(Self.otherwise.keys).subtracting(declared).sorted() == [], "not declared any more")
        #expect(Set(FallibleClosure.all.map(\.name)).count == FallibleClosure.all.count)
    }

    /// Calls that take neither closures nor serdes that they call themselves.
    private static let withoutUserCode: Set<String> = [
        "BranchedKStream.defaultBranch", "CogroupedKStream.windowedBy", "KGroupedStream.windowedBy",
        "KStream.merge(KStream)", "KStream.split", "SessionWindowedKStream.emit", "StreamsBuilder.build",
        "StreamsBuilder.connect", "TimeWindowedKStream.emit",
    ]

    @Test("every operator is in the list, with a closure or a serde")
    func everyOperator() throws {
        let names = FallibleClosure.all.map(\.name)
        func isListed(_ call: String) -> Bool {
            names.contains { name in
                name.ranges(of: call).contains { range in
                    guard range.upperBound < name.endIndex, call.last?.isLetter == true else { return true }
                    return !name[range.upperBound].isLetter && name[range.upperBound] != "("
                }
            }
        }
        let calls = try OperatorList.declared()
        #expect(calls == OperatorList.stateful.union(OperatorList.stateless))
        #expect(calls.subtracting(Self.withoutUserCode).filter { !isListed($0) }.sorted() == [])
        #expect(Self.withoutUserCode.filter { !calls.contains($0) || isListed($0) }.sorted() == [])
    }
}

extension OperatorClosureTests {
    @Test("no operator catches errors; only the code that calls user code does")
    func frames() throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources/Millrace")
        var catching: Set<String> = []
        for folder in ["DSL", "Errors", "Plan", "ProcessorAPI", "Processors", "Stores", "Time", "Windows"] {
            let files = try #require(
                FileManager.default.enumerator(at: sources.appending(path: folder), includingPropertiesForKeys: nil))
            for case let file as URL in files where file.pathExtension == "swift" {
                let source = try String(contentsOf: file, encoding: .utf8)
                if source.contains(/\} catch\b/) { catching.insert(file.lastPathComponent) }
            }
        }
        // The last one notes an error from downstream and rethrows it.
        #expect(
            catching == [
                "Receiver.swift", "TaskContext+UserCode.swift", "SourceReader.swift", "RecordCollector.swift",
                "ProcessorNode.swift",
            ])
    }
}

extension Array where Element: Equatable {
    /// Whether another array contains the same elements in the same order, possibly with others between.
    fileprivate func isSubsequence(of other: [Element]) -> Bool {
        var rest = self[...]
        for element in other where element == rest.first { rest.removeFirst() }
        return rest.isEmpty
    }
}
