/// The schemas of connectors for the OpenAPI document.
enum ConnectorSchema {
    private static let integer = #"{"type": "integer"}"#
    private static let flag = #"{"type": "boolean"}"#
    private static let state =
        #"{"type": "string", "enum": ["RUNNING", "PAUSED", "FAILED", "UNASSIGNED", "RESTARTING"]}"#

    private static let task = Schema.object(
        [
            "name": Schema.text, "state": state, "records": integer, "bytes": integer, "commits": integer,
            "failures": integer, "refused": integer, "partitions": integer,
        ],
        optional: [
            "trouble": Schema.text, "lastRecordMs": integer, "position": Schema.text, "losses": integer,
            "lostRecords": integer, "unread": integer, "trimMargin": integer, "process": Schema.text,
        ])

    static let connector = Schema.object(
        [
            "name": Schema.text, "type": Schema.text, "direction": #"{"type": "string", "enum": ["source", "sink"]}"#,
            "state": state, "heldBack": flag, "tasks": Schema.list(task),
        ],
        optional: ["trouble": Schema.text, "lag": integer, "parts": Schema.list(Schema.text)])

    static let report = Schema.object(
        [
            "complete": flag,
            "processes": Schema.list(
                Schema.object(
                    ["name": Schema.text, "isHere": flag], optional: ["address": Schema.text, "error": Schema.text])),
            "connectors": Schema.list(connector),
        ], optional: ["differences": Schema.list(Schema.text)])
}
