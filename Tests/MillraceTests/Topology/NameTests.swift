import Millrace
import TestSupport
import Testing

/// Kafka: `NamedTest`, `TopicTest`.
@Suite("Names that topics and folders are made of")
struct NameTests {
    private static let bad = [
        "", ".", "..", "a b", "a/b", "../up", "/etc", "ä", "a\0b", "a\nb", "a:b", "日本",
        String(repeating: "n", count: 250),
    ]

    /// Every place where a user gives a name that becomes an operator, a store or a topic.
    private static let owners: [(String, @Sendable (StreamsBuilder, String) -> Void)] = [
        ("source topic", { texts($0, $1).to("out") }),
        ("table topic", { _ = $0.table($1, key: .string, value: .string, into: .store("s")) }),
        ("global table topic", { _ = $0.globalTable($1, key: .string, value: .string, into: .store("s")) }),
        ("global table store", { _ = $0.globalTable("in", key: .string, value: .string, into: .store($1)) }),
        ("source", { $0.stream("in", key: .string, value: .string, named: $1).to("out") }),
        ("sink topic", { texts($0).to($1) }),
        ("sink", { texts($0).to("out", named: $1) }),
        ("filter", { texts($0).filter(named: $1) { _, _ in true }.to("out") }),
        ("repartition", { texts($0).repartition(named: $1).to("out") }),
        ("store of a table", { _ = $0.table("in", key: .string, value: .string, into: .store($1)) }),
        ("store of a count", { _ = texts($0).groupByKey().count(into: .store($1)) }),
        ("count", { _ = texts($0).groupByKey().count(into: .store("s"), named: $1) }),
        (
            "late records",
            {
                _ = texts($0).groupByKey().windowedBy(.tumbling(.seconds(1))).count(
                    into: .store("s").lateRecords(to: $1))
            }
        ),
        (
            "grouped",
            { _ = texts($0).groupBy(named: $1, key: .string) { _, value in value }.count(into: .store("s")) }
        ),
    ]

    private static func texts(_ builder: StreamsBuilder, _ topic: String = "in") -> KStream<String, String> {
        builder.stream(topic, key: .string, value: .string)
    }

    @Test("a bad one is refused when the topology is built, wherever it is given", arguments: owners.indices, bad)
    func refused(index: Int, name: String) {
        let builder = StreamsBuilder()
        Self.owners[index].1(builder, name)
        let error = #expect(throws: StreamsError.self, "\(Self.owners[index].0)") { try builder.build() }
        #expect(error?.code == .invalidTopology)
        #expect(error?.message.contains(KafkaName.quoted(name)) == true || name.isEmpty, "\(error?.message ?? "")")
    }

    @Test("a good one is taken everywhere", arguments: owners.indices)
    func taken(index: Int) throws {
        let builder = StreamsBuilder()
        Self.owners[index].1(builder, "A.good_name-1")
        _ = try builder.build()
    }

    @Test("any text is a name or is refused with a reason on one line", arguments: 0..<500 as Range<UInt64>)
    func anyText(seed: UInt64) {
        var random = SeededNumbers(seed: seed)
        let scalars = (0..<Int.random(in: 0...300, using: &random)).compactMap { _ in
            Unicode.Scalar(UInt32.random(in: 0...(Bool.random(using: &random) ? 0x7f : 0x1_ffff), using: &random))
        }
        var name = ""
        name.unicodeScalars.append(contentsOf: scalars)
        let isGood =
            (1...249).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy {
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-".utf8.contains($0)
            }
        let problem = KafkaName.problem(of: name)
        #expect((problem == nil) == isGood)
        #expect(problem?.contains { $0.isNewline } != true && !KafkaName.quoted(name).contains { $0.isNewline })
    }

    @Test("a topic of the application's own that its id makes too long is named with what needs it")
    func tooLongWithID() throws {
        let store = String(repeating: "s", count: 230)
        let builder = StreamsBuilder()
        _ = Self.texts(builder).groupByKey().count(into: .store(store))
        let topology = try builder.build()
        #expect(topology.problems(applicationID: "12345678") == [])
        let problems = topology.problems(applicationID: "123456789")
        #expect(problems.count == 1 && problems[0].hasPrefix("the store \(store): the topic name \"123456789-sss"))
        #expect(problems[0].contains("has 250 characters; 249 are allowed; shorten the application id or the name of"))
    }
}
