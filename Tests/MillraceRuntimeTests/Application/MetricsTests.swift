import Foundation
import KafkaClient
import Millrace
import MillraceRuntime
import Testing

extension ApplicationTests {
    @Suite("Metrics")
    struct MetricsTests {
        private let cluster: TestCluster
        private let directory: TestDirectory
        private let application = TestCluster.uniqueName("app")

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
        }

        @Test("an instance shows its threads, tasks, partitions, stores and databases")
        func everything() async throws {
            let (input, output) = (try cluster.createTopic("in", partitions: 2), try cluster.createTopic("out"))
            try cluster.write((0..<200).map { TestRecord(key: "k\($0 % 10)", value: "v") }, to: input)
            var configuration = cluster.configuration(application, directory)
            configuration.threads = 2
            configuration.recordsStateStatistics = true
            let instance = try RunningInstance(configuration) { builder in
                builder.stream(input, key: .string, value: .string).groupByKey().count(into: .store("counts"))
                    .toStream().to(output)
            }
            #expect(instance.application.stateMetrics == nil || instance.application.state != .created)
            instance.application.beginMeasuringLatency()
            try await instance.awaits(processed: 200)
            try await instance.awaits("a look at the lag") { metrics in
                metrics.partitions.count == 2 && metrics.partitions.allSatisfy { $0.lag == 0 }
                    && metrics.threads.reduce(0) { $0 + $1.commitLatency.count } > 0
            }
            let metrics = instance.metrics
            #expect(metrics.applicationID == application)
            #expect(metrics.clientID.hasPrefix("\(application)-"))
            #expect(metrics.state == .running)
            #expect(metrics.threads.map(\.id) == [0, 1])
            for thread in metrics.threads {
                #expect(thread.state == .running)
                #expect(thread.rebalanceLatency.count >= 1)
                #expect((thread.activityTimes[.poll] ?? .zero) > .zero)
                #expect((thread.activityCounts[.poll] ?? 0) > 0)
                #expect(thread.timeSincePoll.map { $0 < .seconds(300) } == true)
            }
            #expect(Set(metrics.partitions.map(\.task)) == ["0_0", "0_1"])
            #expect(metrics.partitions.allSatisfy { $0.lagTime == .zero && !$0.isPaused && $0.bufferedRecords == 0 })
            #expect(Set(metrics.storeProgress.map(\.task)) == ["0_0", "0_1"])
            #expect(
                metrics.storeProgress.allSatisfy { $0.store == "counts" && !$0.isStandby && $0.missingRecords == 0 })
            let measured = metrics.byTask.values.reduce(0) { $0 + $1.endToEndLatency.count }
            #expect(measured > 0 && measured <= 200)
            #expect(metrics.byTask.values.reduce(0) { $0 + $1.lateness.count } == measured)
            let written = metrics.byTask.values.compactMap { $0.storeOperations["counts"]?[.write] }
            #expect(written.count == 2)
            #expect(written.reduce(0) { $0 + $1.count } > 0 && written.contains { $0.time > .zero })
            let state = try #require(instance.application.stateMetrics)
            #expect(state.databases.map(\.task) == ["0_0", "0_1"])
            #expect(state.databases.allSatisfy { $0.store == "counts" })
            #expect(state.blockCacheCapacityInBytes > 0 && state.accesses != nil)
            try await instance.stop()
            #expect(instance.application.stateMetrics == nil)
            #expect(instance.metrics.threads.isEmpty && instance.metrics.failedThreads == 0)
        }

        @Test("a thread that ends with an error is counted as failed")
        func failed() async throws {
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            try cluster.write([TestRecord(key: "k", value: "v")], to: input)
            let instance = try RunningInstance(cluster.configuration(application, directory)) { builder in
                builder.stream(input, key: .string, value: .string)
                    .mapValues { (_: String) throws -> String in throw DeadlinePassed("never") }.to(output)
            }
            _ = try await instance.failure()
            #expect(instance.metrics.failedThreads == 1)
        }
    }
}
