import MillraceConnectRuntime

extension MetricFamily {
    /// The families of connectors, which a ``ConnectMetricsReporter`` reports.
    static let ofConnectors: [MetricFamily] = [
        MetricFamily(
            "connector_state", .gauge, "State of a connector: 1 for the one in which it is.",
            labels: ["connector", "state"],
            kafka: "connector-metrics:status"
        ) { snapshot in
            snapshot.connectors.flatMap { connector in
                ConnectorState.allCases.map { state in
                    MetricSample([connector.name, state.rawValue], .flag(connector.state == state))
                }
            }
        },
        MetricFamily(
            "connector_tasks", .gauge, "Tasks of a connector in this process, by state.",
            labels: ["connector", "state"],
            kafka: "connector-total-task-count"
        ) { snapshot in
            snapshot.connectors.flatMap { connector in
                ConnectorState.allCases.map { state in
                    MetricSample(
                        [connector.name, state.rawValue],
                        .integer(connector.tasks.count { $0.state == state }))
                }
            }
        },
        MetricFamily(
            "connector_lag_records", .gauge,
            "Records by which a sink is behind its topics, or the group is behind that holds a source back.",
            labels: ["connector"]
        ) { snapshot in
            snapshot.connectors.compactMap { connector in
                connector.lag.map { MetricSample([connector.name], .integer(Int(clamping: $0))) }
            }
        },
        MetricFamily(
            "connector_held_back", .gauge, "Held back: 1 while a source waits for the group that reads its topics.",
            labels: ["connector"]
        ) { snapshot in
            snapshot.connectors.map { MetricSample([$0.name], .flag($0.isHeldBack)) }
        },
        MetricFamily(
            "connector_differences", .gauge,
            "Connectors that some processes of the worker lack or have with other settings, as this process sees it.",
            labels: []
        ) { snapshot in
            snapshot.connectorDifferences.map { [MetricSample([], .integer($0))] } ?? []
        },
        ofConnectorTask(
            "connector_records_total", .counter, "Records that were committed: written to topics, or to the target.",
            kafka: "source-record-write-total"
        ) { $0.records },
        ofConnectorTask(
            "connector_bytes_total", .counter, "Size of the keys and values of these records.", unit: .bytes
        ) { $0.sizeInBytes },
        ofConnectorTask("connector_commits_total", .counter, "Commits.") { $0.commits },
        ofConnectorTask(
            "connector_failures_total", .counter, "Failures, whether they passed or not.",
            kafka: "total-record-failures"
        ) { $0.failures },
        ofConnectorTask(
            "connector_refused_records_total", .counter, "Records that the target refused, which are dead letters.",
            kafka: "deadletterqueue-produce-requests"
        ) { $0.refused },
        ofConnectorTask(
            "connector_losses_total", .counter,
            "Losses: times at which records were gone before they were read, or may have been."
        ) { $0.losses },
        ofConnectorTask(
            "connector_lost_records_total", .counter, "Records that were lost so, as far as their number is known."
        ) { $0.lostRecords },
        ofTime(
            "connector_last_loss_timestamp_seconds", "Time at which the last loss was noticed, in seconds since 1970."
        ) { $0.lastLossMs },
        ofKnown(
            "connector_unread_records", "Records that a source has and that are not read yet, as far as it tells."
        ) { $0.unread },
        ofKnown(
            "connector_trim_margin_records",
            "Records that a source that removes records can remove before it meets one that is not read."
        ) { $0.trimMargin },
        ofTime(
            "connector_last_record_timestamp_seconds",
            "Time of the last record that was committed, in seconds since 1970."
        ) { $0.lastRecordMs },
    ]

    private static func ofTime(
        _ name: String, _ help: String, _ readMs: @escaping @Sendable (ConnectorTaskStatus) -> Int64?
    ) -> MetricFamily {
        MetricFamily(name, .gauge, help, labels: ["connector", "task"], unit: .seconds) { snapshot in
            snapshot.connectors.flatMap { connector in
                connector.tasks.compactMap { task in
                    readMs(task).map { MetricSample([connector.name, task.name], .real(Double($0) / 1_000)) }
                }
            }
        }
    }

    private static func ofKnown(
        _ name: String, _ help: String, _ read: @escaping @Sendable (ConnectorTaskStatus) -> Int?
    ) -> MetricFamily {
        MetricFamily(name, .gauge, help, labels: ["connector", "task"]) { snapshot in
            snapshot.connectors.flatMap { connector in
                connector.tasks.compactMap { task in
                    read(task).map { MetricSample([connector.name, task.name], .integer($0)) }
                }
            }
        }
    }

    private static func ofConnectorTask(
        _ name: String, _ kind: MetricDescription.Kind, _ help: String, kafka: String? = nil,
        unit: MetricDescription.Unit? = nil, _ read: @escaping @Sendable (ConnectorTaskStatus) -> Int
    ) -> MetricFamily {
        MetricFamily(name, kind, help, labels: ["connector", "task"], kafka: kafka, unit: unit) { snapshot in
            snapshot.connectors.flatMap { connector in
                connector.tasks.map { MetricSample([connector.name, $0.name], .integer(read($0))) }
            }
        }
    }
}
