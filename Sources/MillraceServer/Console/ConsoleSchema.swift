/// The schemas of what the console asks for, as JSON.
enum ConsoleSchema {
    private static let integer = #"{"type": "integer"}"#
    private static let number = #"{"type": "number"}"#
    private static let flag = #"{"type": "boolean"}"#
    private static let text = Schema.text

    static let topology = Schema.object([
        "applicationId": text,
        "subtopologies": Schema.list(
            Schema.object([
                "id": integer, "isGlobal": flag, "nodes": Schema.list(node),
                "stores": Schema.list(Schema.object(["name": text], optional: ["kind": text, "changelog": text])),
            ])),
    ])

    private static let node = Schema.object(
        ["name": text, "kind": text, "successors": Schema.list(text)],
        optional: [
            "topics": Schema.list(Schema.object(["name": text, "isInternal": flag])), "pattern": text,
            "chosenBy": text, "stores": Schema.list(text),
        ])

    static let tasks = instances([
        "paused": flag, "pausedSubtopologies": Schema.list(integer),
        "processedRecords": integer, "restoredRecords": integer, "standbyRecords": integer, "lag": integer,
        "lagMs": integer, "failedThreads": integer,
        "deadLetteredRecords": integer, "commits": integer, "averageCommitMs": integer, "longestCommitMs": integer,
        "troubles": Schema.list(text),
        "dropped": Schema.list(Schema.object(["node": text, "reason": text, "count": integer])),
        "deadLetters": Schema.list(Schema.object(["node": text, "reason": text, "count": integer])),
        "threads": Schema.list(
            Schema.object(
                [
                    "id": integer, "state": text, "lag": integer, "tasks": Schema.list(text),
                    "standbyTasks": Schema.list(text),
                ], optional: ["trouble": text])),
        "tasks": Schema.list(task),
    ])

    private static let task = Schema.object(
        [
            "id": text, "isStandby": flag, "thread": integer, "state": text, "processedRecords": integer,
            "restoredRecords": integer, "droppedRecords": integer, "inputs": TaskInputs.schema,
            "stores": Schema.list(
                Schema.object([
                    "name": text, "currentOffset": integer, "endOffset": integer, "missingRecords": integer,
                ])),
        ],
        optional: [
            "lag": integer, "lagMs": integer,
            "nodes": #"{"type": "object", "additionalProperties": "#
                + Schema.object(["records": integer, "dropped": integer]) + "}",
        ])

    static let configuration = Schema.object([
        "settings": Schema.list(
            Schema.object(
                ["name": text, "group": text, "isHidden": flag, "source": text, "summary": text],
                optional: ["value": text, "default": text]))
    ])

    static let metricSummaries = Schema.object([
        "series": Schema.list(
            Schema.object(
                [
                    "name": text, "help": text, "kind": text,
                    "labels": #"{"type": "object", "additionalProperties": {"type": "string"}}"#,
                ],
                optional: [
                    "unit": text, "value": number, "count": number, "sum": number, "median": number, "p99": number,
                ]))
    ])

    static let errors = instances([
        "troubles": Schema.list(text),
        "errors": Schema.list(
            Schema.object(
                ["timestampMs": integer, "kind": text, "message": text],
                optional: [
                    "response": text, "deadLetterTopic": text, "node": text, "task": text, "topic": text,
                    "partition": integer, "offset": integer, "key": text,
                ])),
    ])

    static let deadLetters = Schema.object(
        [
            "topics": Schema.list(text),
            "letters": Schema.list(
                Schema.object(
                    [
                        "topic": text, "partition": integer, "offset": integer, "timestampMs": integer,
                        "valueSizeInBytes": integer,
                    ],
                    optional: [
                        "exception": text, "message": text, "node": text, "sourceTopic": text,
                        "sourcePartition": integer, "sourceOffset": integer, "key": "{}", "value": "{}",
                    ])),
        ], optional: ["before": text])

    static let explanation = Schema.object([
        "topic": text, "partition": integer, "task": text, "owner": optional("string"), "paused": optional("boolean"),
        "committed": optional("integer"), "end": integer, "last": record, "processed": record,
        "behind": nullable(Schema.object(["records": integer, "ms": integer])), "outcome": text, "summary": text,
        "steps": Schema.list(
            Schema.object([
                "node": text, "depth": integer, "key": text, "value": text, "timestampMs": integer, "outcome": text,
                "detail": text, "isLater": flag,
            ])),
        "outputs": Schema.list(
            Schema.object(["topic": text, "partition": integer, "key": "{}", "value": "{}", "timestampMs": integer])),
        "changes": Schema.list(
            Schema.object(["store": text, "partition": integer, "key": "{}", "value": "{}", "timestampMs": integer])),
        "downstream": Schema.list(
            Schema.object([
                "topic": text, "partition": integer, "task": text, "owner": optional("string"),
                "paused": optional("boolean"), "committed": optional("integer"), "end": integer,
                "waitingRecords": integer,
            ])), "skippedRecords": integer, "notes": Schema.list(text),
    ])

    private static let record = nullable(Schema.object(["offset": integer, "timestampMs": integer, "value": "{}"]))

    private static func optional(_ type: String) -> String { #"{"type": ["\#(type)", "null"]}"# }

    private static func nullable(_ schema: String) -> String { #"{"anyOf": [\#(schema), {"type": "null"}]}"# }

    /// The objects of all instances. One that did not answer has an error instead of its members.
    private static func instances(_ members: [String: String]) -> String {
        var optional = members
        optional["address"] = text
        optional["error"] = Schema.error
        return Schema.object([
            "instances": Schema.list(Schema.object(["isHere": flag, "state": text], optional: optional))
        ])
    }
}
