/// The schemas of what the endpoints of indexes answer, as JSON.
enum IndexSchema {
    private static let integer = #"{"type": "integer"}"#
    private static let number = #"{"type": "number"}"#
    private static let flag = #"{"type": "boolean"}"#

    static let matches = Schema.object([
        "matches": Schema.list(
            Schema.object(["key": "{}", "value": "{}", "score": number], optional: ["timestampMs": integer])),
        "isComplete": flag, "isIndexComplete": flag, "position": Schema.text,
    ])

    static let example = Schema.object(["search": #"{"type": "object"}"#, "position": Schema.text])

    static let indexes = Schema.object([
        "indexes": Schema.list(
            Schema.object(
                [
                    "name": Schema.text, "store": Schema.text, "kind": Schema.text, "isGlobal": flag,
                    "isSearchable": flag, "partitions": Schema.list(partition), "total": figures([:]),
                    "missingPartitions": Schema.list(integer),
                ],
                optional: [
                    "dimensions": integer, "metric": Schema.text, "element": Schema.text,
                    "attributes": Schema.list(Schema.object(["name": Schema.text, "kind": Schema.text])),
                ])),
        "unreachable": Schema.list(Schema.text),
    ])

    private static let partition = figures(["id": integer, "location": Schema.text])

    private static func figures(_ others: [String: String]) -> String {
        let required = [
            "entryCount": integer, "segmentCount": integer, "deadCount": integer, "tailCount": integer,
            "sizeInBytes": integer, "isComplete": flag, "searchCount": integer, "searchSeconds": number,
        ]
        return Schema.object(
            required.merging(others) { $1 },
            optional: [
                "instance": Schema.text, "rebuiltCount": integer, "recall": number,
                "searchP99Seconds": number, "problem": Schema.text, "fileProblem": Schema.text,
            ])
    }
}
