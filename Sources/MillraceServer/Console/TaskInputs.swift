import Millrace
import MillraceRuntime

/// The input partitions of a task with their lags, as JSON.
struct TaskInputs {
    /// The metrics of the task's partitions.
    let partitions: [PartitionMetrics]

    static let schema = Schema.list(
        Schema.object(
            ["topic": Schema.text, "partition": #"{"type": "integer"}"#],
            optional: ["lag": #"{"type": "integer"}"#, "lagMs": #"{"type": "integer"}"#]))

    var json: String {
        JSON.array(
            partitions.sorted { $0.partition < $1.partition }.map { input in
                JSON.object([
                    ("topic", JSON.quoted(input.partition.topic)), ("partition", "\(input.partition.partition)"),
                    ("lag", input.lag.map { "\($0)" }),
                    ("lagMs", input.lagTime.map { "\($0.nanoseconds / 1_000_000)" }),
                ])
            })
    }
}
