/// The schemas of the OpenAPI document that several endpoints share, as JSON.
enum Schema {
    static func reference(_ name: String) -> String { ##"{"$ref": "#/components/schemas/\##(name)"}"## }

    static let error = reference("Error")
    static let health = reference("Health")
    static let store = reference("Store")
    static let stores = reference("Stores")
    static let entry = reference("Entry")
    static let entries = reference("Entries")
    static let found = reference("Found")
    static let text = #"{"type": "string"}"#
    static let bytes = #"{"type": "string", "format": "binary"}"#

    /// The header of what is read from stores, and of its errors.
    static let positionHeader = JSON.object([
        (
            "Millrace-Position",
            JSON.object([
                (
                    "description",
                    JSON.quoted("The position of what was read, or that the store had reached when an error came.")
                ),
                ("schema", text),
            ])
        )
    ])

    /// The shared schemas by name.
    static let shared: [(String, String)] = [
        ("Error", object(["code": text, "message": text], optional: ["position": text])),
        ("Health", object(["state": text])),
        ("Entry", object(["key": "{}", "value": "{}"], optional: entryTimes)),
        (
            "Entries",
            object(["entries": list(entry), "position": text], optional: ["page": text])
        ),
        ("Found", object(["entries": list(nullable(entry)), "position": text])),
        ("Stores", object(["stores": list(store), "position": text])),
        (
            "Store",
            object(
                [
                    "name": text, "kind": text, "isGlobal": #"{"type": "boolean"}"#, "inputTopics": list(text),
                    "partitions": list(partition),
                ], optional: ["keyType": text, "valueType": text, "position": text])
        ),
    ]

    private static let integer = #"{"type": "integer"}"#
    private static let entryTimes = [
        "position": text, "timestampMs": integer, "validToMs": integer,
        "window": object(["startMs": integer], optional: ["endMs": integer]),
    ]
    private static let partition = object(
        ["id": integer, "location": text, "standbys": list(text)],
        optional: [
            "owner": text, "position": text, "approximateEntryCount": integer, "approximateSizeInBytes": integer,
        ])

    private static func nullable(_ schema: String) -> String { #"{"anyOf": [\#(schema), {"type": "null"}]}"# }

    static func list(_ element: String) -> String { #"{"type": "array", "items": \#(element)}"# }

    /// An object with members that it must and that it may have.
    static func object(_ required: [String: String], optional: [String: String] = [:]) -> String {
        let properties = required.merging(optional) { $1 }.sorted { $0.key < $1.key }
        return JSON.object([
            ("type", JSON.quoted("object")),
            ("required", JSON.array(required.keys.sorted().map(JSON.quoted))),
            ("properties", JSON.object(properties.map { ($0.key, $0.value) })),
        ])
    }
}
