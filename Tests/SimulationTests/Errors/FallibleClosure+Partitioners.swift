import Millrace

/// The closures that choose partitions.
extension FallibleClosure {
    static var partitioners: [FallibleClosure] {
        let refusing: StreamPartitioner<String, String> = { _, _ in try unlessRefused(.byKey) }
        return [
            FallibleClosure("KStream.to.partition") { left($0).to("out", partition: refusing) },
            FallibleClosure("KStream.to.partition [of a topic that is chosen]") {
                left($0).to(partition: refusing, choosing: { _ in "out" })
            },
            FallibleClosure("KStream.repartition.partition") { left($0).repartition(partition: refusing).to("out") },
            FallibleClosure("StreamsBuilder.addSink.partition") {
                $0.addSink("sink", topic: "out", after: left($0), partition: refusing)
            },
            FallibleClosure("StreamsBuilder.addSink.partition [of a topic that is chosen]") {
                $0.addSink("sink", after: left($0), partition: refusing, choosing: { _ in "out" })
            },
            FallibleClosure("TableJoined.init.partition", rest: .asWithoutItsResult) {
                join($0, as: TableJoined(partition: { _, _ in try unlessRefused(0) }))
            },
            FallibleClosure("TableJoined.init.otherPartition", rest: .otherwise) {
                join($0, as: TableJoined(otherPartition: { _, _ in try unlessRefused(0) }))
            },
        ]
    }

    private static func join(_ builder: StreamsBuilder, as joined: TableJoined<String, String>) {
        leftTable(builder).join(
            rightTable(builder), as: joined, on: { (key: String, _: String) -> String? in key }, joiner: { $0 + $1 }
        )
        .toStream().to("out")
    }
}
