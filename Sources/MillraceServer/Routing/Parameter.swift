/// A parameter of a route. It is checked before the route is asked, and shown in the OpenAPI document as it is checked.
struct Parameter: Sendable {
    enum Place: String, Sendable {
        case path, query, header
    }

    enum Kind: Sendable {
        case text(maxCount: Int)
        case integer(ClosedRange<Int64>)
        case number(ClosedRange<Double>)
        case flag
        case choice([String])
        /// The text of a `Position`.
        case position
        /// The token of a page.
        case pageToken
    }

    var name: String
    var place: Place
    var kind: Kind
    var summary: String
    var example: String?
    /// Whether a request must have it; those of the path always must.
    var isRequired = false

    static func path(_ name: String, _ summary: String, example: String? = nil) -> Parameter {
        Parameter(name: name, place: .path, kind: .text(maxCount: maxTextCount), summary: summary, example: example)
    }

    static func query(
        _ name: String, _ kind: Kind, _ summary: String, example: String? = nil, isRequired: Bool = false
    ) -> Parameter {
        Parameter(
            name: name, place: .query, kind: kind, summary: summary, example: example, isRequired: isRequired)
    }

    static func header(_ name: String, _ kind: Kind, _ summary: String) -> Parameter {
        Parameter(name: name, place: .header, kind: kind, summary: summary)
    }

    /// The greatest number of characters (Unicode scalars, as in JSON Schema) of a text.
    static let maxTextCount = 2_048
    /// The greatest number of characters of a position, which has a part for each partition.
    static let maxPositionCount = 49_152
    /// The greatest number of bytes of a page's token.
    static let maxTokenCount = 32_768

    private static func isOfToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Returns why a text is not a value of the parameter; `nil` if it is one.
    func problem(with text: String) -> String? {
        switch kind {
        case .text(let maxCount):
            text.unicodeScalars.count > maxCount ? "is longer than \(maxCount) characters" : nil
        case .integer(let range):
            Int64(text).map(range.contains) == true
                ? nil : "must be an integer from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range):
            Double(text).map(range.contains) == true
                ? nil : "must be a number from \(range.lowerBound) to \(range.upperBound)"
        case .flag: ["true", "false"].contains(text) ? nil : "must be true or false"
        case .position: PositionText.isValid(text) ? nil : "must be TOPIC-PARTITION@OFFSET,…"
        case .pageToken:
            text.utf8.count <= Self.maxTokenCount && text.utf8.allSatisfy(Self.isOfToken)
                ? nil : "is not what a page has named as its next"
        case .choice(let choices): choices.contains(text) ? nil : "must be one of \(choices.joined(separator: ", "))"
        }
    }
}

/// The checked values of a request's parameters.
struct Parameters: Sendable {
    private var texts: [String: String] = [:]
    /// The values of the path's parameters. They may be any bytes.
    private(set) var path: [String: [UInt8]] = [:]

    /// Checks the path's and the query's parameters of a request.
    ///
    /// - Throws: `Failure` for a parameter that the route does not have, that is given twice, that is missing, or whose
    ///   value is not allowed.
    init(_ declared: [Parameter], path: [String: [UInt8]], query: Substring, header: (String) -> String?)
        throws(Failure)
    {
        self.path = path
        for part in query.split(separator: "&", omittingEmptySubsequences: true) {
            let pieces = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.text(pieces[0], "a parameter's name")
            guard let parameter = declared.first(where: { $0.name == name && $0.place == .query }) else {
                throw .badRequest("there is no parameter \(name.prefix(100))", code: "parameter_unknown")
            }
            try take(parameter, Self.text(pieces.count > 1 ? pieces[1] : "", name))
        }
        for index in declared.indices where declared[index].place == .header {
            if let text = header(declared[index].name) { try take(declared[index], text) }
        }
        if let missing = declared.first(where: { $0.isRequired && texts[$0.name] == nil }) {
            throw .badRequest("\(missing.name) is missing", code: "parameter_missing")
        }
    }

    private mutating func take(_ parameter: Parameter, _ text: String) throws(Failure) {
        let name = parameter.name
        if texts[name] != nil { throw .badRequest("\(name) is given twice", code: "parameter_twice") }
        if let problem = parameter.problem(with: text) {
            throw .badRequest("\(name) \(problem)", code: "parameter_invalid")
        }
        texts[name] = text
    }

    private static func text(_ encoded: Substring, _ name: String) throws(Failure) -> String {
        guard let bytes = PercentCoding.decode(encoded.utf8, plusIsSpace: true),
            let text = String(validating: bytes, as: UTF8.self)
        else { throw .badRequest("\(name.prefix(100)) is no percent-encoded UTF-8", code: "parameter_invalid") }
        return text
    }

    /// The value of a query's parameter or of a header.
    subscript(name: String) -> String? { texts[name] }

    /// Whether a flag is set.
    func flag(_ name: String) -> Bool { texts[name] == "true" }

    func integer(_ name: String) -> Int64? { texts[name].flatMap { Int64($0) } }

    func number(_ name: String) -> Double? { texts[name].flatMap { Double($0) } }

    /// The value of a parameter of the path that has to be text.
    func pathText(_ name: String) throws(Failure) -> String {
        guard let text = String(validating: path[name] ?? [], as: UTF8.self) else {
            throw .badRequest("\(name) is no UTF-8", code: "parameter_invalid")
        }
        if text.unicodeScalars.count > Parameter.maxTextCount {
            throw .badRequest("\(name) is longer than \(Parameter.maxTextCount) characters", code: "parameter_invalid")
        }
        return text
    }
}
