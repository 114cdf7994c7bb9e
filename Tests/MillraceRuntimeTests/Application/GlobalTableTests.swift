import Millrace
import MillraceRuntime
import Testing

extension ApplicationTests {
    @Suite("Global tables")
    struct GlobalTableTests {
        private let cluster: TestCluster
        private let directory: TestDirectory
        private let application = TestCluster.uniqueName("app")

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
        }

        private func start(_ input: String, _ table: String, _ output: String, inMemory: Bool = false) throws
            -> RunningInstance
        {
            var configuration = cluster.configuration(application, directory)
            configuration.threads = 2
            return try RunningInstance(configuration) { builder in
                let store = Materialized<String, String>.store("countries")
                let countries = builder.globalTable(
                    table, key: .string, value: .string, into: inMemory ? store.inMemory() : store)
                builder.stream(input, key: .string, value: .string)
                    .leftJoin(countries) { _, country in
                        country
                    } joiner: {
                        "\($0)=\($1 ?? "-")"
                    }
                    .to(output)
            }
        }

        @Test(
            "all partitions are read before the first record is joined, and followed from then on",
            arguments: [
                false, true,
            ])
        func join(inMemory: Bool) async throws {
            let (input, output) = (try cluster.createTopic("in", partitions: 2), try cluster.createTopic("out"))
            let table = try cluster.createTopic("countries", partitions: 5)
            try cluster.write((0..<50).map { TestRecord(key: "c\($0)", value: "name \($0)") }, to: table)
            try cluster.write((0..<60).map { TestRecord(key: "k\($0)", value: "c\($0)") }, to: input)

            let instance = try start(input, table, output, inMemory: inMemory)
            // The table's records are also counted.
            try await instance.awaits(processed: 110)
            try cluster.write(["c55": "new"], to: table)
            try await instance.awaits(processed: 111)
            try cluster.write(["late": "c55"], to: input)
            try await instance.awaits(processed: 112)
            try await instance.stop()

            var expected = ["late": "c55=new"]
            for number in 0..<60 {
                expected["k\(number)"] = "c\(number)=" + (number < 50 ? "name \(number)" : "-")
            }
            #expect(try cluster.table(output) == expected)
        }

        @Test("a restart reads only new records, and keeps the old ones")
        func restart() async throws {
            let (input, output) = (try cluster.createTopic("in", partitions: 2), try cluster.createTopic("out"))
            let table = try cluster.createTopic("countries", partitions: 3)
            try cluster.write((0..<40).map { TestRecord(key: "c\($0)", value: "first") }, to: table)
            let first = try start(input, table, output)
            try await first.awaits(processed: 40)
            try await first.stop()

            try cluster.write(["c1": "second"], to: table)
            try cluster.write([TestRecord(key: "c2", value: nil)], to: table)
            try cluster.write(["k0": "c0", "k1": "c1", "k2": "c2"], to: input)
            let second = try start(input, table, output)
            try await second.awaits(processed: 5)
            try await second.stop()
            #expect(second.metrics.processedRecords == 5)
            #expect(try cluster.table(output) == ["k0": "c0=first", "k1": "c1=second", "k2": "c2=-"])
        }

        @Test("a store with a custom processor has every record once, across a restart")
        func ownProcessor() async throws {
            let (input, output) = (try cluster.createTopic("in", partitions: 2), try cluster.createTopic("out"))
            let parts = try cluster.createTopic("parts", partitions: 3)
            let sums = Stores.keyValue("sums", key: .string, value: .string)
            func start() throws -> RunningInstance {
                var configuration = cluster.configuration(application, directory)
                configuration.threads = 2
                return try RunningInstance(configuration) { builder in
                    builder.addGlobalStore(sums, topic: parts, key: .string, value: .string) { context in
                        let sums = try context.store(sums)
                        return { record in
                            guard let key = record.key else { return }
                            try sums.put(key, (sums.get(key) ?? "") + (record.value ?? ""))
                        }
                    }
                    builder.stream(input, key: .string, value: .string).processValues {
                        (context: FixedKeyProcessorContext<String, String>) in
                        let sums = try context.store(sums)
                        return { record in
                            let found = try record.value.flatMap { try sums.get($0) }
                            try context.forward(record.with(value: found ?? "none"))
                        }
                    }
                    .to(output)
                }
            }
            try cluster.write((1...9).map { TestRecord(key: "p\($0 % 3)", value: "\($0)") }, to: parts)
            let first = try start()
            try await first.awaits(processed: 9)
            try await first.stop()

            try cluster.write(["p1": "+"], to: parts)
            try cluster.write(["k0": "p0", "k1": "p1", "k2": "p2", "k3": "p3"], to: input)
            let second = try start()
            try await second.awaits(processed: 5)
            try await second.stop()
            #expect(second.metrics.processedRecords == 5)
            #expect(try cluster.table(output) == ["k0": "369", "k1": "147+", "k2": "258", "k3": "none"])
        }

        @Test("a missing topic fails the start, and so does an unreadable record")
        func failures() async throws {
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            let missing = try start(input, "no-such-table", output)
            #expect(try await missing.failure().code == .topic)

            let table = try cluster.createTopic("countries")
            try cluster.write(["c1": "not a number"], to: table)
            let instance = try RunningInstance(cluster.configuration(application, directory)) { builder in
                let numbers = builder.globalTable(table, key: .string, value: .int64)
                builder.stream(input, key: .string, value: .string)
                    .join(numbers) { key, _ in
                        key
                    } joiner: {
                        "\($0)\($1)"
                    }.to(output)
            }
            let error = try await instance.failure()
            #expect(error.code == .deserialization)
            #expect(error.record?.topic == table)
        }
    }
}
