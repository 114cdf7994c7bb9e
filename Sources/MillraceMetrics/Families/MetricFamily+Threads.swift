import MillraceRuntime

extension MetricFamily {
    /// The families of worker threads.
    static let ofThreads: [MetricFamily] = [
        ofThread(
            "thread_state", .gauge, "Whether the thread is in this state: 1 or 0.", labels: ["state"],
            kafka: "stream-thread-metrics: state"
        ) { thread in
            ThreadMetrics.State.allCases.map { MetricSample([$0.rawValue], .flag($0 == thread.state)) }
        },
        ofThread(
            "thread_activity_seconds_total", .counter,
            "Time that the thread has spent on an activity; its rate is the ratio.", labels: ["activity"],
            kafka: "stream-thread-metrics: poll-ratio, process-ratio, punctuate-ratio, commit-ratio", unit: .seconds
        ) { thread in
            ThreadMetrics.Activity.allCases.map {
                MetricSample([$0.rawValue], .seconds(thread.activityTimes[$0] ?? .zero))
            }
        },
        ofThread(
            "thread_activities_total", .counter,
            "Times that the thread has begun an activity: polls, batches of a task, punctuations, commits.",
            labels: ["activity"], kafka: "stream-thread-metrics: poll-total, punctuate-total, commit-total"
        ) { thread in
            ThreadMetrics.Activity.allCases.map {
                MetricSample([$0.rawValue], .integer(thread.activityCounts[$0] ?? 0))
            }
        },
        ofThread(
            "thread_last_poll_age_seconds", .gauge, "Time since the thread last asked for records.",
            kafka: "consumer-metrics: last-poll-seconds-ago", unit: .seconds
        ) { thread in
            thread.timeSincePoll.map { [MetricSample([], .seconds($0))] } ?? []
        },
        ofThread(
            "commit_latency_seconds", .histogram,
            "Times of commits, from the flush of caches to the broker's answer.",
            kafka: "stream-thread-metrics: commit-latency-avg, commit-latency-max", unit: .seconds
        ) { [MetricSample([], .histogram($0.commitLatency))] },
        ofThread(
            "rebalance_latency_seconds", .histogram,
            "Times from the end of a generation, or the start, until the thread runs its tasks of the next one.",
            kafka: "consumer-coordinator-metrics: rebalance-latency-avg, rebalance-total", unit: .seconds
        ) { [MetricSample([], .histogram($0.rebalanceLatency))] },
        ofThread(
            "aborts_total", .counter,
            "Times that records had to be processed again because everything uncommitted was dropped.",
            kafka: "producer-metrics: txn-abort-time-ns-total"
        ) { [MetricSample([], .integer($0.aborts))] },
    ]

    private static func ofThread(
        _ name: String, _ kind: MetricDescription.Kind, _ help: String, labels: [String] = [], kafka: String,
        unit: MetricDescription.Unit? = nil, _ read: @escaping @Sendable (ThreadMetrics) -> [MetricSample]
    ) -> MetricFamily {
        MetricFamily(name, kind, help, labels: ["thread"] + labels, kafka: kafka, unit: unit) { snapshot in
            snapshot.metrics.threads.flatMap { thread in
                read(thread).map { MetricSample(["\(thread.id)"] + $0.labels, $0.value) }
            }
        }
    }
}
